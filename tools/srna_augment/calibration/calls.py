"""How sure to be: probabilities, calls, and conformal sets, from left-out logits.

Whether the best class is right depends on two things: its lead over the next, and how far the
sample lies from every class; a large lead of a sample that looks like nothing seen says little. So
logits are divided by the distance. On samples left out, the log odds of being right are close to a
straight line in the log of the lead that remains (Platt 1999, Advances in Large Margin Classifiers,
with this as the score). Each sample's logits then get the temperature (Guo et al. 2017, ICML,
section 4.2) that gives the best class this probability.

Where the logits say little beside how common a class is, as with age, the frequency of classes is
added first (bias-corrected temperature scaling, Alexandari et al. 2020, ICML), if the log loss on
folds that nothing was fitted on says so. Not for tissues: which of them a collection has much of
says nothing of the next table.

Sets are split conformal ones, with one minus the probability of the true class as the score
(Sadinle et al. 2019, JASA 114(525)). All of it holds for samples like those that it was fitted on,
hence it is fitted on *studies left out* wherever there are any.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..model.network import softmax

# No class is called below this probability; about one such call in ten will be wrong.
CALL_PROBABILITY = 0.8
# Calls shall be right this often, where that leaves this share of the samples called.
PRECISION_GOAL = 0.95
COVERAGE_GOAL = 0.5
SET_LEVEL = 0.9
# A threshold that no probability reaches.
NEVER = 1.01
# A lead beyond this says no more: left-out logits may have been cut when they were written.
LARGEST_LEAD = 500.0
# Added to the lead before its logarithm, so that a tie has a finite one.
LEAD_OFFSET = 0.1
# The weight of class frequencies; a little above one, which is Bayes' rule.
LARGEST_SHARE = 1.5
# A probability of the truth below this is no worse in the log loss.
LEAST = 1e-12
# Temperatures between which a sample's is looked for, as powers of e, and in how many halvings.
LOG_TEMPERATURES = (-7.0, 12.0)
HALVINGS = 45


@dataclass
class Calibration:
    """How logits and distances become probabilities, calls and sets.

    Attributes
    ----------
    intercept, slope : float
        The log odds that the best class is right are ``intercept + slope * score``; see `leads`.
    scale : float
        What logits by distance are multiplied with before `frequency` is added.
    frequency : list of float
        ``(n_classes,)``: logits of how common each class is; empty where that does not help.
    threshold : float
        The probability from which the best class is called; above 1 where nothing is known.
    precision : float or None
        The share of right calls, studies equal, on folds that nothing was fitted on; None where
        nothing was called.
    coverage : float
        The share of samples, studies equal, that was called there.
    set_threshold : float
        Classes with at least this probability cannot be ruled out.
    set_level : float
        The share of samples whose true class is in their set.
    fitted_on : str
        Which out-of-fold predictions, for the card.
    """

    intercept: float = 0.0
    slope: float = 0.0
    scale: float = 1.0
    frequency: list[float] = field(default_factory=list)
    threshold: float = NEVER
    precision: float | None = None
    coverage: float = 0.0
    set_threshold: float = 0.0
    set_level: float = SET_LEVEL
    fitted_on: str = "nothing"

    def probabilities(self, logits: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """Return probabilities ``(n_samples, n_classes)``.

        Parameters
        ----------
        logits : numpy.ndarray
            ``(n_samples, n_classes)``; -inf for classes that cannot be.
        distance : numpy.ndarray
            ``(n_samples,)``: to the nearest class; see `Novelty`.
        """
        adjusted = self.adjusted(logits, distance)
        odds = np.clip(self.intercept + self.slope * leads(adjusted), -700, 700)
        return _with_best(adjusted, 1 / (1 + np.exp(-odds)))

    def adjusted(self, logits: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """Return logits by distance, with the frequency of classes; see `probabilities`."""
        result: np.ndarray = self.scale * logits.astype(np.float64) / np.asarray(distance)[:, None]
        return result + np.asarray(self.frequency) if self.frequency else result

    def called(self, probabilities: np.ndarray) -> np.ndarray:
        """Tell for which samples, ``(n_samples,)`` of bool, the best class is called."""
        largest: np.ndarray = probabilities.max(axis=1)
        return largest >= self.threshold

    def sets(self, probabilities: np.ndarray) -> np.ndarray:
        """Return which classes cannot be ruled out, ``(n_samples, n_classes)`` of bool.

        The most probable class is always in its set.
        """
        best = np.arange(probabilities.shape[1]) == probabilities.argmax(axis=1)[:, None]
        members: np.ndarray = (probabilities >= self.set_threshold) | best
        return members


def leads(logits: np.ndarray) -> np.ndarray:
    """Return the log of the best class's lead over the next, ``(n_samples,)``.

    Parameters
    ----------
    logits : numpy.ndarray
        ``(n_samples, n_classes)``, adjusted; -inf for classes that cannot be.
    """
    if logits.shape[1] < 2:
        return np.full(len(logits), np.log(LARGEST_LEAD))
    top = np.partition(logits, -2, axis=1)[:, -2:]
    lead: np.ndarray = np.minimum(top[:, 1] - top[:, 0], LARGEST_LEAD)
    return np.log(lead + LEAD_OFFSET)


def _with_best(logits: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the softmax at the temperature that gives the best class the probability `wanted`.

    Where classes are tied, or `wanted` is less than an equal share, the nearest that can be.
    """
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    low = np.full(len(shifted), LOG_TEMPERATURES[0])
    high = np.full(len(shifted), LOG_TEMPERATURES[1])
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        # the best class has 1 / (sum over classes), as its own logit is 0
        too_sure = 1 / np.exp(shifted / np.exp(middle)[:, None]).sum(axis=1) > wanted
        low, high = np.where(too_sure, middle, low), np.where(too_sure, high, middle)
    result: np.ndarray = np.exp(shifted / np.exp((low + high) / 2)[:, None])
    result /= result.sum(axis=1, keepdims=True)
    return result


