"""Samples unlike everything that a model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

# The share of left-out training samples that may be taken for novel.
FALSE_ALARM = 0.01


@dataclass
class Novelty:
    """Distance to the nearest class profile, one minus the correlation.

    Attributes
    ----------
    profiles : numpy.ndarray
        ``(n_classes, n_features)``, mean normalised expression of each class.
    threshold : numpy.ndarray
        ``(1,)``: a sample farther than this from every profile is out of distribution.
    """

    profiles: np.ndarray
    threshold: np.ndarray
    arrays: ClassVar[tuple[str, ...]] = ("profiles", "threshold")

    def score(self, values: np.ndarray) -> np.ndarray:
        """Return the distance ``(n_samples,)`` of expression ``(n_samples, n_features)``."""
        return 1 - correlations(values, self.profiles).max(axis=1)

    def is_novel(self, values: np.ndarray) -> np.ndarray:
        """Tell which samples, ``(n_samples,)`` of bool, are out of distribution."""
        return self.score(values) > self.threshold[0]


def correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return Pearson correlations ``(n, m)`` between rows of `a` ``(n, k)`` and `b` ``(m, k)``."""
    return _standard(a) @ _standard(b).T


def _standard(rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=1, keepdims=True)
    return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)


def fit_novelty(
    values: np.ndarray, classes: np.ndarray, n_classes: int, units: np.ndarray, weights: np.ndarray
) -> Novelty:
    """Fit class profiles, and the threshold on samples scored without their own unit.

    Parameters
    ----------
    values : numpy.ndarray
        ``(n_samples, n_features)``, normalised expression of the training samples.
    classes : numpy.ndarray
        ``(n_samples,)`` of int.
    n_classes : int
        How many.
    units : numpy.ndarray
        ``(n_samples,)``, study or site of each sample.
    weights : numpy.ndarray
        ``(n_samples,)``.
    """
    member = np.zeros((len(values), n_classes), dtype=np.float64)
    member[np.arange(len(values)), classes] = weights
    total, sums = member.sum(axis=0), member.T @ values
    profiles = (sums / total[:, None]).astype(np.float32)
    nearest = np.empty(len(values))
    for unit in np.unique(units.astype(str)):
        rows = units.astype(str) == unit
        left = total - member[rows].sum(axis=0)
        kept = left > 1e-9 * total
        if not kept.any():
            nearest[rows] = correlations(values[rows], profiles).max(axis=1)
            continue
        others = (sums[kept] - member[rows][:, kept].T @ values[rows]) / left[kept][:, None]
        nearest[rows] = correlations(values[rows], others).max(axis=1)
    distance = 1 - nearest
    order = np.argsort(distance)
    below = np.cumsum(weights[order]) / weights.sum()
    at = min(int(np.searchsorted(below, 1 - FALSE_ALARM)), len(order) - 1)
    return Novelty(profiles, np.array([distance[order][at]], dtype=np.float32))
