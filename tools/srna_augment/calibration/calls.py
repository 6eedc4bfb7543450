"""Temperature, the threshold of a call, and conformal sets, from out-of-fold logits.

Temperature: Guo et al. 2017, ICML, section 4.2. Sets: split conformal prediction with one
minus the probability of the true class as the score (Sadinle et al. 2019, JASA 114(525)). Both
assume that new samples are like the ones fitted on, so they are fitted on *studies left out*
wherever there are any.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..model.network import softmax

PRECISION_GOAL = 0.95
SET_LEVEL = 0.9
MINIMUM_CALLED = 20


@dataclass
class Calibration:
    """How logits become probabilities, calls and sets.

    Attributes
    ----------
    temperature : float
        What logits are divided by before the softmax.
    threshold : float
        The probability from which a prediction is called; above 1 when no threshold reached the
        goal, so that nothing is called.
    precision : float
        The share of right calls at `threshold` on the samples it was fitted on.
    coverage : float
        The share of samples called there.
    set_threshold : float
        Classes with at least this probability cannot be ruled out.
    set_level : float
        The share of samples whose true class is in their set.
    fitted_on : str
        Which out-of-fold predictions, for the card.
    """

    temperature: float = 1.0
    threshold: float = 1.01
    precision: float = float("nan")
    coverage: float = 0.0
    set_threshold: float = 0.0
    set_level: float = SET_LEVEL
    fitted_on: str = "nothing"

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return ``(n_samples, n_classes)`` probabilities."""
        return softmax(logits.astype(np.float64) / self.temperature)

    def called(self, probabilities: np.ndarray) -> np.ndarray:
        """Tell for which samples, ``(n_samples,)`` of bool, the best class is called."""
        return probabilities.max(axis=1) >= self.threshold

    def sets(self, probabilities: np.ndarray) -> np.ndarray:
        """Return which classes cannot be ruled out, ``(n_samples, n_classes)`` of bool.

        The most probable class is always in its set.
        """
        best = np.arange(probabilities.shape[1]) == probabilities.argmax(axis=1)[:, None]
        return (probabilities >= self.set_threshold) | best


def fit_temperature(logits: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> float:
    """Return the temperature that minimises the weighted log loss.

    Parameters
    ----------
    logits : numpy.ndarray
        ``(n_samples, n_classes)``, out of fold.
    truth : numpy.ndarray
        ``(n_samples,)`` of int; -1 for a class that the fold could not know (left out of the fit).
    weights : numpy.ndarray
        ``(n_samples,)``.
    """
    from scipy.optimize import minimize_scalar

    known = (truth >= 0) & (np.isfinite(logits).any(axis=1))
    if not known.any():
        return 1.0
    rows, columns, w = logits[known].astype(np.float64), truth[known], weights[known]

    def loss(log_temperature: float) -> float:
        p = softmax(rows / np.exp(log_temperature))[np.arange(len(rows)), columns]
        return float(-(w * np.log(np.maximum(p, 1e-12))).sum() / w.sum())

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 4), method="bounded").x))


def fit_calibration(
    logits: np.ndarray,
    truth: np.ndarray,
    weights: np.ndarray,
    *,
    fitted_on: str,
    goal: float = PRECISION_GOAL,
    level: float = SET_LEVEL,
) -> Calibration:
    """Fit temperature, call threshold and set threshold on out-of-fold logits.

    Parameters
    ----------
    logits : numpy.ndarray
        ``(n_samples, n_classes)``; -inf for classes that the sample's fold did not know.
    truth : numpy.ndarray
        ``(n_samples,)`` of int, index of the true class.
    weights : numpy.ndarray
        ``(n_samples,)``: studies equal, for instance.
    fitted_on : str
        What the logits are, for the card.
    goal : float
        Precision that a call must have.
    level : float
        Share of samples whose set must hold the truth.

    Returns
    -------
    Calibration
        Temperature, thresholds, and what was reached.
    """
    knows = np.isfinite(logits[np.arange(len(logits)), truth])
    finite = np.where(np.isfinite(logits), logits, -1e4)
    temperature = fit_temperature(finite, np.where(knows, truth, -1), weights)
    probabilities = softmax(finite.astype(np.float64) / temperature)
    best = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    # a class that no training study of the fold had can't be predicted; telling such samples is the
    # task of `Novelty`, and the threshold is about those that could be right
    threshold, precision, coverage = call_threshold(best[knows], right[knows], weights[knows], goal)
    true_probability = probabilities[np.arange(len(truth)), truth][knows]
    return Calibration(
        temperature=temperature,
        threshold=threshold,
        precision=precision,
        coverage=coverage,
        set_threshold=_weighted_quantile(true_probability, weights[knows], 1 - level),
        set_level=level,
        fitted_on=fitted_on,
    )


def call_threshold(
    best: np.ndarray, right: np.ndarray, weights: np.ndarray, goal: float
) -> tuple[float, float, float]:
    """Find the lowest probability above which predictions are right often enough.

    Every sample and, separately, every unit of `weights` counts: of both the plain and the weighted
    share of right calls, one standard error off (the lower Wilson bound) must reach the goal, so
    that neither large studies nor tiny ones decide, nor a lucky threshold is taken for a good one.

    Parameters
    ----------
    best : numpy.ndarray
        ``(n_samples,)``, probability of the predicted class.
    right : numpy.ndarray
        ``(n_samples,)`` of bool.
    weights : numpy.ndarray
        ``(n_samples,)``.
    goal : float
        The share of right calls wanted.

    Returns
    -------
    threshold, precision, coverage : float
        Threshold 1.01 and coverage 0 when the goal is out of reach.
    """
    order = np.argsort(-best, kind="stable")
    hit, w = right[order].astype(float), weights[order]
    n = np.arange(1, len(hit) + 1)
    plain = np.cumsum(hit) / n
    weighted = np.cumsum(hit * w) / np.cumsum(w)
    effective = np.cumsum(w) ** 2 / np.cumsum(w**2)
    good = np.flatnonzero(
        (_lower_bound(plain, n) >= goal)
        & (_lower_bound(weighted, effective) >= goal)
        & (n >= min(MINIMUM_CALLED, len(hit)))
    )
    if not len(good):
        return 1.01, float("nan"), 0.0
    last = good[-1]
    return float(best[order][last]), float(plain[last]), float((last + 1) / len(hit))


def _lower_bound(share: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return the lower bound of a share seen in `n` samples, one standard error off.

    Source: Wilson 1927, J Am Stat Assoc 22(158), with z = 1.
    """
    spread = np.sqrt(share * (1 - share) / n + 1 / (4 * n**2))
    return (share + 1 / (2 * n) - spread) / (1 + 1 / n)


def _weighted_quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    """Return the value below which a share of the weight lies, rounded to the cautious side."""
    if not len(values):
        return 0.0
    order = np.argsort(values)
    below = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][max(int(np.searchsorted(below, share)) - 1, 0)])
