"""What a class looks like, and how samples and laboratories scatter around it.

The covariance within studies *plus* that of the studies of one class around each other, shrunk to
its diagonal mean (Friedman 1989, J Am Stat Assoc 84(405), equation 18). Directions in which
laboratories differ for one tissue thus count for little. Every study, not every sample, votes on a
class's mean. Directions in which batches differ, such as versions of a pipeline, count for nothing.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .weights import MAXIMUM_VOTES

BETWEEN = 2.0
SHRINKAGE = 0.6
# Variance along the differences of batches, in squares of them: nothing is told by these.
BATCHES = 10.0
# A study's vote on a class mean, and on the covariance within studies, by its number of samples.
MEAN_POWER = 0.25
WITHIN_POWER = 0.5


class Spread:
    """How the classes of a training table lie in each view of it, computed when first asked for.

    Learner and novelty share it, as it costs more than either.

    Parameters
    ----------
    x : numpy.ndarray
        ``(n_samples, n_inputs)``, prepared inputs, views side by side.
    y : numpy.ndarray
        ``(n_samples,)`` of int.
    units : numpy.ndarray
        ``(n_samples,)`` of str: study, site, or condition of a study.
    studies : numpy.ndarray
        ``(n_samples,)`` of str; a study may have several units.
    n_views : int
        Views in `x`.
    batches : numpy.ndarray, optional
        ``(n_samples,)`` of str: batches whose difference is to tell nothing; '' is not known.
    """

    def __init__(
        self,
        x: np.ndarray,
        y: np.ndarray,
        units: np.ndarray,
        studies: np.ndarray,
        n_views: int,
        batches: np.ndarray | None = None,
    ) -> None:
        self.x, self.y, self.units, self.studies, self.n_views = x, y, units, studies, n_views
        self.batches = batches

    @property
    def seen(self) -> np.ndarray:
        """The classes in `y`, in order."""
        return np.unique(self.y)

    @property
    def studies_differ(self) -> bool:
        """Whether studies of one class differ by more than the samples of one study do."""
        return between_over_within(self.x, self.y, self.studies) > 1

    @cached_property
    def views(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Class means ``(n_seen, n_features)`` and covariance, one pair a view."""
        parts = np.split(self.x, self.n_views, axis=1)
        return [fit_covariance(part, self.y, self.units, self.batches) for part in parts]


