"""Which features a learner sees, chosen on its training samples."""

from __future__ import annotations

import numpy as np

MAXIMUM_FEATURES = 2500


def select_variable(
    values: np.ndarray, weights: np.ndarray, maximum: int = MAXIMUM_FEATURES
) -> np.ndarray:
    """Return the indices, in order, of the features that vary most.

    Parameters
    ----------
    values : numpy.ndarray
        ``(n_samples, n_features)``, log2 RPM or alike.
    weights : numpy.ndarray
        ``(n_samples,)``.
    maximum : int
        How many to keep at most; the number depends on the table's width alone, so that all folds
        share one network shape.
    """
    if values.shape[1] <= maximum:
        return np.arange(values.shape[1])
    share = (weights / weights.sum()).astype(np.float32)
    mean = share @ values
    variance = share @ (values - mean) ** 2
    return np.sort(np.argpartition(-variance, maximum)[:maximum])
