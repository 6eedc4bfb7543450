"""How sure to be: probabilities, thresholds of calls, and conformal sets, from left-out logits.

Logits are divided by a temperature (Guo et al. 2017, ICML, section 4.2) that may grow with a
sample's distance to the nearest class. That alone leaves predictions of 1.000 that are wrong, since
some classes are taken for another whatever the logits say (retina for brain, plasma for serum). So
a prediction lapses with a share that its class has shown on studies left out, and what lapses goes
to the classes that it was mistaken for. Calls of a class that lapses often are withheld. Sets are
split conformal ones, with one minus the probability of the true class as the score (Sadinle et al.
2019, JASA 114(525)). All of it holds for samples like those that it was fitted on, hence it is
fitted on *studies left out* wherever there are any.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..model.network import softmax

PRECISION_GOAL = 0.95
# A class whose left-out predictions are right less often is never called.
CLASS_PRECISION = 0.9
# A prediction that is more likely wrong than right is never called.
LOWEST_THRESHOLD = 0.5
SET_LEVEL = 0.9
MINIMUM_CALLED = 20
# Studies that a class must have been predicted in before its own lapse outweighs the common one.
PRIOR_STUDIES = 3.0
LOWEST = -1e4
# A threshold that no probability reaches.
NEVER = 1.01
# No temperature beyond these is looked at; the factors are powers of e.
LOG_TEMPERATURES = (-3.0, 5.0)
LAPSES = (0.02, 0.05, 0.1, 0.2, 0.3)
LEAST_LAPSE, LARGEST_LAPSE = 0.002, 0.9
POWERS = (0.0, 0.5, 1.0, 2.0)


@dataclass
class Calibration:
    """How logits and distances become probabilities, calls and sets.

    Attributes
    ----------
    temperature : float
        What logits are divided by, for a sample at `distance`.
    distance : float
        The median distance of the samples that it was fitted on.
    power : float
        The temperature grows with this power of the distance.
    lapses : list of float
        ``(n_classes,)``: the share of its probability that a prediction of each class loses.
    mistaken : list of list of float
        ``(n_classes, n_classes)``: where it goes, a row a predicted class.
    thresholds : list of float
        ``(n_classes,)``: the probability from which a prediction of a class is called; above 1 for
        a class that is never called.
    precision : float or None
        The share of right calls, studies equal, on folds that the thresholds were not chosen on;
        None where nothing was called.
    coverage : float
        The share of samples, studies equal, that was called there.
    set_threshold : float
        Classes with at least this probability cannot be ruled out.
    set_level : float
        The share of samples whose true class is in their set.
    fitted_on : str
        Which out-of-fold predictions, for the card.
    """

    temperature: float = 1.0
    distance: float = 1.0
    power: float = 0.0
    lapses: list[float] = field(default_factory=list)
    mistaken: list[list[float]] = field(default_factory=list)
    thresholds: list[float] = field(default_factory=list)
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
        temperatures = self.temperature * (distance / self.distance) ** self.power
        finite = _finite(logits)
        result = softmax(finite / np.clip(temperatures, 1e-3, 1e6)[:, None])
        if not self.lapses:
            return result
        predicted = finite.argmax(axis=1)
        lapse = np.asarray(self.lapses)[predicted][:, None]
        mistaken = np.where(np.isfinite(logits), np.asarray(self.mistaken)[predicted], 0)
        mistaken /= np.maximum(mistaken.sum(axis=1, keepdims=True), 1e-12)
        return (1 - lapse) * result + lapse * mistaken

    def called(self, probabilities: np.ndarray) -> np.ndarray:
        """Tell for which samples, ``(n_samples,)`` of bool, the best class is called."""
        if not self.thresholds:
            return np.zeros(len(probabilities), dtype=bool)
        best = probabilities.argmax(axis=1)
        return probabilities.max(axis=1) >= np.asarray(self.thresholds)[best]

    def sets(self, probabilities: np.ndarray) -> np.ndarray:
        """Return which classes cannot be ruled out, ``(n_samples, n_classes)`` of bool.

        The most probable class is always in its set.
        """
        best = np.arange(probabilities.shape[1]) == probabilities.argmax(axis=1)[:, None]
        return (probabilities >= self.set_threshold) | best


def _finite(logits: np.ndarray) -> np.ndarray:
    """Return logits in float64, the best of each sample at 0, what cannot be far below."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.maximum(shifted, LOWEST)


