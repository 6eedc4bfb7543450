"""Calibration: predictions that say .8 should come true in 8 of 10 cases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .classification import divide

# .6 is .6, whatever binary fractions say
ROUNDING = 1e-9


@dataclass
class StudyBins:
    """Sums by study and bin of the top probability, each ``(n_studies, n_bins)``."""

    n: np.ndarray
    confidence: np.ndarray
    correct: np.ndarray


def bin_edges(n_bins: int) -> np.ndarray:
    """Return the edges of bins of equal width over 0 to 1, ``(n_bins + 1,)``."""
    return np.linspace(0, 1, n_bins + 1)


def bin_by_study(
    confidence: np.ndarray, correct: np.ndarray, study: np.ndarray, n_studies: int, n_bins: int
) -> StudyBins:
    """Sum samples into bins that include their upper edge.

    Parameters
    ----------
    confidence, correct, study : numpy.ndarray
        ``(n_samples,)``: probability of the predicted class, whether it is the truth, study index.
    n_studies, n_bins : int
        Sizes.
    """
    inner = bin_edges(n_bins)[1:-1] + ROUNDING
    cell = study * n_bins + np.searchsorted(inner, confidence, side="left")

    def total(values: np.ndarray | None) -> np.ndarray:
        sums = np.bincount(cell, weights=values, minlength=n_studies * n_bins)
        return sums.reshape(n_studies, n_bins).astype(np.float64)

    return StudyBins(total(None), total(confidence), total(correct.astype(np.float64)))


def expected_calibration_error(bins: StudyBins, weights: np.ndarray) -> np.ndarray:
    """Return the expected calibration error of each weighting of studies.

    The gap between mean probability and share correct of each bin, weighted by the bin's samples.

    Parameters
    ----------
    bins : StudyBins
        Sums by study.
    weights : numpy.ndarray
        ``(n_weightings, n_studies)``.

    Returns
    -------
    numpy.ndarray
        ``(n_weightings,)``.

    Notes
    -----
    Guo et al. 2017 (ICML), equation 3.
    """
    gaps = np.abs(weights @ bins.confidence - weights @ bins.correct).sum(axis=1)
    error: np.ndarray = gaps / (weights @ bins.n).sum(axis=1)
    return error


def diagram(bins: StudyBins, n_bins: int) -> dict[str, list[float | None]]:
    """Return what a reliability diagram shows, all samples alike; None for an empty bin."""
    n = bins.n.sum(axis=0)
    columns = {
        "confidence": divide(bins.confidence.sum(axis=0), n),
        "accuracy": divide(bins.correct.sum(axis=0), n),
    }
    return {
        "edges": bin_edges(n_bins).tolist(),
        "n": n.astype(int).tolist(),
        **{
            name: [None if np.isnan(value) else float(value) for value in values]
            for name, values in columns.items()
        },
    }
