"""`augment`: fill in tissue, sex and age of samples, or say that there is no call."""

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from ..targets import TARGETS
from .common import INPUT_FILE, command
from .reading_options import METADATA_FILE, READ_PANEL, check_stdin, reading_options

if TYPE_CHECKING:
    from ..left_out_checks import Checks

OUTPUT_FILE = click.Path(dir_okay=False, path_type=Path, allow_dash=True)
MODEL_PANEL, OUTPUT_PANEL = "Model", "Output"


@command("augment")
@reading_options
@click.option(
    "--metadata",
    type=METADATA_FILE,
    panel=READ_PANEL,
    metavar="TABLE",
    help="Sample metadata (TSV or CSV); its columns come out untouched, in front.",
)
@click.option(
    "--model",
    "models",
    type=INPUT_FILE,
    multiple=True,
    panel=MODEL_PANEL,
    metavar="H5",
    help="Model to use, repeatable (one a target, or one for all). Default: the shipped model.",
)
@click.option(
    "--target",
    "targets",
    type=click.Choice(TARGETS),
    multiple=True,
    panel=MODEL_PANEL,
    help="Predict only this; repeatable. Default: all that the models know.",
)
@click.option(
    "--out-of-fold",
    type=INPUT_FILE,
    multiple=True,
    panel=MODEL_PANEL,
    metavar="PREDICTIONS",
    help="Check labels of the model's own training samples against these, which `train-dl "
    "--predictions` wrote beside it; repeatable. A model agrees with what it learnt.",
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=OUTPUT_FILE,
    panel=OUTPUT_PANEL,
    metavar="TSV",
    help="Write the annotated table here; `-` is standard output.",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    panel=OUTPUT_PANEL,
    metavar="PAGE",
    help="Write a page that explains the calls here.",
)
@click.option(
    "--cellxgene",
    type=click.Path(dir_okay=False, path_type=Path),
    panel=OUTPUT_PANEL,
    metavar="TSV",
    help="Write tissue, sex and stage as CELLxGENE has them here: labels, calls, else `unknown`.",
)
@click.option(
    "--multiqc",
    type=click.Path(file_okay=False, path_type=Path),
    panel=OUTPUT_PANEL,
    metavar="DIR",
    help="Write a MultiQC section into this folder.",
)
def main(
    inputs: tuple[str, ...],
    format: str,
    orientation: str,
    units: str,
    metadata: Path | None,
    models: tuple[Path, ...],
    targets: tuple[str, ...],
    out_of_fold: tuple[Path, ...],
    output: Path,
    html: Path | None,
    cellxgene: Path | None,
    multiqc: Path | None,
    seed: int,
    threads: int,
) -> None:
    """Fill in tissue, sex and age of small-RNA samples from their expression.

    INPUT is one or more raw tables as their tools wrote them, of any level and unit; `-` is
    standard input. Each call comes with its probability; where the evidence is too weak, or the
    sample is unlike all that the model knows, the call is withheld and the table says so.

    Example: `augment mirna.tsv --metadata samples.tsv --output annotated.tsv --html calls.html`
    """
    from ..files import atomic_output, check_distinct, check_output_folder, make_folder

    check_stdin(inputs, metadata)
    read: list[str | Path] = [*inputs, *models, *out_of_fold, *([metadata] if metadata else [])]
    check_distinct((output, html, cellxgene), read)
    for path in (output, html, cellxgene):
        if path is not None:
            check_output_folder(path)
    if multiqc is not None:
        make_folder(multiqc)
    from ..annotate import annotate
    from ..choosing import choose_models, shipped_models
    from ..page import MAXIMUM_CARDS

    chosen = choose_models(list(models) or shipped_models(), list(targets))
    left_out: Checks = {}
    if out_of_fold:
        from ..left_out_checks import read_left_out

        left_out = read_left_out(list(out_of_fold), chosen)
    annotation = annotate(
        list(inputs),
        metadata,
        chosen,
        format=format,
        orientation=orientation,
        units=units,
        places=multiqc is not None,
        explained=MAXIMUM_CARDS if html is not None else 0,
        left_out=left_out,
    )
    if html is not None:
        from ..page import render_page

        page = render_page(
            annotation.table,
            targets=annotation.targets,
            label_columns=annotation.label_columns,
            model_cards=annotation.cards,
            input_summary=annotation.recognised,
            why=annotation.why,
            left_out=annotation.left_out,
        )
        with atomic_output(html) as temporary:
            temporary.write_text(page, encoding="utf-8")
    if cellxgene is not None:
        from ..cellxgene import cellxgene_table

        fields = cellxgene_table(annotation.table, annotation.targets)
        with atomic_output(cellxgene) as temporary:
            fields.to_csv(temporary, sep="\t", index=False, lineterminator="\n")
    if multiqc is not None:
        from ..multiqc_calls import write_multiqc

        write_multiqc(annotation, multiqc)
    with atomic_output(output) as temporary:
        annotation.table.to_csv(temporary, sep="\t", index=False, lineterminator="\n")
