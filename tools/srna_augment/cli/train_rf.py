"""`train-rf`: train the forest of one target, and the baselines beside it."""

from typing import Any

import rich_click as click

from .common import command
from .training_options import run_training, training_options

FOREST_PANEL = "Forest"


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
    help="Add out-of-fold predictions of majority, logistic and boosted on the same folds.",
)
def main(trees: int, baselines: bool, seed: int, threads: int, **options: Any) -> None:
    """Train a random forest on normalised expression, and predict what each fold left out.

    EXPRESSION is the output of `normalise`, with labels in its metadata.

    Example: `train-rf expression.h5ad --target tissue --scheme random --scheme group --baselines
    --output tissue.h5 --predictions tissue.tsv`
    """
    from ..learners.forest import ForestSettings
    from ..learners.forest_recipe import baseline_recipes, forest_recipe

    settings = ForestSettings(trees=trees)
    recipes = [forest_recipe(settings, threads)]
    if baselines:
        recipes += baseline_recipes(threads)
    run_training(recipes, seed=seed, settings={"learner": "forest", **vars(settings)}, **options)
