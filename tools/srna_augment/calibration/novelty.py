"""How far a sample lies from every class that a model was trained on, and how far is too far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..learners.covariance import Spread, voted_mean
from ..model.inputs import by_pattern

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

    def distance(self, x: np.ndarray, gaps: np.ndarray | None = None) -> np.ndarray:
        """Return the expected squared distance a feature to the nearest class.

        Parameters
        ----------
        x : numpy.ndarray
            ``(n_samples, n_inputs)``, prepared inputs.
        gaps : numpy.ndarray, optional
            ``(n_samples,)``, what `scatter_of_gaps` gives for them; without it, all is reported.

        Returns
        -------
        numpy.ndarray
            ``(n_samples,)``, mean of the views; about 1 where the covariance describes it well.
        """
        nearest = self._nearest(x, self.profiles)
        return nearest if gaps is None else nearest + gaps

    def scatter_of_gaps(
        self, unreported: np.ndarray, loadings: np.ndarray, noise: np.ndarray
    ) -> np.ndarray:
        """Return what cells that were filled take away from the distance, as expected.

        A gap is filled with its expectation, which is nearer to the classes than what would have
        been measured there: the expected squared distance is that of the expectation, plus the
        variance that the factor model leaves to each gap.

        Parameters
        ----------
        unreported : numpy.ndarray
            ``(n_samples, n_features)`` of bool.
        loadings, noise : numpy.ndarray
            ``(n_views, n_features, n_factors)`` and ``(n_views,)``: the factor model of `Inputs`.

        Returns
        -------
        numpy.ndarray
            ``(n_samples,)``, in the units of `distance`.
        """
        n_views, _, width = self.directions.shape
        total = np.zeros(len(unreported))
        gaps = np.flatnonzero(unreported.any(axis=1))
        for rows, there in by_pattern(unreported[gaps]):
            for i in range(n_views):
                known, filled = loadings[i][there].astype(float), loadings[i][~there].astype(float)
                left = float(noise[i])
                # variance of the gaps: left * (filled @ inverse @ filled.T + 1)
                root = np.linalg.cholesky(known.T @ known + left * np.eye(known.shape[1]))
                spread = np.linalg.solve(root, filled.T)
                along = self._along(i)[:, ~there].astype(float)
                plain = (spread**2).sum() + filled.shape[0]
                kept = ((along @ spread.T) ** 2).sum() + (along**2).sum()
                total[gaps[rows]] += left * (plain / self.level[i] - kept)
        total /= n_views * width
        return total

    def _along(self, i: int) -> np.ndarray:
        """Return the kept directions of a view, ``(n_directions, n_features)``.

        Of such length that with 1 / level for every feature, less the square along these, each
        direction has 1 / variance.
        """
        excess = np.sqrt(np.maximum(1 / self.level[i] - 1 / self.variances[i], 0))
        along: np.ndarray = self.directions[i] * excess[:, None]
        return along

    def _nearest(self, x: np.ndarray, profiles: np.ndarray) -> np.ndarray:
        n_views, _, width = self.directions.shape
        total = np.zeros((len(x), len(profiles)))
        for i in range(n_views):
            columns = slice(i * width, (i + 1) * width)
            view, own = x[:, columns], profiles[:, columns]
            along = self._along(i)
            square = _squares(view, own) / self.level[i]
            total += square - _squares(view @ along.T, own @ along.T)
        nearest: np.ndarray = np.maximum(total.min(axis=1) / (n_views * width), 1e-6)
        return nearest

    def is_novel(
        self, x: np.ndarray, distance: np.ndarray, gaps: np.ndarray | None = None
    ) -> np.ndarray:
        """Tell which samples, ``(n_samples,)`` of bool, are out of distribution.

        They are far from every class, or nearer to a stranger than to any.

        Parameters
        ----------
        x : numpy.ndarray
            ``(n_samples, n_inputs)``, prepared inputs.
        distance : numpy.ndarray
            ``(n_samples,)``, what `distance` gives for them.
        gaps : numpy.ndarray, optional
            As for `distance`.
        """
        novel: np.ndarray = distance > self.threshold[0]
        if len(self.strangers):
            stranger = self._nearest(x, self.strangers)
            novel |= (stranger if gaps is None else stranger + gaps) < distance
        return novel


def _squares(x: np.ndarray, profiles: np.ndarray) -> np.ndarray:
    """Return squared Euclidean distances, ``(n_samples, n_profiles)``, in float64."""
    x, profiles = x.astype(np.float64), profiles.astype(np.float64)
    squares: np.ndarray = (x**2).sum(axis=1)[:, None] - 2 * x @ profiles.T
    squares += (profiles**2).sum(axis=1)
    return squares


def fit_novelty(spread: Spread, strangers: tuple[np.ndarray, np.ndarray] | None = None) -> Novelty:
    """Fit the metric; without a threshold, nothing is novel yet.

    Parameters
    ----------
    spread : Spread
        Of the training samples; the profiles are those of its classes, in order.
    strangers : tuple of numpy.ndarray, optional
        Prepared inputs ``(n_strangers, n_inputs)`` of samples that are none of the classes, and
        their units ``(n_strangers,)``.
    """
    from scipy.linalg import eigh

    profiles, directions, variances, levels = [], [], [], []
    for means, covariance in spread.views:
        width = len(covariance)
        rank = min(DIRECTIONS, width - 1)
        # one feature has no direction apart from the others, and eigh takes no empty range
        values, vectors = np.zeros(0), np.zeros((width, 0))
        if rank:
            values, vectors = eigh(covariance, subset_by_index=[width - rank, width - 1])
        rest = max((np.trace(covariance) - values.sum()) / (width - rank), 1e-9)
        profiles.append(means)
        directions.append(vectors.T)
        variances.append(np.maximum(values, rest))
        levels.append(rest)
    known = np.concatenate(profiles, axis=1).astype(np.float32)
    strange = np.zeros((0, known.shape[1]), dtype=np.float32)
    if strangers is not None and len(strangers[0]):
        strange = voted_mean(strangers[0].astype(np.float64), strangers[1])[None]
    return Novelty(
        profiles=known,
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
