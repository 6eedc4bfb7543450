"""Errors of an age in years, for any weighting of studies at once."""

from __future__ import annotations

import numpy as np

from .classification import divide

BLOCK_CELLS = 100_000


def study_moments(
    truth: np.ndarray, predicted: np.ndarray, study: np.ndarray, n_studies: int
) -> np.ndarray:
    """Sum powers of truth and prediction within studies.

    Parameters
    ----------
    truth, predicted, study : numpy.ndarray
        ``(n_samples,)``: years, years, study index.
    n_studies : int
        Number of studies.

    Returns
    -------
    numpy.ndarray
        ``(n_studies, 7)``: n, sum t, sum p, sum t^2, sum p^2, sum tp, sum (t - p)^2, with t and p
        centred on their means so that nothing cancels.
    """
    t = truth - truth.mean()
    p = predicted - predicted.mean()
    columns = (np.ones_like(t), t, p, t * t, p * p, t * p, (truth - predicted) ** 2)
    return np.column_stack(
        [np.bincount(study, weights=column, minlength=n_studies) for column in columns]
    )


def r2_and_pearson(moments: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the coefficient of determination and the correlation of each weighting.

    Parameters
    ----------
    moments : numpy.ndarray
        ``(n_studies, 7)`` of `study_moments`.
    weights : numpy.ndarray
        ``(n_weightings, n_studies)``.

    Returns
    -------
    tuple of numpy.ndarray
        ``(n_weightings,)`` each; NaN where all truths (or, for the correlation, predictions) are
        equal. R2 is 1 - sum of squared errors / sum of squares about the mean of the truth, and
        is below 0 for predictions worse than that mean.
    """
    n, t, p, tt, pp, tp, squared_error = (weights @ moments).T
    # what is left of a constant after centring and squaring is rounding, not variance
    smallest = 1e-12
    spread_t = tt - t * t / n
    spread_p = pp - p * p / n
    spread_t = np.where(spread_t > smallest * n, spread_t, 0)
    spread_p = np.where(spread_p > smallest * n, spread_p, 0)
    r2 = 1 - divide(squared_error, spread_t)
    return r2, divide(tp - t * p / n, np.sqrt(spread_t * spread_p))


def median_error(error: np.ndarray, study: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the median of absolute errors ``(n_samples,)``, ``(n_weightings,)``.

    The mean of the lower and the upper median, as for plain samples.
    """
    order = np.argsort(error, kind="stable")
    errors, home = error[order], study[order]
    medians = np.empty(len(weights))
    step = max(1, BLOCK_CELLS // len(errors))
    for start in range(0, len(weights), step):
        block = slice(start, start + step)
        covered = np.cumsum(weights[block][:, home], axis=1)
        half = covered[:, -1:] / 2
        lower = (covered >= half).argmax(axis=1)
        upper = (covered > half).argmax(axis=1)
        medians[block] = (errors[lower] + errors[upper]) / 2
    return medians
