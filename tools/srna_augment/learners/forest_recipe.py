"""The forest and the baselines as recipes of `srna_augment.fitting`."""

from __future__ import annotations

import numpy as np

from ..fitting import Recipe
from ..model.forest import Forest
from .baselines import BASELINES, Baseline, fit_baseline
from .covariance import Spread
from .forest import fit_forest
from .linear_path import VIEWS, fit_linear_path


def forest_recipe(trees: int, threads: int) -> Recipe:
    """Return the recipe ``rf``: trees on the scores of the network's linear path."""

    def fit(
        x: np.ndarray, y: np.ndarray, n: int, weights: np.ndarray, spread: Spread, seed: int
    ) -> Forest:
        return fit_forest(
            x, y, n, weights, trees, seed=seed, threads=threads,
            discriminants=fit_linear_path(spread, n),
        )  # fmt: skip

    def fit_years(
        x: np.ndarray, y: np.ndarray, n: int, weights: np.ndarray, spread: Spread, seed: int
    ) -> Forest:
        return fit_forest(x, y, 1, weights, trees, seed=seed, threads=threads, regression=True)

    return Recipe("rf", fit, fit_years, views=VIEWS)


def baseline_recipes(threads: int) -> list[Recipe]:
    """Return one recipe a baseline, named as in predictions.tsv."""

    def recipe(name: str) -> Recipe:
        def fit(
            x: np.ndarray, y: np.ndarray, n: int, weights: np.ndarray, spread: Spread, seed: int
        ) -> Baseline:
            return fit_baseline(name, x, y, n, weights, seed=seed, threads=threads)

        return Recipe(name, fit, views=("plain",))

    return [recipe(name) for name in BASELINES]
