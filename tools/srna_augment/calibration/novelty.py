"""Samples unlike everything that a model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

# The share of left-out training samples that may be taken for novel, studies equal.
FALSE_ALARM = 0.02


@dataclass
class Novelty:
    """Distance to the nearest class, in prepared inputs.

    Attributes
    ----------
    profiles : numpy.ndarray
        ``(n_classes, n_inputs)``, the mean of each class.
    threshold : numpy.ndarray
        ``(1,)``: a sample farther than this from every class is out of distribution.
    """

    profiles: np.ndarray
    threshold: np.ndarray
    arrays: ClassVar[tuple[str, ...]] = ("profiles", "threshold")

    def distance(self, x: np.ndarray) -> np.ndarray:
        """Return the distance ``(n_samples,)`` of prepared inputs to the nearest class."""
        return nearest_distance(x, self.profiles)

    def is_novel(self, distance: np.ndarray) -> np.ndarray:
        """Tell which samples, ``(n_samples,)`` of bool, are out of distribution."""
        return distance > self.threshold[0]


def nearest_distance(x: np.ndarray, profiles: np.ndarray) -> np.ndarray:
    """Return the root mean square difference to the nearest profile.

    Parameters
    ----------
    x : numpy.ndarray
        ``(n_samples, n_inputs)``.
    profiles : numpy.ndarray
        ``(n_classes, n_inputs)``.
    """
    square = (x**2).sum(axis=1)[:, None] - 2 * x @ profiles.T + (profiles**2).sum(axis=1)
    return np.sqrt(np.maximum(square.min(axis=1) / x.shape[1], 1e-12)).astype(np.float64)


def class_profiles(
    x: np.ndarray, classes: np.ndarray, n_classes: int, weights: np.ndarray
) -> np.ndarray:
    """Return the weighted mean of each class, ``(n_classes, n_inputs)`` float32.

    A class without samples gets the mean of all.
    """
    member = np.zeros((len(x), n_classes))
    member[np.arange(len(x)), classes] = weights
    total = member.sum(axis=0)
    empty = total == 0
    member[:, empty] = weights[:, None]
    return ((member / member.sum(axis=0)).T @ x).astype(np.float32)


def novelty_threshold(distance: np.ndarray, weights: np.ndarray) -> float:
    """Return the distance that all but `FALSE_ALARM` of the left-out samples stay below.

    Parameters
    ----------
    distance : numpy.ndarray
        ``(n_samples,)``, out of fold.
    weights : numpy.ndarray
        ``(n_samples,)``: studies equal, for instance.
    """
    order = np.argsort(distance)
    below = np.cumsum(weights[order]) / weights.sum()
    return float(distance[order][min(int(np.searchsorted(below, 1 - FALSE_ALARM)), len(order) - 1)])
