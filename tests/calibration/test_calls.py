import numpy as np
import pytest

from srna_augment.calibration import (
    Calibration,
    Novelty,
    across_folds,
    class_profiles,
    fit_calibration,
    novelty_threshold,
)
from srna_augment.calibration.calls import (
    LOWEST_THRESHOLD,
    NEVER,
    call_thresholds,
    fit_probabilities,
)
from srna_augment.model.network import softmax


def drawn(n=20_000, temperature=1.0, seed=0):
    """Return logits, and truths drawn from the softmax of logits over `temperature`."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(scale=3, size=(n, 4))
    p = softmax(logits / np.reshape(temperature, (-1, 1)))
    truth = (p.cumsum(axis=1) > generator.random(n)[:, None]).argmax(axis=1)
    return logits, truth


def one(n):
    return np.ones(n)


@pytest.mark.parametrize("temperature", [0.5, 1, 3])
def test_temperature_is_found_again(temperature):
    logits, truth = drawn(temperature=temperature)
    fitted = fit_probabilities(logits, one(20_000), truth, one(20_000))
    assert fitted.temperature == pytest.approx(temperature, rel=0.1)
    assert max(fitted.lapses) < 0.05


def test_far_samples_are_less_sure():
    distance = np.random.default_rng(1).uniform(0.5, 4, 20_000)
    logits, truth = drawn(temperature=distance)
    fitted = fit_probabilities(logits, distance, truth, one(20_000))
    assert fitted.power == 1
    same = np.array([[3.0, 0, 0, 0]] * 2)
    near, far = fitted.probabilities(same, np.array([0.5, 4])).max(axis=1)
    assert near > far + 0.3


def test_a_class_that_is_mistaken_lapses_to_what_it_is_mistaken_for():
    logits, truth = drawn()
    wrong = (truth == 2) & (np.random.default_rng(2).random(20_000) < 0.4)
    fitted = fit_probabilities(logits, one(20_000), np.where(wrong, 3, truth), one(20_000))
    assert fitted.lapses[2] == pytest.approx(0.4, abs=0.07)
    assert max(fitted.lapses[0], fitted.lapses[1]) < 0.05
    assert np.argmax(fitted.mistaken[2]) == 3
    sure = fitted.probabilities(np.array([[0, 0, 50.0, 0]]), one(1))[0]
    assert sure[2] == pytest.approx(0.6, abs=0.07)
    assert sure.sum() == pytest.approx(1)


def test_classes_that_a_fold_could_not_know_do_not_move_the_fit():
    logits, truth = drawn()
    unknown = truth.copy()
    unknown[:5000] = -1
    part = fit_probabilities(logits[5000:], one(15_000), truth[5000:], one(15_000))
    whole = fit_probabilities(logits, one(20_000), unknown, one(20_000))
    assert whole.temperature == pytest.approx(part.temperature, rel=1e-3)


def test_a_class_that_cannot_be_has_no_probability():
    logits = np.array([[1.0, -np.inf, 0], [2, 1, 0]])
    p = across_folds(logits, one(2), np.array([0, 0]), one(2), np.array([0, 1]))
    assert p[0, 1] == 0
    assert p[1, 1] > 0


def test_probabilities_calls_and_sets_keep_their_promise_on_new_samples():
    logits, truth = drawn(temperature=0.7)
    half = 10_000
    fitted = fit_calibration(
        logits[:half], one(half), truth[:half], one(half), np.arange(half) % 5, fitted_on="half"
    )
    p = fitted.probabilities(logits[half:], one(half))
    right = p.argmax(axis=1) == truth[half:]
    assert abs(p.max(axis=1).mean() - right.mean()) < 0.02
    called = fitted.called(p)
    assert right[called].mean() == pytest.approx(0.95, abs=0.02)
    assert fitted.precision == pytest.approx(right[called].mean(), abs=0.02)
    assert fitted.coverage == pytest.approx(called.mean(), abs=0.02)
    held = fitted.sets(p)[np.arange(half), truth[half:]].mean()
    assert held == pytest.approx(0.9, abs=0.02)


def thresholds(predicted, best, right, weights=None, n_classes=2):
    weights = one(len(best)) if weights is None else weights
    return call_thresholds(predicted, best, right, weights, n_classes, 0.95)


def test_the_threshold_by_hand():
    best = np.linspace(1, 0.5, 100)
    right = one(100).astype(bool)
    right[[60, 62, 64, 66, 98]] = False
    # 62 with one error, 64 with two and 66 with three are right often enough; 67 with four is not
    # (.940), and after that 95 of 99 and 95 of 100 are again, at the end
    assert thresholds(np.zeros(100, int), best, right)[0] == LOWEST_THRESHOLD
    right[99] = False
    # now the last that reaches the goal is the 98th: four of 98
    assert thresholds(np.zeros(100, int), best, right)[0] == best[97]


def test_a_class_that_is_mistaken_is_never_called():
    predicted = np.repeat([0, 1], 50)
    right = predicted == 0
    right[50:90] = True  # the second class is right in 40 of 50
    assert thresholds(predicted, np.full(100, 0.9), right).tolist() == [LOWEST_THRESHOLD, NEVER]


def test_small_studies_can_forbid_a_class():
    right = one(100).astype(bool)
    right[:2] = False
    zero, best = np.zeros(100, int), np.full(100, 0.9)
    assert thresholds(zero, best, right)[0] == LOWEST_THRESHOLD
    weights = np.where(np.arange(100) < 2, 50.0, 1.0)
    assert thresholds(zero, best, right, weights)[0] == NEVER


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
    assert not fitted.called(np.array([[1.0, 0, 0]])).any()


def test_the_best_class_is_always_in_its_set():
    sets = Calibration(set_threshold=0.9).sets(np.array([[0.5, 0.3, 0.2]]))
    assert sets.tolist() == [[True, False, False]]


def test_novelty_tells_noise_from_members():
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(3, 200))
    classes = generator.integers(0, 3, 300)
    x = centres[classes] + 0.5 * generator.normal(size=(300, 200))
    profiles = class_profiles(x[:200], classes[:200], 3, one(200))
    novelty = Novelty(profiles, np.zeros(1))
    novelty.threshold[0] = novelty_threshold(novelty.distance(x[200:]), one(100))
    assert novelty.is_novel(novelty.distance(x)).mean() <= 0.05
    noise = generator.normal(size=(50, 200))
    shuffled = generator.permuted(x[:50], axis=1)
    assert novelty.is_novel(novelty.distance(noise)).all()
    assert novelty.is_novel(novelty.distance(shuffled)).all()


def test_distance_by_hand():
    novelty = Novelty(np.array([[0, 0], [3, 4]]), np.array([1.0]))
    np.testing.assert_allclose(novelty.distance(np.array([[3, 4], [1, 1]])), [1e-6, 1], atol=1e-6)
