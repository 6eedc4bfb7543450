import numpy as np
import pytest

from srna_augment.calibration import Calibration, across_folds, fit_calibration
from srna_augment.calibration.calls import (
    CALL_PROBABILITY,
    NEVER,
    _call_threshold,
    _fit_frequency,
    fit_probabilities,
    leads,
    weighted_quantile,
)


def drawn(n=20_000, intercept=-0.5, slope=1.2, seed=0, distance=None):
    """Return logits, and truths: the best class with the odds that its lead gives, else another."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(scale=3, size=(n, 4))
    adjusted = logits / (one(n) if distance is None else distance)[:, None]
    p = 1 / (1 + np.exp(-intercept - slope * leads(adjusted)))
    order = np.argsort(-logits, axis=1)
    right = generator.random(n) < p
    truth = np.where(right, order[:, 0], order[np.arange(n), generator.integers(1, 4, n)])
    return logits, truth


def one(n):
    return np.ones(n)


def test_leads_by_hand():
    logits = np.array([[3.0, 1.0, -np.inf], [2.0, 2.0, 0.0]])
    np.testing.assert_allclose(leads(logits), np.log([2.1, 0.1]))


def test_the_best_class_gets_the_probability_of_its_lead():
    calibration = Calibration(intercept=-0.5, slope=1.0)
    logits = np.array([[0.0, 4.0, 1.0], [5.0, -np.inf, 1.0]])
    p = calibration.probabilities(logits, np.array([1.0, 2.0]))
    expected = 1 / (1 + np.exp(0.5 - np.log([3.1, 2.1])))
    np.testing.assert_allclose(p.max(axis=1), expected, rtol=1e-6)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert p.argmax(axis=1).tolist() == [1, 0]
    assert p[0, 2] > p[0, 0]
    assert p[1, 1] == 0


def test_tied_classes_share_and_no_order_is_turned():
    calibration = Calibration(intercept=9.0)
    p = calibration.probabilities(np.array([[1.0, 1.0, 0.0]]), one(1))
    np.testing.assert_allclose(p, [[0.5, 0.5, 0]], atol=1e-6)
    unsure = Calibration(intercept=-9.0).probabilities(np.array([[2.0, 1.0, 0.0]]), one(1))
    np.testing.assert_allclose(unsure, 1 / 3, atol=1e-4)
    assert unsure.argmax() == 0


def test_odds_are_found_again():
    logits, truth = drawn()
    fitted = fit_probabilities(logits, one(20_000), truth, one(20_000))
    assert fitted.intercept == pytest.approx(-0.5, abs=0.1)
    assert fitted.slope == pytest.approx(1.2, abs=0.1)


def test_far_samples_are_less_sure():
    distance = np.random.default_rng(1).uniform(0.5, 4, 20_000)
    logits, truth = drawn(distance=distance)
    fitted = fit_probabilities(logits, distance, truth, one(20_000))
    same = np.array([[3.0, 0, 0, 0]] * 2)
    near, far = fitted.probabilities(same, np.array([0.5, 4])).max(axis=1)
    assert near == pytest.approx(1 / (1 + np.exp(0.5 - 1.2 * np.log(6.1))), abs=0.02)
    assert near > far + 0.3


def test_few_right_answers_are_no_certainty():
    logits = np.array([[9.0, 0.0]] * 3)
    fitted = fit_probabilities(logits, one(3), np.zeros(3, int), one(3))
    # three of three, and Platt's one right and one wrong more: four of five
    assert fitted.probabilities(logits, one(3))[0, 0] == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        # Platt's targets: right answers (r + 1) / (r + 2), wrong ones 1 / (w + 2); their mean
        ([1, 1, 1, 0], (3 * 4 / 5 + 1 / 3) / 4),
        ([1, 0, 0, 0], (2 / 3 + 3 / 5) / 4),
        ([0, 0, 0], 1 / 5),
    ],
)
def test_wrong_answers_by_hand(right, expected):
    n = len(right)
    logits = np.array([[9.0, 0.0]] * n)
    fitted = fit_probabilities(logits, one(n), 1 - np.array(right), one(n))
    odds = fitted.intercept + fitted.slope * np.log(9.1)
    assert 1 / (1 + np.exp(-odds)) == pytest.approx(expected, abs=1e-3)


def test_a_model_of_one_class_leads_as_far_as_can_be():
    np.testing.assert_array_equal(leads(np.zeros((2, 1))), np.log([500.0, 500.0]))


def test_classes_that_a_fold_could_not_know_do_not_move_the_fit():
    logits, truth = drawn()
    unknown = truth.copy()
    unknown[:5000] = -1
    part = fit_probabilities(logits[5000:], one(15_000), truth[5000:], one(15_000))
    whole = fit_probabilities(logits, one(20_000), unknown, one(20_000))
    assert (whole.intercept, whole.slope) == pytest.approx((part.intercept, part.slope))


def test_a_class_that_cannot_be_has_no_probability():
    logits = np.array([[1.0, -np.inf, 0], [2, 1, 0]])
    p = across_folds(logits, one(2), np.array([0, 0]), one(2), np.array([0, 1]))
    assert p[0, 1] == 0
    assert p[1, 1] > 0


def test_common_classes_win_where_logits_say_little():
    generator = np.random.default_rng(0)
    n = 6000
    truth = (generator.random(n) < 0.2).astype(int)  # four in five are of the first class
    logits = generator.normal(size=(n, 2))
    logits[np.arange(n), truth] += 0.3
    fold = np.arange(n) % 5
    fitted = fit_calibration(logits, one(n), truth, one(n), fold, fitted_on="toy")
    p = fitted.probabilities(logits, one(n))
    assert len(fitted.frequency) == 2
    assert (p.argmax(axis=1) == truth).mean() > 0.79
    assert p[:, 0].mean() == pytest.approx(0.8, abs=0.02)


def test_frequencies_are_left_out_where_logits_say_all():
    logits, truth = drawn(2000)
    fold = np.arange(2000) % 5
    fitted = fit_calibration(logits, one(2000), truth, one(2000), fold, fitted_on="toy")
    assert fitted.frequency == []


def test_probabilities_calls_and_sets_keep_their_promise_on_new_samples():
    logits, truth = drawn(intercept=1.0, slope=1.8)
    half = 10_000
    fitted = fit_calibration(
        logits[:half], one(half), truth[:half], one(half), np.arange(half) % 5, fitted_on="half"
    )
    p = fitted.probabilities(logits[half:], one(half))
    right = p.argmax(axis=1) == truth[half:]
    assert abs(p.max(axis=1).mean() - right.mean()) < 0.02
    called = fitted.called(p)
    assert right[called].mean() == pytest.approx(0.95, abs=0.02)
    assert called.mean() > 0.5
    assert right[called].mean() == pytest.approx(p[called].max(axis=1).mean(), abs=0.02)
    assert fitted.precision == pytest.approx(right[called].mean(), abs=0.02)
    assert fitted.coverage == pytest.approx(called.mean(), abs=0.02)
    held = fitted.sets(p)[np.arange(half), truth[half:]].mean()
    assert held == pytest.approx(0.9, abs=0.02)


def test_noise_is_never_called():
    generator = np.random.default_rng(0)
    fitted = fit_calibration(
        generator.normal(size=(300, 3)),
        one(300),
        generator.integers(0, 3, 300),
        one(300),
        np.arange(300) % 5,
        fitted_on="noise",
    )
    assert fitted.coverage == 0
    assert fitted.precision is None
    assert fitted.threshold == NEVER
    sure = fitted.probabilities(np.array([[50.0, 0, 0]]), one(1))
    assert not fitted.called(sure).any()


def test_without_evidence_nothing_is_called():
    p = Calibration().probabilities(np.array([[99.0, 0.0]]), one(1))
    assert not Calibration().called(p).any()
    assert not Calibration().called(np.array([[1.0, 0.0]])).any()


def test_the_best_class_is_always_in_its_set():
    sets = Calibration(set_threshold=0.9).sets(np.array([[0.5, 0.3, 0.2]]))
    assert sets.tolist() == [[True, False, False]]


def test_the_threshold_by_hand():
    best = np.array([1.0, 0.96, 0.94, 0.91, 0.89, 0.85])
    # the first five are expected to be right in .94 of cases, the first four in .9525
    assert _call_threshold(best, one(6)) == 0.91
    # but with the unsure ones counting ten times, four are less than half
    assert _call_threshold(best, np.array([1, 1, 1, 1, 10, 10.0])) == CALL_PROBABILITY
    assert _call_threshold(np.full(3, 0.9), one(3)) == CALL_PROBABILITY
    assert _call_threshold(np.array([1.0, 1.0, 1.0, 0.79]), one(4)) == 1.0


def test_calls_and_sets_begin_at_their_thresholds():
    calibration = Calibration(threshold=0.75, set_threshold=0.25)
    p = np.array([[0.75, 0.25, 0.0], [0.5, 0.25, 0.25]])
    assert calibration.called(p).tolist() == [True, False]
    assert calibration.sets(p).tolist() == [[True, True, False], [True, True, True]]


def test_where_logits_say_nothing_the_frequencies_are_those_of_the_weighted_samples():
    """Weights 1/6, 1/2 and 1/3 count as 18/7 samples; each class has half a sample more."""
    n = 18 / 7
    share = np.log(np.array([n * 2 / 3 + 0.5, n / 3 + 0.5, 0.5]) / (n + 1.5))
    weights, truth = np.array([1, 3, 2]) / 6, np.array([0, 0, 1])
    fitted = _fit_frequency(np.zeros((3, 3)), one(3), truth, weights)
    found = np.array(fitted.frequency)
    np.testing.assert_allclose(found / found[0], share / share[0])
    assert found[0] < 0


def test_many_samples_without_logits_give_their_own_shares():
    truth = np.repeat([0, 1, 2], [700, 200, 100])
    fitted = _fit_frequency(np.zeros((1000, 3)), one(1000), truth, one(1000) / 1000)
    np.testing.assert_allclose(np.exp(fitted.frequency), [0.7, 0.2, 0.1], atol=0.01)


def test_logits_count_by_distance_in_the_fit_of_frequencies():
    logits, truth = drawn(2000)
    weights = one(2000) / 2000
    near = _fit_frequency(logits, one(2000), truth, weights)
    far = _fit_frequency(3 * logits, 3 * one(2000), truth, weights)
    assert far.scale == pytest.approx(near.scale, rel=1e-4)
    np.testing.assert_allclose(far.frequency, near.frequency, rtol=1e-3, atol=1e-5)


def test_logits_that_are_always_right_are_not_stretched_without_end():
    truth = np.arange(40) % 2
    logits = np.where(truth[:, None] == [0, 1], 1e-3, 0)
    fitted = _fit_frequency(logits, one(40), truth, one(40) / 40)
    assert fitted.scale == pytest.approx(np.exp(3))


def test_samples_of_classes_that_their_fold_did_not_know_do_not_move_the_calibration():
    logits, truth = drawn(400)
    fold = np.arange(400) % 4
    strange = drawn(80, seed=1)[0]
    strange[:, 2] = -np.inf
    alone = fit_calibration(logits, one(400), truth, one(400), fold, fitted_on="x")
    among = fit_calibration(
        np.concatenate([logits, strange]), one(480), np.append(truth, [2] * 80), one(480),
        np.append(fold, np.arange(80) % 4), fitted_on="x",
    )  # fmt: skip
    assert among.intercept == pytest.approx(alone.intercept, abs=1e-5)
    assert among.slope == pytest.approx(alone.slope, abs=1e-5)
    assert among.set_threshold == pytest.approx(alone.set_threshold, abs=1e-5)


@pytest.mark.parametrize(
    ("best", "weights", "expected"),
    [
        # 1 and 0.9 are right in 0.95 together, and make up half of the four
        ([0.9, 0.1, 1.0, 0.1], [1, 1, 1, 1], 0.9),
        # two of five are less than half
        ([1.0, 0.9, 0.1, 0.1, 0.1], [1, 1, 1, 1, 1], CALL_PROBABILITY),
        # one is enough where it has three quarters of the weight
        ([0.2, 0.98], [1, 3], 0.98),
    ],
)
def test_the_threshold_keeps_precision_and_coverage(best, weights, expected):
    assert _call_threshold(np.array(best), np.array(weights, dtype=float)) == expected


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1), (0.2, 1), (0.45, 1), (0.55, 1), (0.85, 2), (1.0, 2)]
)
def test_theweighted_quantile_errs_on_the_cautious_side(share, expected):
    """Weights 5, 3 and 2 of ten end at 0.5, 0.8 and 1: less than `share` lies up to the value."""
    values, weights = np.array([3.0, 1, 2]), np.array([2.0, 5, 3])
    assert weighted_quantile(values, weights, share) == expected


def test_without_values_the_quantile_rules_nothing_out():
    assert weighted_quantile(np.zeros(0), np.zeros(0), 0.1) == 0


def test_each_fold_is_calibrated_on_the_others():
    """Leads are right in fold 0 and wrong in fold 1: each is told what the other one showed."""
    logits = np.tile([4.0, 0.0, 0.0], (200, 1))
    fold = np.repeat([0, 1], 100)
    p = across_folds(logits, one(200), np.where(fold == 0, 0, 1), one(200), fold)
    assert (p[fold == 0].max(axis=1) < 0.4).all()
    assert (p[fold == 1, 0] > 0.9).all()
    alone = across_folds(logits[:100], one(100), np.zeros(100, int), one(100), np.zeros(100, int))
    assert (alone[:, 0] > 0.9).all()


def test_tissues_have_no_base_rate():
    """Logits that say nothing, and one class in nine of ten samples: said so only where asked."""
    truth = np.repeat([0, 1], [1800, 200])
    logits = np.random.default_rng(0).normal(size=(2000, 2)) / 10
    given = (logits, one(2000), truth, one(2000), np.arange(2000) % 5)
    assert across_folds(*given)[:, 0].mean() > 0.8
    assert abs(across_folds(*given, base_rates=False)[:, 0].mean() - 0.5) < 0.1
    assert fit_calibration(*given, fitted_on="toy").frequency
    assert not fit_calibration(*given, fitted_on="toy", base_rates=False).frequency