def fit_probabilities(
    logits: np.ndarray,
    distance: np.ndarray,
    truth: np.ndarray,
    weights: np.ndarray,
    *,
    frequency: bool = False,
) -> Calibration:
    """Fit how likely the best class is right, by the log loss.

    Parameters
    ----------
    logits : numpy.ndarray
        ``(n_samples, n_classes)``, out of fold.
    distance : numpy.ndarray
        ``(n_samples,)``.
    truth : numpy.ndarray
        ``(n_samples,)`` of int; -1 for a class that the fold could not know (left out of the fit).
    weights : numpy.ndarray
        ``(n_samples,)``; those of one study sum to one where studies shall be equal.
    frequency : bool
        Whether to add how common each class is.
    """
    known = truth >= 0
    if not known.any():
        return Calibration()
    logits, distance, truth = logits[known], distance[known], truth[known]
    w = weights[known] / weights[known].sum()
    base = _fit_frequency(logits, distance, truth, w) if frequency else Calibration()
    return _fit_odds(base, logits, distance, truth, w)


def _fit_odds(
    base: Calibration, logits: np.ndarray, distance: np.ndarray, truth: np.ndarray, w: np.ndarray
) -> Calibration:
    """Fit intercept and slope of the odds that the best class is right; `w` sums to one."""
    from scipy.optimize import minimize

    adjusted = base.adjusted(logits, distance)
    score, right = leads(adjusted), adjusted.argmax(axis=1) == truth
    # Platt's targets: as if one more had been right and one wrong (section 2.2), so that a handful
    # of right answers is no certainty
    n = 1 / (w**2).sum()
    n_right = n * float(w @ right)
    target = np.where(right, (n_right + 1) / (n_right + 2), 1 / (n - n_right + 2))

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        odds = parameters[0] + parameters[1] * score
        value = w @ (np.logaddexp(0, odds) - target * odds)
        error = w * (1 / (1 + np.exp(-odds)) - target)
        return float(value), np.array([error.sum(), error @ score])

    found = minimize(
        loss, np.array([0.0, 1.0]), jac=True, method="L-BFGS-B", bounds=[(-50, 50), (0, 50)]
    )
    return replace(base, intercept=float(found.x[0]), slope=float(found.x[1]))


def _fit_frequency(
    logits: np.ndarray, distance: np.ndarray, truth: np.ndarray, w: np.ndarray
) -> Calibration:
    """Fit the scale of the logits and the weight of the class frequencies; `w` sums to one."""
    from scipy.optimize import minimize

    n, n_classes = 1 / (w**2).sum(), logits.shape[1]
    # half a sample more of each class, so that none is impossible
    share = np.log((n * np.bincount(truth, w, n_classes) + 0.5) / (n + 0.5 * n_classes))
    by_distance = logits.astype(np.float64) / distance[:, None]
    rows = np.arange(len(truth))

    def loss(parameters: np.ndarray) -> float:
        p = softmax(np.exp(parameters[0]) * by_distance + parameters[1] * share)
        return float(-(w @ np.log(np.maximum(p[rows, truth], LEAST))))

    found = minimize(
        loss, np.array([-2.0, 0.5]), method="L-BFGS-B", bounds=[(-9, 3), (0, LARGEST_SHARE)]
    )
    return Calibration(scale=float(np.exp(found.x[0])), frequency=(found.x[1] * share).tolist())


