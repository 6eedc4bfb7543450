"""`train-rf`: train the forest of one target, and the baselines beside it."""

from pathlib import Path
from typing import Any

import rich_click as click

from .common import INPUT_FILE, command
from .importance_options import ImportanceWanted
from .training_options import OUTPUT_FILE, TrainingWanted, training_options
from .training_run import run_training

FOREST_PANEL, WHY_PANEL = "Forest", "Why"


@command("train-rf")
@training_options
@click.option(
    "--trees",
    type=click.IntRange(1),
    default=300,
    panel=FOREST_PANEL,
    help="Trees to grow.",
)
@click.option(
    "--baselines",
    is_flag=True,
    panel=FOREST_PANEL,
    help="Add out-of-fold predictions of majority, logistic, boosted and plain_forest on the same "
    "folds.",
)
@click.option(
    "--importance",
    type=OUTPUT_FILE,
    metavar="TSV",
    panel=WHY_PANEL,
    help="Write the sRNAs that the forest looks at for each class: votes for the true class that "
    "are lost when one is shuffled among the samples that a fold left out. Of several schemes, "
    "group goes before site before random.",
)
@click.option(
    "--save-importance",
    type=OUTPUT_FILE,
    metavar="H5",
    panel=WHY_PANEL,
    help="Write what each sample left out loses, to gather folds that were run with --fold.",
)
@click.option(
    "--importance-from",
    type=INPUT_FILE,
    multiple=True,
    metavar="H5",
    panel=WHY_PANEL,
    help="What --save-importance of all folds of a scheme wrote: --importance and --multiqc are "
    "then of these, the same as if they had been run together.",
)
@click.option(
    "--multiqc",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    panel=WHY_PANEL,
    help="Folder for the same as a section of a MultiQC report.",
)
@click.option(
    "--top",
    type=click.IntRange(0),
    default=20,
    metavar="N",
    panel=WHY_PANEL,
    help="Rows of each class in --importance; 0 for all.",
)
def main(
    trees: int, baselines: bool, importance: Path | None, save_importance: Path | None,
    importance_from: tuple[Path, ...], multiqc: Path | None, top: int, seed: int, threads: int,
    **options: Any,
) -> None:  # fmt: skip
    """Train a random forest on normalised expression, and predict what each fold left out.

    Its trees test scores of the classes, the discriminants that `train-dl` has as its linear path,
    which know what laboratories differ in.

    EXPRESSION is the output of `normalise`, with labels in its metadata.

    Example: `train-rf expression.h5ad --target tissue --scheme random --scheme group --baselines
    --output tissue.h5 --predictions tissue.tsv`
    """
    from ..files import check_output_folder, make_folder
    from ..learners.forest_recipe import baseline_recipes, forest_recipe

    for path in (importance, save_importance):
        if path is not None:
            check_output_folder(path)
    if multiqc is not None:
        make_folder(multiqc)
    recipes = [forest_recipe(trees, threads)]
    if baselines:
        recipes += baseline_recipes(threads)
    run_training(
        recipes,
        TrainingWanted(seed=seed, **options),
        {"learner": "forest", "trees": trees},
        ImportanceWanted(importance, multiqc, top, save_importance, importance_from),
    )
