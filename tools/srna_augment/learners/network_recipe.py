"""The network as a recipe of `srna_augment.training`: one traced graph a shape, for all folds."""

from __future__ import annotations

import numpy as np

from ..model.network import Network
from ..training import Recipe
from .network import NetworkSettings, NetworkTrainer


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

    def trainer(n_inputs: int, n_outputs: int, regression: bool) -> NetworkTrainer:
        shape = (n_inputs, n_outputs, regression)
        if shape not in trainers:
            trainers[shape] = NetworkTrainer(
                n_inputs, n_outputs, settings, threads=threads, regression=regression
            )
        return trainers[shape]

    def fit(
        x: np.ndarray, y: np.ndarray, n: int, weights: np.ndarray, units: np.ndarray, seed: int
    ) -> Network:
        return trainer(x.shape[1], n, False).fit(x, y, weights, seed)

    def fit_years(
        x: np.ndarray, y: np.ndarray, n: int, weights: np.ndarray, units: np.ndarray, seed: int
    ) -> Network:
        return trainer(x.shape[1], 1, True).fit(x, y.astype(np.float32), weights, seed)

    return Recipe("dl", fit, fit_years)