def fit_calibration(
    logits: np.ndarray,
    distance: np.ndarray,
    truth: np.ndarray,
    weights: np.ndarray,
    fold: np.ndarray,
    *,
    fitted_on: str,
    base_rates: bool = True,
    level: float = SET_LEVEL,
) -> Calibration:
    """Fit probabilities and the threshold of sets on out-of-fold logits, and see how calls fare.

    Calls and sets are judged on probabilities that were fitted without the sample's own fold.

    Parameters
    ----------
    logits : numpy.ndarray
        ``(n_samples, n_classes)``; -inf for classes that the sample's fold did not know.
    distance : numpy.ndarray
        ``(n_samples,)``.
    truth : numpy.ndarray
        ``(n_samples,)`` of int, index of the true class.
    weights : numpy.ndarray
        ``(n_samples,)``: studies equal, for instance.
    fold : numpy.ndarray
        ``(n_samples,)`` of int.
    fitted_on : str
        What the logits are, for the card.
    base_rates : bool
        Whether the frequency of classes may be added.
    level : float
        Share of samples whose set must hold the truth.
    """
    rows = np.arange(len(logits))
    knows = np.isfinite(logits[rows, truth])
    truth_or_unknown = np.where(knows, truth, -1)
    probabilities, frequency = _cross_fit(
        logits, distance, truth_or_unknown, weights, fold, base_rates
    )
    result = fit_probabilities(logits, distance, truth_or_unknown, weights, frequency=frequency)
    best = probabilities.max(axis=1)
    result.threshold = _call_threshold(best[knows], weights[knows])
    # a class that no training study of the fold had can't be predicted; telling such samples is the
    # task of `Novelty`, and these figures are about those that could be right
    called = result.called(probabilities) & knows
    if called.any():
        right = probabilities.argmax(axis=1) == truth
        result.precision = round(float(weights[called & right].sum() / weights[called].sum()), 4)
        result.coverage = round(float(weights[called].sum() / weights[knows].sum()), 4)
    else:
        result.threshold = NEVER  # how right calls would be is not known
    true_probability = probabilities[rows, truth][knows]
    result.set_threshold = weighted_quantile(true_probability, weights[knows], 1 - level)
    result.set_level, result.fitted_on = level, fitted_on
    return result


def across_folds(
    logits: np.ndarray,
    distance: np.ndarray,
    truth: np.ndarray,
    weights: np.ndarray,
    fold: np.ndarray,
    *,
    base_rates: bool = True,
) -> np.ndarray:
    """Return probabilities, each fold's calibrated on the *other* folds.

    Parameters as in `fit_calibration`. A single fold, for which there are no others, is calibrated
    on itself.

    Returns
    -------
    numpy.ndarray
        ``(n_samples, n_classes)``; 0 where a logit is -inf.
    """
    return _cross_fit(logits, distance, truth, weights, fold, base_rates)[0]


def _cross_fit(
    logits: np.ndarray,
    distance: np.ndarray,
    truth: np.ndarray,
    weights: np.ndarray,
    fold: np.ndarray,
    base_rates: bool,
) -> tuple[np.ndarray, bool]:
    """Return what `across_folds` does, and whether the frequency of classes helped.

    That one choice is made on all folds.
    """
    known = np.flatnonzero(truth >= 0)
    results = {}
    for frequency in (False, True) if base_rates else (False,):
        result = np.empty(logits.shape)
        for k in np.unique(fold):
            here = fold == k
            other = ~here if (~here).any() else here
            fitted = fit_probabilities(
                logits[other], distance[other], truth[other], weights[other], frequency=frequency
            )
            result[here] = fitted.probabilities(logits[here], distance[here])
        loss = -weights[known] @ np.log(np.maximum(result[known, truth[known]], LEAST))
        results[frequency] = float(loss), result
    best = base_rates and results[True][0] < results[False][0]
    return results[best][1], best


def _call_threshold(best: np.ndarray, weights: np.ndarray) -> float:
    """Return the lowest probability from which calls are expected to be right often enough.

    That is `CALL_PROBABILITY`, where `PRECISION_GOAL` cannot be had without withholding more than
    `COVERAGE_GOAL` allows.
    """
    order = np.argsort(-best, kind="stable")
    share = np.cumsum(weights[order])
    enough = np.flatnonzero(np.cumsum((weights * best)[order]) >= PRECISION_GOAL * share)
    if not len(enough) or share[enough[-1]] < COVERAGE_GOAL * share[-1]:
        return CALL_PROBABILITY
    return max(float(best[order][enough[-1]]), CALL_PROBABILITY)


def weighted_quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    """Return the value below which a share of the weight lies, rounded to the cautious side."""
    if not len(values):
        return 0.0
    order = np.argsort(values)
    below = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][max(int(np.searchsorted(below, share)) - 1, 0)])