def fit_probabilities(
    logits: np.ndarray, distance: np.ndarray, truth: np.ndarray, weights: np.ndarray
) -> Calibration:
    """Fit temperature, its power of the distance, and the lapses of each class, by the log loss.

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
    """
    from scipy.optimize import minimize_scalar

    known = truth >= 0
    if not known.any():
        return Calibration()
    rows, columns, w = _finite(logits[known]), truth[known], weights[known]
    middle = float(np.median(distance[known]))
    relative = distance[known] / middle

    n_classes = rows.shape[1]

    def of_truth(temperatures: np.ndarray) -> np.ndarray:
        return softmax(rows / temperatures[:, None])[np.arange(len(rows)), columns]

    def common(power: float, lapse: float) -> tuple[float, float, float, float]:
        grown = relative**power

        def loss(log_temperature: float) -> float:
            p = (1 - lapse) * of_truth(np.exp(log_temperature) * grown) + lapse / n_classes
            return float(-(w * np.log(p)).sum())

        found = minimize_scalar(loss, bounds=LOG_TEMPERATURES, method="bounded")
        return float(found.fun), power, lapse, float(np.exp(found.x))

    _, _, lapse, _ = min(common(0.0, lapse) for lapse in LAPSES)
    _, power, _, temperature = min(common(power, lapse) for power in POWERS)
    predicted = rows.argmax(axis=1)
    mistaken = np.full((n_classes, n_classes), 1 / n_classes)
    wrong = predicted != columns
    np.add.at(mistaken, (predicted[wrong], columns[wrong]), w[wrong])
    mistaken /= mistaken.sum(axis=1, keepdims=True)
    p = of_truth(temperature * relative**power)
    lapses = np.full(n_classes, lapse)
    for k in np.unique(predicted):
        at = predicted == k
        lapses[k] = _own_lapse(p[at], mistaken[k, columns[at]], w[at], lapse)
    return Calibration(
        temperature=temperature,
        distance=middle,
        power=power,
        lapses=lapses.tolist(),
        mistaken=mistaken.tolist(),
    )


def _own_lapse(p: np.ndarray, elsewhere: np.ndarray, weights: np.ndarray, common: float) -> float:
    """Return the lapse of one predicted class, drawn to the common one by a beta prior.

    Parameters
    ----------
    p, elsewhere, weights : numpy.ndarray
        ``(n_samples,)``: probability of the truth, and how often it was what a mistake meant.
    common : float
        The lapse of all classes together.
    """
    from scipy.optimize import minimize_scalar

    def loss(lapse: float) -> float:
        mixed = (1 - lapse) * p + lapse * elsewhere
        prior = common * np.log(lapse) + (1 - common) * np.log(1 - lapse)
        return float(-(weights * np.log(np.maximum(mixed, 1e-12))).sum() - PRIOR_STUDIES * prior)

    bounds = (LEAST_LAPSE, LARGEST_LAPSE)
    return float(minimize_scalar(loss, bounds=bounds, method="bounded").x)


def fit_calibration(
    logits: np.ndarray,
    distance: np.ndarray,
    truth: np.ndarray,
    weights: np.ndarray,
    fold: np.ndarray,
    *,
    fitted_on: str,
    goal: float = PRECISION_GOAL,
    level: float = SET_LEVEL,
) -> Calibration:
    """Fit probabilities, the threshold of a call and that of sets on out-of-fold logits.

    The thresholds are chosen on probabilities that were fitted without the sample's own fold.

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
    goal : float
        Precision that a call must have.
    level : float
        Share of samples whose set must hold the truth.
    """
    knows = np.isfinite(logits[np.arange(len(logits)), truth])
    truth_or_unknown = np.where(knows, truth, -1)
    result = fit_probabilities(logits, distance, truth_or_unknown, weights)
    probabilities = across_folds(logits, distance, truth_or_unknown, weights, fold)
    best = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    # a class that no training study of the fold had can't be predicted; telling such samples is the
    # task of `Novelty`, and the threshold is about those that could be right
    seen = (probabilities.argmax(axis=1)[knows], best[knows], right[knows], weights[knows])
    result.thresholds = call_thresholds(*seen, logits.shape[1], goal).tolist()
    result.precision, result.coverage = held_out_calls(*seen, fold[knows], logits.shape[1], goal)
    true_probability = probabilities[np.arange(len(truth)), truth][knows]
    result.set_threshold = _weighted_quantile(true_probability, weights[knows], 1 - level)
    result.set_level, result.fitted_on = level, fitted_on
    return result


def across_folds(
    logits: np.ndarray,
    distance: np.ndarray,
    truth: np.ndarray,
    weights: np.ndarray,
    fold: np.ndarray,
) -> np.ndarray:
    """Return probabilities, each fold's calibrated on the *other* folds.

    Parameters as in `fit_probabilities`; `fold` is ``(n_samples,)`` of int. A single fold, for
    which there are no others, is calibrated on itself.

    Returns
    -------
    numpy.ndarray
        ``(n_samples, n_classes)``; 0 where a logit is -inf.
    """
    result = np.empty(logits.shape)
    for k in np.unique(fold):
        here = fold == k
        other = ~here if (~here).any() else here
        fitted = fit_probabilities(logits[other], distance[other], truth[other], weights[other])
        result[here] = fitted.probabilities(logits[here], distance[here])
    result[~np.isfinite(logits)] = 0
    return result


