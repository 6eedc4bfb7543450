"""How much each training sample counts."""

from __future__ import annotations

import numpy as np

# More samples of one study and class say nothing new about other laboratories.
MAXIMUM_VOTES = 60


def study_class_weights(units: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Let each study x class count by the root of its size, and of sixty at most.

    A study of a hundred livers says more than one liver, but not a hundred times more: its samples
    share a laboratory.

    Parameters
    ----------
    units : numpy.ndarray
        ``(n_samples,)`` of str, study or site.
    classes : numpy.ndarray
        ``(n_samples,)`` of int or str.

    Returns
    -------
    numpy.ndarray
        ``(n_samples,)``, mean 1.
    """
    pairs = np.array([f"{unit}\t{name}" for unit, name in zip(units, classes, strict=True)])
    _, inverse, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    weights: np.ndarray = (np.sqrt(np.minimum(counts, MAXIMUM_VOTES)) / counts)[inverse]
    weights /= weights.mean()
    return weights


def equal_unit_weights(units: np.ndarray) -> np.ndarray:
    """Let each study count once.

    Parameters
    ----------
    units : numpy.ndarray
        ``(n_samples,)`` of str, study or site.

    Returns
    -------
    numpy.ndarray
        ``(n_samples,)``; the samples of a study sum to 1.
    """
    _, inverse, counts = np.unique(units.astype(str), return_inverse=True, return_counts=True)
    return 1 / counts[inverse]
