"""What is gained by withholding the calls that are least sure: risk against coverage."""

from __future__ import annotations

import numpy as np

CURVE_POINTS = 201
# samples x resamples worked on at a time: what fits a processor's cache
BLOCK_CELLS = 100_000
# 19 of 20 is a precision of .95, whatever binary fractions say
ROUNDING = 1e-9


def order_by_confidence(confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sort samples from sure to unsure and find where ties end.

    Returns
    -------
    tuple of numpy.ndarray
        ``(n_samples,)`` each: the order, and for each place in it the place of the last sample
        that is as sure. A threshold cannot cut through samples that are equally sure.
    """
    order = np.argsort(-confidence, kind="stable")
    falling = -confidence[order]
    return order, np.searchsorted(falling, falling, side="right") - 1


def selective(
    confidence: np.ndarray,
    correct: np.ndarray,
    study: np.ndarray,
    weights: np.ndarray,
    precision: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the area under the risk-coverage curve and the coverage at a precision.

    Parameters
    ----------
    confidence, correct, study : numpy.ndarray
        ``(n_samples,)``: probability of the predicted class, whether it is the truth, study index.
    weights : numpy.ndarray
        ``(n_weightings, n_studies)``.
    precision : float
        The precision to hold.

    Returns
    -------
    area : numpy.ndarray
        ``(n_weightings,)``: mean, over samples, of the error among samples at least as sure.
    coverage : numpy.ndarray
        ``(n_weightings,)``: the largest share of samples that can be called with that precision
        or better; 0 when no threshold reaches it.

    Notes
    -----
    Geifman and El-Yaniv 2017 (NeurIPS), section 2; the area is AURC of Geifman et al. 2019 (ICLR).
    """
    order, last = order_by_confidence(confidence)
    home = study[order]
    wrong = ~correct[order]
    area = np.empty(len(weights))
    coverage = np.empty(len(weights))
    step = max(1, BLOCK_CELLS // len(order))
    for start in range(0, len(weights), step):
        block = slice(start, start + step)
        counts = weights[block][:, home]
        covered = np.cumsum(counts, axis=1)
        errors = np.cumsum(counts * wrong, axis=1)
        total = covered[:, -1]
        # before the first sample that was drawn nothing is covered, and nothing counts
        risk = errors[:, last] / np.maximum(covered[:, last], np.finfo(float).tiny)
        area[block] = (counts * risk).sum(axis=1) / total
        enough = (risk <= 1 - precision + ROUNDING) & (covered[:, last] > 0)
        coverage[block] = np.where(enough, covered[:, last], 0).max(axis=1) / total
    return area, coverage


def curve(confidence: np.ndarray, correct: np.ndarray) -> dict[str, list[float]]:
    """Return points of the risk-coverage curve, all samples alike.

    Returns
    -------
    dict of str to list of float
        ``coverage`` (rising), ``risk`` (share wrong among the covered), ``threshold`` (the
        probability from which calls are made); at most `CURVE_POINTS` of each, evenly spread.
    """
    order, last = order_by_confidence(confidence)
    ends = np.unique(last)
    if len(ends) > CURVE_POINTS:
        ends = ends[np.linspace(0, len(ends) - 1, CURVE_POINTS).round().astype(int)]
    risk = np.cumsum(~correct[order])[ends] / (ends + 1)
    return {
        "coverage": ((ends + 1) / len(order)).tolist(),
        "risk": risk.tolist(),
        "threshold": confidence[order][ends].tolist(),
    }


def threshold_at_precision(
    confidence: np.ndarray, correct: np.ndarray, precision: float
) -> float | None:
    """Return the lowest probability from which calls hold `precision`; None when none does."""
    order, last = order_by_confidence(confidence)
    risk = np.cumsum(~correct[order])[last] / (last + 1)
    enough = np.flatnonzero(risk <= 1 - precision + ROUNDING)
    return float(confidence[order][enough[-1]]) if len(enough) else None
