"""`normalise`: raw tables to expression.h5ad, with what was fitted."""

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click
from click import get_current_context
from click.core import ParameterSource

from ..errors import UsageError
from .common import INPUT_FILE, command
from .reading_options import METADATA_FILE, READ_PANEL, check_stdin, reading_options

if TYPE_CHECKING:
    from ..normalisation import State

OUTPUT_FILE = click.Path(dir_okay=False, path_type=Path)
METHOD_PANEL, OUTPUT_PANEL = "Normalisation", "Output"


@command("normalise")
@reading_options
@click.option(
    "--metadata",
    type=METADATA_FILE,
    panel=READ_PANEL,
    metavar="TABLE",
    help="Sample metadata (TSV or CSV), copied into the output unchanged.",
)
@click.option(
    "--state",
    type=INPUT_FILE,
    panel=METHOD_PANEL,
    metavar="JSON",
    help="Apply what another run fitted (its --save-state) and fit nothing.",
)
@click.option(
    "--method",
    panel=METHOD_PANEL,
    default="log2rpm",
    type=click.Choice(["log2rpm", "clr", "quantile", "tmm", "median-of-ratios"]),
    help="How samples are made comparable.",
)
@click.option(
    "--level",
    panel=METHOD_PANEL,
    default="stem",
    type=click.Choice(["stem", "mature", "precursor"]),
    help="Feature level; 'stem' sums arms and copies, so that tables of all levels meet.",
)
@click.option(
    "--min-reported",
    type=click.FloatRange(0, 1),
    default=0.95,
    panel=METHOD_PANEL,
    help="Drop features that a smaller share of samples reports: filling them would tell "
    "cohorts apart.",
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=OUTPUT_FILE,
    panel=OUTPUT_PANEL,
    metavar="H5AD",
    help="Write normalised expression here (AnnData).",
)
@click.option(
    "--save-state",
    type=OUTPUT_FILE,
    panel=OUTPUT_PANEL,
    metavar="JSON",
    help="Write what was fitted here, for --state of another run.",
)
@click.option(
    "--report",
    type=OUTPUT_FILE,
    panel=OUTPUT_PANEL,
    metavar="JSON",
    help="Write what was read here: each input, and depth and features of each sample.",
)
@click.option(
    "--multiqc",
    type=click.Path(file_okay=False, path_type=Path),
    panel=OUTPUT_PANEL,
    metavar="DIR",
    help="Folder for sections of a MultiQC report.",
)
def main(
    inputs: tuple[str, ...],
    format: str,
    orientation: str,
    units: str,
    metadata: Path | None,
    state: Path | None,
    method: str,
    level: str,
    min_reported: float,
    output: Path,
    save_state: Path | None,
    report: Path | None,
    multiqc: Path | None,
    seed: int,
    threads: int,
) -> None:
    """Read raw expression tables and make their samples comparable.

    INPUT is one or more tables as their tools wrote them (nf-core/smrnaseq, miRDeep2, miRge3,
    exceRpt, sRNAbench, TSV, CSV, AnnData, Parquet; plain or gzipped; `-` is standard input).

    Example: `normalise mirna.tsv --metadata samples.tsv --output expression.h5ad`
    """
    from ..files import check_distinct, check_output_folder, make_folder
    from ..normalisation import State
    from ..normalise import normalise

    if state is not None and save_state is not None:
        raise UsageError("--state and --save-state: apply a state or save a new one, not both")
    check_stdin(inputs, metadata)
    read: list[str | Path] = [*inputs, *(path for path in (metadata, state) if path is not None)]
    check_distinct((output, save_state, report), read)
    for path in (output, save_state, report):
        if path is not None:
            check_output_folder(path)
    if multiqc is not None:
        make_folder(multiqc)
    from .. import __version__
    from ..expression import write_expression

    given = State.load(state) if state else None
    if given is not None:
        _check_against_state(given)
    expression, fitted = normalise(
        list(inputs),
        metadata,
        given,
        method=method,
        level=level,
        minimum_reported=min_reported,
        format=format,
        orientation=orientation,
        units=units,
    )
    write_expression(expression, output, version=__version__)
    if save_state is not None:
        fitted.save(save_state)
    if report is not None and expression.reading is not None:
        from ..reading_summary import save

        save(expression.reading, report)
    if multiqc is not None:
        from ..multiqc_reading import write_multiqc

        write_multiqc(expression, multiqc)


def _check_against_state(state: "State") -> None:
    """Refuse options of fitting that say something else than the state that is to be applied."""
    context = get_current_context()
    for option, kept in (("method", state.method), ("level", state.level), ("min_reported", None)):
        named = context.get_parameter_source(option) is ParameterSource.COMMANDLINE
        if named and context.params[option] != kept:
            fitted = f"was fitted with '{kept}'" if kept else "fits nothing, so drops nothing"
            raise UsageError(
                f"--{option.replace('_', '-')} {context.params[option]}: --state {fitted}: leave "
                f"one of them out"
            )