def call_thresholds(
    predicted: np.ndarray,
    best: np.ndarray,
    right: np.ndarray,
    weights: np.ndarray,
    n_classes: int,
    goal: float,
) -> np.ndarray:
    """Choose which classes are called, and from which probability.

    A class is called if `CLASS_PRECISION` of its predictions were right, studies equal; one that
    was never predicted on studies left out keeps the benefit of the doubt. Any other class is
    called from the probability on from which it was right that often, two standard errors off (the
    lower Wilson bound), so that it takes many studies to say so. All share the lowest threshold,
    not below one half, that reaches the goal, by samples and with studies equal, so that neither
    large studies nor tiny ones decide.

    Parameters
    ----------
    predicted : numpy.ndarray
        ``(n_samples,)`` of int, the most probable class.
    best : numpy.ndarray
        ``(n_samples,)``, its probability.
    right : numpy.ndarray
        ``(n_samples,)`` of bool.
    weights : numpy.ndarray
        ``(n_samples,)``; those of a study sum to one.
    n_classes : int
        How many.
    goal : float
        The share of right calls wanted.

    Returns
    -------
    numpy.ndarray
        ``(n_classes,)``; `NEVER` for classes that are not called.
    """
    total = np.bincount(predicted, weights, n_classes)
    hits = np.bincount(predicted, weights * right, n_classes)
    own = np.full(n_classes, LOWEST_THRESHOLD)
    for k in np.flatnonzero(hits < CLASS_PRECISION * total):
        at = predicted == k
        own[k] = _class_threshold(best[at], right[at], weights[at])
    rows = np.flatnonzero(best >= own[predicted])
    order = rows[np.argsort(-best[rows], kind="stable")]
    hit, w = right[order].astype(float), weights[order]
    n = np.arange(1, len(hit) + 1)
    good = np.flatnonzero(
        (np.cumsum(hit) >= goal * n)
        & (np.cumsum(hit * w) >= goal * np.cumsum(w))
        & (n >= MINIMUM_CALLED)
        & _ends_of_ties(best[order])
    )
    if not len(good):
        return np.full(n_classes, NEVER)
    everything = good[-1] == len(hit) - 1
    threshold = LOWEST_THRESHOLD if everything else float(best[order][good[-1]])
    return np.maximum(own, threshold)


def _ends_of_ties(falling: np.ndarray) -> np.ndarray:
    """Tell where the next value is another one: a threshold cannot cut equal probabilities."""
    return np.append(falling[1:] != falling[:-1], True)[: len(falling)]


def _class_threshold(best: np.ndarray, right: np.ndarray, weights: np.ndarray) -> float:
    """Return the lowest probability from which a class was surely right often enough, or `NEVER`.

    Source: Wilson 1927, J Am Stat Assoc 22(158), with z = 2 and studies as the sample size.
    """
    z = 2.0
    order = np.argsort(-best, kind="stable")
    hit, w = right[order].astype(float), weights[order]
    share = np.cumsum(hit * w) / np.cumsum(w)
    n = np.cumsum(w) ** 2 / np.cumsum(w**2)
    spread = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    lower = (share + z**2 / (2 * n) - spread) / (1 + z**2 / n)
    good = np.flatnonzero((lower >= CLASS_PRECISION) & _ends_of_ties(best[order]))
    return max(float(best[order][good[-1]]), LOWEST_THRESHOLD) if len(good) else NEVER


def held_out_calls(
    predicted: np.ndarray,
    best: np.ndarray,
    right: np.ndarray,
    weights: np.ndarray,
    fold: np.ndarray,
    n_classes: int,
    goal: float,
) -> tuple[float | None, float]:
    """Return precision and coverage of calls whose thresholds the other folds chose.

    Parameters as in `call_thresholds`; `fold` is ``(n_samples,)`` of int.
    """
    called = np.zeros(len(best), dtype=bool)
    for k in np.unique(fold):
        here, other = fold == k, fold != k
        if not other.any():
            continue
        thresholds = call_thresholds(
            predicted[other], best[other], right[other], weights[other], n_classes, goal
        )
        called[here] = best[here] >= thresholds[predicted[here]]
    if not called.any():
        return None, 0.0
    precision = (weights * right)[called].sum() / weights[called].sum()
    return round(float(precision), 4), round(float(weights[called].sum() / weights.sum()), 4)


def _weighted_quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    """Return the value below which a share of the weight lies, rounded to the cautious side."""
    if not len(values):
        return 0.0
    order = np.argsort(values)
    below = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][max(int(np.searchsorted(below, share)) - 1, 0)])
