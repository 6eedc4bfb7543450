"""The network as a recipe of `srna_augment.training`: one traced graph a shape, for all folds."""

from __future__ import annotations

import numpy as np

from ..model.network import Dense, Layer, Network
from ..training import Recipe
from .linear_path import fit_linear_path
from .network import (
    NetworkSettings,
    NetworkTrainer,
    assemble,
    fit_linear_years,
    on_scale_of,
    whiten,
)

NETWORK_VIEWS = ("scaled", "ranked")


def network_recipe(settings: NetworkSettings, threads: int) -> Recipe:
    """Return the recipe ``dl``.

    Parameters
    ----------
    settings : NetworkSettings
        Of the network.
    threads : int
        Processors to use.
    """
    trainers: dict[tuple[int, int, bool], NetworkTrainer] = {}

    def hidden(
        x: np.ndarray, y: np.ndarray, n: int, weights: np.ndarray, seed: int, regression: bool
    ) -> list[list[Layer]]:
        if settings.members == 0:
            return []
        shape = (x.shape[1], n, regression)
        if shape not in trainers:
            trainers[shape] = NetworkTrainer(
                x.shape[1], n, settings, threads=threads, regression=regression
            )
        return trainers[shape].fit(x, y, weights, seed)

    def together(
        linear: Dense,
        whitening: np.ndarray,
        x: np.ndarray,
        y: np.ndarray,
        weights: np.ndarray,
        seed: int,
        regression: bool = False,
    ) -> Network:
        whitened = whiten(x, whitening)
        members = hidden(whitened, y, len(linear.bias), weights, seed, regression)
        if members and not regression:
            linear = on_scale_of(linear, x, members, whitened, np.unique(y))
        return assemble(linear, members, whitening, settings.hidden_share)

    def fit(
        x: np.ndarray, y: np.ndarray, n: int, weights: np.ndarray, units: np.ndarray, seed: int
    ) -> Network:
        linear, whitening = fit_linear_path(x, y, n, units, len(NETWORK_VIEWS))
        return together(linear, whitening, x, y, weights, seed)

    def fit_years(
        x: np.ndarray, y: np.ndarray, n: int, weights: np.ndarray, units: np.ndarray, seed: int
    ) -> Network:
        linear, whitening = fit_linear_years(x, y, weights, units, len(NETWORK_VIEWS))
        return together(linear, whitening, x, y.astype(np.float32), weights, seed, regression=True)

    return Recipe("dl", fit, fit_years, views=NETWORK_VIEWS)
