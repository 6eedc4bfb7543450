"""`evaluate`: figures, tables and plots from out-of-fold predictions."""

import json
from pathlib import Path

import rich_click as click

from ..errors import UsageError
from .common import command

OUTPUT_PANEL = "Output"
FIGURES_PANEL = "Figures"


@command("evaluate")
@click.argument("predictions", nargs=-1, required=True, metavar="PREDICTIONS.tsv...")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="METRICS.json",
    panel=OUTPUT_PANEL,
    help="Every figure, as JSON; `-` for standard output.",
)
@click.option(
    "--table",
    metavar="TABLE.tsv",
    panel=OUTPUT_PANEL,
    help="A short table for people; `-` for standard output.",
)
@click.option(
    "--plots",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    panel=OUTPUT_PANEL,
    help="Folder for plots, each as SVG and PNG.",
)
@click.option(
    "--multiqc",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    panel=OUTPUT_PANEL,
    help="Folder for sections of a MultiQC report.",
)
@click.option(
    "--reading",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="JSON",
    panel=FIGURES_PANEL,
    help="What normalise --report wrote: adds reads and reported features to each study.",
)
@click.option(
    "--bootstrap",
    type=click.IntRange(0, 100_000),
    default=1000,
    metavar="N",
    panel=FIGURES_PANEL,
    help="Resamples of studies behind the intervals; 0 for none.",
)
@click.option(
    "--level",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    metavar="SHARE",
    panel=FIGURES_PANEL,
    help="Level of the intervals.",
)
@click.option(
    "--precision",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.95,
    metavar="SHARE",
    panel=FIGURES_PANEL,
    help="Report the share of samples that can be called at this precision.",
)
@click.option(
    "--bins",
    type=click.IntRange(2, 1000),
    default=15,
    metavar="N",
    panel=FIGURES_PANEL,
    help="Bins of equal width for the calibration error.",
)
@click.option(
    "--top",
    type=click.IntRange(1),
    default=3,
    metavar="K",
    panel=FIGURES_PANEL,
    help="Also count the truth as found among the K most probable classes.",
)
@click.option(
    "--reference",
    default="dl",
    metavar="MODEL",
    panel=FIGURES_PANEL,
    help="Compare every other learner with this one, on the same samples.",
)
def main(
    predictions: tuple[str, ...],
    output: str,
    table: str | None,
    plots: Path | None,
    multiqc: Path | None,
    reading: Path | None,
    bootstrap: int,
    level: float,
    precision: float,
    bins: int,
    top: int,
    reference: str,
    seed: int,
    threads: int,
) -> None:
    """Tell how good predictions are, and which learner wins.

    Takes any number of predictions.tsv that **train-dl** and **train-rf** wrote, and puts them
    together. In figures that end in *by_study* each study counts once, whatever its size: they
    say what to expect of the next laboratory. Intervals come from resampling whole studies.

    Example: `evaluate results/*.predictions.tsv --output metrics.json --table - --plots plots`
    """
    from .. import __version__
    from ..files import atomic_output, check_distinct, check_output_folder, make_folder
    from ..metrics.reading import read_predictions
    from ..metrics.report import build_report
    from ..metrics.settings import Settings
    from ..metrics.table import table_rows

    if output == table == "-":
        raise UsageError("--output and --table cannot both be '-': write one of them to a file")
    if predictions.count("-") > 1:
        raise UsageError("standard input ('-') can be read once only: name it once")
    check_distinct((output, table), [*predictions, *([reading] if reading else [])])
    for path in (output, table):
        if path is not None:
            check_output_folder(path)
    for folder in (plots, multiqc):
        if folder is not None:
            make_folder(folder)

    settings = Settings(
        resamples=bootstrap,
        level=level,
        precision=precision,
        bins=bins,
        top=top,
        reference=reference,
        seed=seed,
    )
    found = read_predictions(predictions)
    read = None
    if reading is not None:
        from ..reading_summary import load

        read = load(reading)
    report = build_report(found, settings, version=__version__, reading=read)
    if plots is not None:
        from ..metrics.plots import write_plots

        write_plots(report, plots)
    if multiqc is not None:
        from ..metrics.multiqc import write_sections

        write_sections(report, multiqc)
    if table is not None:
        with atomic_output(table) as temporary, temporary.open("w", encoding="utf-8") as handle:
            handle.writelines("\t".join(row) + "\n" for row in table_rows(report, settings))
    text = json.dumps(report, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    with atomic_output(output) as temporary:  # names of files need not be text
        temporary.write_text(text, encoding="utf-8", errors="replace")
