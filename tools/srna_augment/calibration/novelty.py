"""How far a sample lies from every class that a model was trained on, and how far is too far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..learners.covariance import fit_covariance, voted_mean

# The share of left-out training samples that may be taken for novel, studies equal.
FALSE_ALARM = 0.02
# A threshold that no distance reaches.
NEVER_NOVEL = 1e9
# Directions whose variance is kept apart; in all others samples scatter alike, as the covariance is
# shrunk to its mean.
DIRECTIONS = 64


@dataclass
class Novelty:
    """Mahalanobis distance to the nearest class, and to what is known to be none of them.

    The metric is the covariance within and between studies (see `srna_augment.learners.covariance`)
    in each view, so that what differs between laboratories anyway makes no sample strange.

    Attributes
    ----------
    profiles : numpy.ndarray
        ``(n_profiles, n_inputs)``, the mean of each class that had sound samples, every study one
        vote.
    strangers : numpy.ndarray
        ``(n_strangers, n_inputs)``: profiles of what is none of the classes, such as cultured
        cells. May be empty.
    directions : numpy.ndarray
        ``(n_views, n_directions, n_features)``: where the classes scatter most, of unit length.
    variances : numpy.ndarray
        ``(n_views, n_directions)``, along those.
    level : numpy.ndarray
        ``(n_views,)``: the variance along all others.
    threshold : numpy.ndarray
        ``(1,)``: a sample farther than this from every class is out of distribution.
    """

    profiles: np.ndarray
    strangers: np.ndarray
    directions: np.ndarray
    variances: np.ndarray
    level: np.ndarray
    threshold: np.ndarray
    arrays: ClassVar[tuple[str, ...]] = (
        "profiles",
        "strangers",
        "directions",
        "variances",
        "level",
        "threshold",
    )

    def distance(self, x: np.ndarray) -> np.ndarray:
        """Return the squared distance a feature to the nearest class.

        Parameters
        ----------
        x : numpy.ndarray
            ``(n_samples, n_inputs)``, prepared inputs.

        Returns
        -------
        numpy.ndarray
            ``(n_samples,)``, mean of the views; about 1 where the covariance describes it well.
        """
        return self._nearest(x, self.profiles)

    def _nearest(self, x: np.ndarray, profiles: np.ndarray) -> np.ndarray:
        n_views, _, width = self.directions.shape
        total = np.zeros((len(x), len(profiles)))
        for i in range(n_views):
            columns = slice(i * width, (i + 1) * width)
            view, own = x[:, columns], profiles[:, columns]
            # 1 / variance along the kept directions and 1 / level elsewhere, in one difference
            excess = np.sqrt(np.maximum(1 / self.level[i] - 1 / self.variances[i], 0))[:, None]
            along = self.directions[i] * excess
            square = _squares(view, own) / self.level[i]
            total += square - _squares(view @ along.T, own @ along.T)
        return np.maximum(total.min(axis=1) / (n_views * width), 1e-6)

    def is_novel(self, x: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """Tell which samples, ``(n_samples,)`` of bool, are out of distribution.

        They are far from every class, or nearer to a stranger than to any.

        Parameters
        ----------
        x : numpy.ndarray
            ``(n_samples, n_inputs)``, prepared inputs.
        distance : numpy.ndarray
            ``(n_samples,)``, what `distance` gives for them.
        """
        far = distance > self.threshold[0]
        return far | (self._nearest(x, self.strangers) < distance) if len(self.strangers) else far


def _squares(x: np.ndarray, profiles: np.ndarray) -> np.ndarray:
    """Return squared Euclidean distances, ``(n_samples, n_profiles)``, in float64."""
    x, profiles = x.astype(np.float64), profiles.astype(np.float64)
    return (x**2).sum(axis=1)[:, None] - 2 * x @ profiles.T + (profiles**2).sum(axis=1)


def fit_novelty(
    x: np.ndarray,
    y: np.ndarray,
    units: np.ndarray,
    n_views: int,
    strangers: tuple[np.ndarray, np.ndarray] | None = None,
) -> Novelty:
    """Fit the metric; without a threshold, nothing is novel yet.

    Parameters
    ----------
    x : numpy.ndarray
        ``(n_samples, n_inputs)``, prepared inputs of the training samples, views side by side.
    y : numpy.ndarray
        ``(n_samples,)`` of int; the profiles are those of the classes in it, in order.
    units : numpy.ndarray
        ``(n_samples,)`` of str: what votes once on a class.
    n_views : int
        Views in `x`.
    strangers : tuple of numpy.ndarray, optional
        Prepared inputs ``(n_strangers, n_inputs)`` of samples that are none of the classes, and
        their units ``(n_strangers,)``.
    """
    from scipy.linalg import eigh

    width = x.shape[1] // n_views
    rank = min(DIRECTIONS, width - 1)
    profiles, directions, variances, levels = [], [], [], []
    for i in range(n_views):
        means, covariance = fit_covariance(
            x[:, i * width : (i + 1) * width].astype(np.float64), y, units
        )
        values, vectors = eigh(covariance, subset_by_index=[width - rank, width - 1])
        rest = max((np.trace(covariance) - values.sum()) / (width - rank), 1e-9)
        profiles.append(means)
        directions.append(vectors.T)
        variances.append(np.maximum(values, rest))
        levels.append(rest)
    strange = np.zeros((0, x.shape[1]))
    if strangers is not None and len(strangers[0]):
        strange = voted_mean(strangers[0].astype(np.float64), strangers[1])[None]
    return Novelty(
        profiles=np.concatenate(profiles, axis=1).astype(np.float32),
        strangers=strange.astype(np.float32),
        directions=np.array(directions, dtype=np.float32),
        variances=np.array(variances, dtype=np.float32),
        # a hair below the least variance, as float32 may round them past one another
        level=np.minimum(levels, np.min(variances, axis=1, initial=np.inf)).astype(np.float32),
        threshold=np.array([NEVER_NOVEL], dtype=np.float32),
    )


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
