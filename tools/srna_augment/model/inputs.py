"""The last step before a learner: its features, filled, centred, scaled, as its fold fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass
class Inputs:
    """Input preparation fitted on training samples.

    Attributes
    ----------
    features : list of str
        Features of the learner, in order.
    fill, centre, scale : numpy.ndarray
        ``(n_features,)``, float32, in the units of the normalisation: what a cell that is not
        reported becomes, and what is taken off and divided by after that.
    """

    features: list[str]
    fill: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    arrays: ClassVar[tuple[str, ...]] = ("fill", "centre", "scale")

    def prepare(
        self, values: np.ndarray, features: list[str], reported: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the learner's input.

        Parameters
        ----------
        values : numpy.ndarray
            ``(n_samples, n_given)``, normalised expression.
        features : list of str
            What the columns of `values` are.
        reported : numpy.ndarray, optional
            ``(n_samples, n_given)`` of bool; cells that are False, and features that are not
            given, get `fill`.

        Returns
        -------
        numpy.ndarray
            ``(n_samples, n_features)``, float32, without unit.
        """
        if features == self.features:
            raw = np.asarray(values, dtype=np.float32)
            there = reported
        else:
            column = {name: i for i, name in enumerate(features)}
            source = np.array([column.get(name, -1) for name in self.features])
            raw = np.asarray(values, dtype=np.float32)[:, source]
            there = np.broadcast_to(source >= 0, raw.shape)
            if reported is not None:
                there = there & reported[:, source]
        if there is not None:
            raw = np.where(there, raw, self.fill)
        return ((raw - self.centre) / self.scale).astype(np.float32)


def fit_inputs(
    values: np.ndarray,
    features: list[str],
    reported: np.ndarray | None,
    weights: np.ndarray,
    selected: np.ndarray,
) -> Inputs:
    """Fit input preparation on training samples.

    Parameters
    ----------
    values : numpy.ndarray
        ``(n_samples, n_given)``, normalised expression of the training samples.
    features : list of str
        What the columns are.
    reported : numpy.ndarray or None
        ``(n_samples, n_given)`` of bool.
    weights : numpy.ndarray
        ``(n_samples,)``: how much each sample counts in means and spreads.
    selected : numpy.ndarray
        Indices of the columns to keep.

    Returns
    -------
    Inputs
        Fill and centre are weighted means over the samples that report a feature, so that a filled
        cell says nothing; the scale is the weighted standard deviation.
    """
    raw = values[:, selected].astype(np.float64)
    there = np.ones(raw.shape) if reported is None else reported[:, selected].astype(float)
    share = there * weights[:, None]
    total = np.maximum(share.sum(axis=0), 1e-12)
    centre = (share * raw).sum(axis=0) / total
    spread = np.sqrt((share * (raw - centre) ** 2).sum(axis=0) / total)
    centre = centre.astype(np.float32)
    return Inputs(
        features=[features[i] for i in selected],
        fill=centre,
        centre=centre,
        scale=np.maximum(spread, 1e-3).astype(np.float32),
    )