def pair_means(
    x: np.ndarray, y: np.ndarray, units: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean of each class in each unit, and whose it is.

    Parameters
    ----------
    x : numpy.ndarray
        ``(n_samples, n_inputs)``.
    y : numpy.ndarray
        ``(n_samples,)`` of int.
    units : numpy.ndarray
        ``(n_samples,)`` of str.

    Returns
    -------
    mean : numpy.ndarray
        ``(n_pairs, n_inputs)``.
    number : numpy.ndarray
        ``(n_pairs,)``, float64: samples of each.
    pair : numpy.ndarray
        ``(n_samples,)``: the pair that each sample is of.
    first : numpy.ndarray
        ``(n_pairs,)``: a sample of each.
    """
    pairs = np.array([f"{c}\t{u}" for c, u in zip(y, units, strict=True)])
    _, first, pair = np.unique(pairs, return_index=True, return_inverse=True)
    number = np.bincount(pair).astype(np.float64)
    mean = np.zeros((len(number), x.shape[1]))
    np.add.at(mean, pair, x)
    mean /= number[:, None]
    return mean, number, pair, first


def between_over_within(x: np.ndarray, y: np.ndarray, studies: np.ndarray) -> float:
    """Return the variance of study means of one class over that of samples of one study.

    Summed over inputs. What means of few samples scatter by chance is taken out, as in an analysis
    of variance of unweighted means.

    Parameters as in `pair_means`, studies for units.

    Returns
    -------
    float
        0 where each class is of one study.
    """
    mean, number, _, first = pair_means(x, y, studies)
    # sums of squares, not a table of differences: that would be twice the size of the inputs
    squares = np.einsum("ij,ij->i", x, x).sum(dtype=np.float64)
    within = (squares - number @ (mean**2).sum(axis=1)) / max(len(x) - len(number), 1)
    apart = chance = freedom = 0.0
    for name in np.unique(y[first]):
        own = y[first] == name
        k = int(own.sum())
        apart += ((mean[own] - mean[own].mean(axis=0)) ** 2).sum()
        chance += (k - 1) / k * (within / number[own]).sum()
        freedom += k - 1
    if not freedom or within <= 0:
        return 0.0
    return float((apart - chance) / freedom / within)


def fit_covariance(
    x: np.ndarray, y: np.ndarray, units: np.ndarray, batches: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Fit class means and the shrunk covariance within and between studies.

    Parameters
    ----------
    x : numpy.ndarray
        ``(n_samples, n_features)``, one view of the prepared inputs.
    y : numpy.ndarray
        ``(n_samples,)`` of int.
    units : numpy.ndarray
        ``(n_samples,)`` of str: study, site, or condition of a study.
    batches : numpy.ndarray, optional
        ``(n_samples,)`` of str: batches whose difference is to tell nothing; '' is not known.

    Returns
    -------
    means : numpy.ndarray
        ``(n_seen, n_features)``, for the classes in `y`, in order.
    covariance : numpy.ndarray
        ``(n_features, n_features)``.
    """
    mean, number, pair, first = pair_means(x, y, units)
    size = np.minimum(number, MAXIMUM_VOTES)
    pair_class = y[first]
    seen = np.unique(y)
    votes = (pair_class[:, None] == seen) * (size**MEAN_POWER)[:, None]
    means = (votes / votes.sum(axis=0)).T @ mean
    share = np.sqrt(size**WITHIN_POWER / number / (size**WITHIN_POWER).sum())[pair, None]
    # products of single precision: half the time, and shrinkage leaves nothing near singular
    spread = ((x - mean[pair]) * share).astype(np.float32)
    covariance = (spread.T @ spread).astype(np.float64)
    apart = mean - means[np.searchsorted(seen, pair_class)]
    several = np.bincount(np.searchsorted(seen, pair_class), minlength=len(seen))
    freedom = (several - 1).clip(0).sum()
    if freedom:
        shared = several[np.searchsorted(seen, pair_class)] > 1
        covariance += BETWEEN * apart[shared].T @ apart[shared] / freedom
    level = np.trace(covariance) / len(covariance)
    covariance *= 1 - SHRINKAGE
    covariance[np.diag_indices_from(covariance)] += SHRINKAGE * level + 1e-6
    if batches is not None:
        apart = batch_differences(x, units, batches)
        covariance += BATCHES * apart.T @ apart
    return means, covariance


def batch_differences(x: np.ndarray, units: np.ndarray, batches: np.ndarray) -> np.ndarray:
    """Return how the mean of each batch differs from that of all batches.

    A batch may have classes of its own. Then what these have in common is in its mean, too, and
    nobody can tell one from the other.

    Parameters
    ----------
    x : numpy.ndarray
        ``(n_samples, n_features)``.
    units : numpy.ndarray
        ``(n_samples,)`` of str: they vote on the mean of a batch as on that of a class.
    batches : numpy.ndarray
        ``(n_samples,)`` of str; '' is not known.

    Returns
    -------
    numpy.ndarray
        ``(n_batches, n_features)``; zeros where there is one batch, none where there is no batch.
    """
    names = np.unique(batches[batches != ""])
    means = [voted_mean(x[batches == name], units[batches == name]) for name in names]
    together = np.array(means).reshape(len(names), x.shape[1])
    return together - together.mean(axis=0) if len(names) else together


def voted_mean(x: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Return the mean of one class, ``(n_features,)``, as `fit_covariance` does.

    Parameters
    ----------
    x : numpy.ndarray
        ``(n_samples, n_features)``.
    units : numpy.ndarray
        ``(n_samples,)`` of str.
    """
    _, unit, number = np.unique(units.astype(str), return_inverse=True, return_counts=True)
    votes = np.minimum(number, MAXIMUM_VOTES) ** MEAN_POWER
    weights = (votes / number)[unit]
    mean: np.ndarray = weights @ x / weights.sum()
    return mean
