import numpy as np
import pytest

from srna_augment.calibration import Calibration, fit_calibration, fit_novelty
from srna_augment.calibration.calls import call_threshold, fit_temperature
from srna_augment.model.network import softmax


def drawn(n=20_000, temperature=1.0, seed=0):
    """Return logits, and truths drawn from the softmax of logits over `temperature`."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(scale=3, size=(n, 4))
    p = softmax(logits / temperature)
    truth = (p.cumsum(axis=1) > generator.random(n)[:, None]).argmax(axis=1)
    return logits, truth


@pytest.mark.parametrize("temperature", [0.5, 1, 3])
def test_temperature_is_found_again(temperature):
    logits, truth = drawn(temperature=temperature)
    found = fit_temperature(logits, truth, np.ones(len(truth)))
    assert found == pytest.approx(temperature, rel=0.05)


def test_classes_that_a_fold_could_not_know_do_not_move_the_temperature():
    logits, truth = drawn()
    unknown = truth.copy()
    unknown[:5000] = -1
    whole = fit_temperature(logits[5000:], truth[5000:], np.ones(15_000))
    assert fit_temperature(logits, unknown, np.ones(20_000)) == pytest.approx(whole, rel=1e-4)


def test_threshold_by_hand():
    best = np.linspace(1, 0, 101)[:100]
    right = np.ones(100, dtype=bool)
    right[[60, 70, 71, 80]] = False
    threshold, precision, coverage = call_threshold(best, right, np.ones(100), 0.95)
    # before the second error 69 of 70 are right, one standard error off .963; with it 69 of 71,
    # one standard error off .945; after it never again
    assert coverage == pytest.approx(0.70)
    assert threshold == pytest.approx(best[69])
    assert precision == pytest.approx(69 / 70)


def test_small_studies_can_forbid_a_threshold():
    best, right = np.full(100, 0.9), np.ones(100, dtype=bool)
    right[:2] = False
    weights = np.where(np.arange(100) < 2, 50.0, 1.0)
    assert call_threshold(best, right, np.ones(100), 0.95)[2] > 0
    assert call_threshold(best, right, weights, 0.95)[2] == 0


def test_a_goal_out_of_reach_calls_nothing():
    calibration = fit_calibration(
        np.random.default_rng(0).normal(size=(300, 3)),
        np.random.default_rng(1).integers(0, 3, 300),
        np.ones(300),
        fitted_on="noise",
    )
    assert calibration.coverage == 0
    assert not calibration.called(np.array([[1.0, 0, 0]])).any()


def test_probabilities_and_sets_keep_their_promise_on_new_samples():
    logits, truth = drawn(temperature=0.7)
    fitted = fit_calibration(logits[:10_000], truth[:10_000], np.ones(10_000), fitted_on="half")
    p = fitted.probabilities(logits[10_000:])
    right = p.argmax(axis=1) == truth[10_000:]
    assert abs(p.max(axis=1).mean() - right.mean()) < 0.02
    called = fitted.called(p)
    assert right[called].mean() == pytest.approx(0.95, abs=0.02)
    held = fitted.sets(p)[np.arange(10_000), truth[10_000:]].mean()
    assert held == pytest.approx(0.9, abs=0.02)


def test_the_best_class_is_always_in_its_set():
    sets = Calibration(set_threshold=0.9).sets(np.array([[0.5, 0.3, 0.2]]))
    assert sets.tolist() == [[True, False, False]]


def test_novelty_tells_noise_from_members():
    generator = np.random.default_rng(0)
    profiles = generator.normal(size=(3, 200))
    classes = generator.integers(0, 3, 300)
    units = generator.integers(0, 10, 300).astype(str)
    values = profiles[classes] + 0.5 * generator.normal(size=(300, 200))
    fitted = fit_novelty(values, classes, 3, units, np.ones(300))
    members = profiles[[0, 1, 2]] + 0.5 * generator.normal(size=(3, 200))
    noise = generator.normal(size=(50, 200))
    shuffled = generator.permuted(values[:50], axis=1)
    assert not fitted.is_novel(members).any()
    assert fitted.is_novel(noise).all()
    assert fitted.is_novel(shuffled).all()
    assert fitted.is_novel(values).mean() <= 0.01
