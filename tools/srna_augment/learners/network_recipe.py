"""The network as a recipe of `srna_augment.fitting`: one traced graph a shape, for all folds."""

from __future__ import annotations

import numpy as np

from ..fitting import Recipe
from ..model.network import Dense, Layer, Network
from .covariance import Spread
from .linear_path import VIEWS, fit_linear_path, fit_whitening
from .network import (
    LABORATORY_NOISE,
    NetworkSettings,
    NetworkTrainer,
    assemble,
    fit_linear_years,
    fit_reduction,
    on_scale_of,
)


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

    def trained(
        x: np.ndarray,
        y: np.ndarray,
        n: int,
        weights: np.ndarray,
        seed: int,
        noise: float,
        regression: bool,
    ) -> list[list[Layer]]:
        shape = (x.shape[1], n, regression)
        if shape not in trainers:
            trainers[shape] = NetworkTrainer(
                x.shape[1], n, settings, threads=threads, regression=regression
            )
        return trainers[shape].fit(x, y, weights, seed, noise)

    def together(
        linear: Dense,
        spread: Spread,
        whitening: np.ndarray,
        x: np.ndarray,
        y: np.ndarray,
        weights: np.ndarray,
        seed: int,
        regression: bool = False,
    ) -> Network:
        reduction, reduced = fit_reduction(x, whitening, settings.components)
        noise = settings.input_noise
        if noise is None:
            noise = LABORATORY_NOISE if spread.studies_differ else 0.0
        members = trained(reduced, y, len(linear.bias), weights, seed, noise, regression)
        if not regression:
            linear = on_scale_of(linear, x, members, reduced, np.unique(y))
        return assemble(linear, members, reduction, settings.hidden_share)

    def fit(
        x: np.ndarray, y: np.ndarray, n: int, weights: np.ndarray, spread: Spread, seed: int
    ) -> Network:
        linear = fit_linear_path(spread, n)
        if settings.members == 0:
            return alone(linear)
        return together(linear, spread, fit_whitening(spread), x, y, weights, seed)

    def fit_years(
        x: np.ndarray, y: np.ndarray, n: int, weights: np.ndarray, spread: Spread, seed: int
    ) -> Network:
        whitening = fit_whitening(spread)
        linear = fit_linear_years(x, y, weights, whitening)
        if settings.members == 0:
            return alone(linear)
        years = y.astype(np.float32)
        return together(linear, spread, whitening, x, years, weights, seed, regression=True)

    return Recipe("dl", fit, fit_years, views=VIEWS, subclasses=True)


def alone(linear: Dense) -> Network:
    """Return a network that is its linear path."""
    return Network([[linear]], np.ones(1))
