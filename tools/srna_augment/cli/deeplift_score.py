"""`deeplift-score`: which sRNAs decide, for each sample and each class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from .common import INPUT_FILE, command

if TYPE_CHECKING:
    from ..attribution.explain import Settings
    from ..model.target import TargetModel

DATA_PANEL, METHOD_PANEL, OUTPUT_PANEL = "What to explain", "How", "Output"
FOLDER = click.Path(file_okay=False, path_type=Path)


@command("deeplift-score")
@click.argument("model", type=INPUT_FILE, metavar="MODEL.h5")
@click.argument("expression", type=INPUT_FILE, metavar="EXPRESSION.h5ad")
@click.option(
    "--target",
    "wanted",
    multiple=True,
    metavar="TARGET",
    panel=DATA_PANEL,
    show_default="all",
    help="Target of the model to explain; repeatable. `age_years` are the years beside `age`.",
)
@click.option(
    "--target-class",
    default="predicted",
    metavar="CLASS",
    panel=DATA_PANEL,
    help="Whose logit: of each sample the `predicted` or the `true` class (by the metadata column "
    "that the model was trained on), `all` classes, or the name of one.",
)
@click.option(
    "--reference",
    "references",
    multiple=True,
    default=["mean"],
    metavar="REF",
    panel=DATA_PANEL,
    help="What contributions are measured from: `mean` of the training samples (studies equal), "
    "`class:NAME`, or a file (.h5ad of normalise, or a table of feature and value). Repeatable: "
    "contributions are averaged.",
)
@click.option(
    "--group",
    metavar="COLUMN",
    panel=DATA_PANEL,
    show_default="study, dataset, ...",
    help="Metadata column of the study; each study counts once in the means of a class.",
)
@click.option(
    "--rule",
    type=click.Choice(["rescale", "revealcancel"]),
    default="rescale",
    panel=METHOD_PANEL,
    help="DeepLIFT's rule for non-linear units.",
)
@click.option(
    "--engine",
    type=click.Choice(["native", "deeplift"]),
    default="native",
    panel=METHOD_PANEL,
    help="`native` needs NumPy alone; `deeplift` is the authors' package on TensorFlow.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0, min_open=True),
    default=1e-4,
    panel=METHOD_PANEL,
    help="How far contributions may miss the difference of logits, as a share of the largest.",
)
@click.option(
    "--strict",
    is_flag=True,
    panel=METHOD_PANEL,
    help="Exit with 3, and write nothing, when they miss it by more.",
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="SCORES.h5",
    panel=OUTPUT_PANEL,
    help="Contributions of all samples (HDF5).",
)
@click.option(
    "--tables",
    type=FOLDER,
    metavar="DIR",
    panel=OUTPUT_PANEL,
    help="Folder for tables: ranked sRNAs of each class and each sample, and their stability.",
)
@click.option(
    "--plots",
    type=FOLDER,
    metavar="DIR",
    panel=OUTPUT_PANEL,
    help="Folder for plots, each as SVG and PNG.",
)
@click.option(
    "--multiqc",
    type=FOLDER,
    metavar="DIR",
    panel=OUTPUT_PANEL,
    help="Folder for sections of a MultiQC report.",
)
@click.option(
    "--top",
    type=click.IntRange(0),
    default=20,
    metavar="N",
    panel=OUTPUT_PANEL,
    help="Rows of each class and of each sample in tables; 0 for all.",
)
@click.option(
    "--sample",
    "samples",
    multiple=True,
    metavar="ID",
    panel=OUTPUT_PANEL,
    show_default="one a class",
    help="Sample to draw; repeatable.",
)
@click.option(
    "--compare",
    type=INPUT_FILE,
    multiple=True,
    metavar="MODEL.h5",
    panel=OUTPUT_PANEL,
    show_default="members of the ensemble",
    help="Model trained with another seed or fold, for the table of stability; repeatable.",
)
def main(
    model: Path, expression: Path, wanted: tuple[str, ...], output: Path,
    compare: tuple[Path, ...], seed: int, **options: Any,
) -> None:  # fmt: skip
    """Tell which sRNAs decide, by DeepLIFT contributions to the logits of a network.

    MODEL.h5 is the output of **train-dl** (for one of **train-rf**, TreeSHAP is used), and
    EXPRESSION.h5ad that of **normalise**. The sum of a sample's contributions is the difference
    between its logit and that of the reference; this is checked for every sample.

    Example: `deeplift-score tissue.h5 expression.h5ad --output scores.h5 --tables why --plots why`
    """
    from .. import __version__
    from ..attribution.explain import Settings, explain
    from ..attribution.score_file import FORMAT, FORMAT_VERSION
    from ..expression import read_expression
    from ..files import (
        atomic_output,
        check_distinct,
        check_output_folder,
        create_hdf5,
        make_folder,
        sha256,
        staged,
    )
    from ..log import get_logger
    from ..model.file import load_models

    check_distinct([output], [model, expression, *compare, *options["references"]])
    check_output_folder(output)
    settings = Settings(**options)
    _refuse_idle(settings, compare)
    models = _chosen(load_models(model), model, wanted, settings.target_class)
    others = {
        each.target: [_same_target(path, each.target) for path in compare if each is by]
        for each, by in models
    }
    table = read_expression(expression)
    for folder in (settings.tables, settings.plots, settings.multiqc):
        if folder is not None:
            make_folder(folder)
    with (
        # tables and plots of one target wait for all targets to be right
        staged(settings.tables) as tables,
        staged(settings.plots) as plots,
        staged(settings.multiqc) as multiqc,
        atomic_output(output, binary=True) as temporary,
        create_hdf5(temporary) as file,
    ):
        settings = replace(settings, tables=tables, plots=plots, multiqc=multiqc)
        file.attrs["format"] = FORMAT
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["suite_version"] = __version__
        file.attrs["model_sha256"] = sha256(model)
        file.attrs["expression_sha256"] = sha256(expression)
        for each, by in models:
            place = file.create_group(f"targets/{each.target}")
            explain(each, table, place, settings, others[each.target], by)
    get_logger().info("contributions are in %s", output)


def _refuse_idle(settings: Settings, compare: tuple[Path, ...]) -> None:
    """Refuse options whose answer would go nowhere."""
    from ..errors import UsageError

    if compare and settings.tables is None:
        raise UsageError("--compare is for the table of stability: add --tables, or leave it out")
    if settings.samples and settings.plots is None and settings.multiqc is None:
        raise UsageError("--sample is for pictures: add --plots or --multiqc, or leave it out")


def _chosen(
    models: list[TargetModel], path: Path, wanted: tuple[str, ...], target_class: str
) -> list[tuple[TargetModel, TargetModel]]:
    """Choose the targets to explain: those named, else all that know the class asked for.

    Each comes with the model by whose classes its samples are summed up: itself, but for years.
    """
    from ..attribution.explain import WORDS
    from ..attribution.years import years_target
    from ..errors import UsageError

    there = {}
    for each in models:
        there[each.target] = (each, each)
        years = years_target(each)
        if years is not None:
            there[years.target] = (years, each)
    for name in wanted:
        if name not in there:
            raise UsageError(
                f"--target {name}: {path} has none of that name: it has {', '.join(there)}"
            )
    chosen = [there[name] for name in dict.fromkeys(wanted)] if wanted else list(there.values())
    if target_class in WORDS:
        return chosen
    knowing = [pair for pair in chosen if target_class in pair[0].classes]
    if not knowing:
        classes = ", ".join(name for each, _ in chosen for name in each.classes)
        raise UsageError(
            f"--target-class {target_class}: no such class: use predicted, true, all, or one of "
            f"{classes}"
        )
    return knowing


def _same_target(path: Path, target: str) -> TargetModel:
    from ..errors import UsageError
    from ..model.file import load_models

    for each in load_models(path):
        if each.target == target:
            return each
    raise UsageError(f"--compare {path}: it has no model for {target}: give one of the same target")
