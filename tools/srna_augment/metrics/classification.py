"""Accuracy and its kin, for any weighting of studies at once.

Each function takes `weights`, ``(n_weightings, n_studies)``: how much each sample of a study
counts. Ones give the plain figure, ``1 / size`` gives each study one vote, draws of
`srna_augment.metrics.bootstrap` give resamples. Each returns ``(n_weightings,)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# no forecast costs more than this: one sure error would otherwise be the whole mean
PROBABILITY_FLOOR = 1e-6


@dataclass
class StudyCounts:
    """What is counted in each study, three arrays ``(n_studies, n_classes)``.

    Attributes
    ----------
    truth, predicted : numpy.ndarray
        Samples that are, and that are said to be, of each class.
    hits : numpy.ndarray
        Samples of each class that are said to be so.
    """

    truth: np.ndarray
    predicted: np.ndarray
    hits: np.ndarray

    @classmethod
    def of(
        cls,
        truth: np.ndarray,
        predicted: np.ndarray,
        study: np.ndarray,
        n_studies: int,
        n_classes: int,
    ) -> StudyCounts:
        """Count codes ``(n_samples,)`` by study."""

        def count(codes: np.ndarray, rows: np.ndarray | slice) -> np.ndarray:
            cells = study[rows] * n_classes + codes[rows]
            counts = np.bincount(cells, minlength=n_studies * n_classes)
            return counts.reshape(n_studies, n_classes).astype(np.float64)

        everything = slice(None)
        return cls(
            count(truth, everything), count(predicted, everything), count(truth, truth == predicted)
        )


def by_study(values: np.ndarray, study: np.ndarray, n_studies: int) -> np.ndarray:
    """Sum ``(n_samples,)`` within studies to ``(n_studies,)``."""
    return np.bincount(study, weights=values, minlength=n_studies)


def mean(values: np.ndarray, study: np.ndarray, n_studies: int, weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean of a figure that each sample has."""
    sizes = np.bincount(study, minlength=n_studies)
    sums: np.ndarray = weights @ by_study(values, study, n_studies)
    return sums / (weights @ sizes)


def balanced_accuracy(counts: StudyCounts, weights: np.ndarray) -> np.ndarray:
    """Return the mean recall over the classes that have samples."""
    return _mean_over_classes(weights @ counts.hits, weights @ counts.truth)


def macro_f1(counts: StudyCounts, weights: np.ndarray) -> np.ndarray:
    """Return the mean F1 over the classes in the truth or in the predictions."""
    return _mean_over_classes(
        2 * (weights @ counts.hits), weights @ (counts.truth + counts.predicted)
    )


def _mean_over_classes(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    means: np.ndarray = np.nanmean(divide(above, below), axis=1)
    return means


def divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Divide, with NaN where `below` is zero."""
    ratio = np.full(np.shape(below), np.nan)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio


def sample_log_loss(truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return minus the natural log of the truth's probability, ``(n_samples,)``.

    Probabilities below `PROBABILITY_FLOOR` count as that, such as the 0 of a class that training
    did not know.
    """
    own = probabilities[np.arange(len(truth)), truth]
    loss: np.ndarray = -np.log(np.clip(own, PROBABILITY_FLOOR, 1))
    return loss


def in_top(truth: np.ndarray, probabilities: np.ndarray, top: int) -> np.ndarray:
    """Tell whether the truth is among the `top` most probable classes, ``(n_samples,)`` of bool.

    Ties count against the prediction, so that classes of no probability win nothing.
    """
    own = probabilities[np.arange(len(truth)), truth][:, None]
    rank: np.ndarray = (probabilities >= own).sum(axis=1)
    return rank <= top


def auroc(
    truth: np.ndarray,
    probabilities: np.ndarray,
    study: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """Return the area under the ROC curve of each class against the rest.

    The area is the chance that a sample of the class gets a higher probability for it than another
    sample (ties count half), so it is a sum over pairs of studies: the pairs are counted once, and
    each weighting costs a product of small matrices.

    Parameters
    ----------
    truth, study : numpy.ndarray
        ``(n_samples,)``, class and study indices.
    probabilities : numpy.ndarray
        ``(n_samples, n_classes)``.
    weights : numpy.ndarray
        ``(n_weightings, n_studies)``.

    Returns
    -------
    numpy.ndarray
        ``(n_weightings, n_classes)``; NaN for a class without samples or without others. The
        macro average is the mean over the rest.

    Notes
    -----
    Hanley and McNeil 1982, Radiology 143:29, equation for the Wilcoxon statistic.
    """
    n_classes = probabilities.shape[1]
    areas = np.full((len(weights), n_classes), np.nan)
    for k in range(n_classes):
        positive = np.flatnonzero(truth == k)
        negative = np.flatnonzero(truth != k)
        if not len(positive) or not len(negative):
            continue
        homes, home = np.unique(study[positive], return_inverse=True)
        rising = np.argsort(probabilities[positive, k], kind="stable")
        # below[i, s]: how many of the i lowest positives are of the s-th study that has any
        below = np.zeros((len(positive) + 1, len(homes)))
        below[np.arange(1, len(positive) + 1), home[rising]] = 1
        np.cumsum(below, axis=0, out=below)
        negative = negative[np.argsort(study[negative], kind="stable")]
        scores, others = probabilities[positive[rising], k], probabilities[negative, k]
        losses = below[np.searchsorted(scores, others, "left")]
        losses += below[np.searchsorted(scores, others, "right")]
        rivals, starts, n_negative = np.unique(
            study[negative], return_index=True, return_counts=True
        )
        n_positive = below[-1]
        won = np.outer(n_negative, n_positive) - np.add.reduceat(losses, starts, axis=0) / 2
        positives, negatives = weights[:, homes], weights[:, rivals]
        areas[:, k] = divide(
            np.einsum("bs,bs->b", negatives @ won, positives),
            (positives @ n_positive) * (negatives @ n_negative),
        )
    return areas


def macro(areas: np.ndarray) -> np.ndarray:
    """Average ``(n_weightings, n_classes)`` over the defined classes; NaN where none is."""
    defined = np.isfinite(areas)
    return divide(np.where(defined, areas, 0).sum(axis=1), defined.sum(axis=1))
