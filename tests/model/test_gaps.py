import numpy as np
import pytest

from srna_augment.model.gaps import cautious_logits, draws, spread_of_gaps
from srna_augment.model.inputs import Inputs
from srna_augment.model.network import Dense, Network
from srna_augment.model.target import Years

FEATURES = [f"mir-{i}" for i in range(6)]


@pytest.fixture
def inputs():
    generator = np.random.default_rng(0)
    loadings = generator.normal(size=(2, 6, 2)).astype("f4")
    return Inputs(
        FEATURES, ["scaled", "ranked"], np.zeros(6), np.zeros((2, 6)), loadings, np.array([0.3, 2])
    )


class Linear:
    """Three classes, the first input their only evidence."""

    def logits(self, x):
        return np.stack([2 * x[:, 0], np.zeros(len(x)), np.full(len(x), -50.0)], axis=1)


def test_without_gaps_logits_are_the_learners(inputs):
    x = np.random.default_rng(1).normal(size=(5, 12)).astype("f4")
    kernel = np.random.default_rng(2).normal(size=(12, 3)).astype("f4")
    network = Network([[Dense(kernel, np.zeros(3, "f4"))]], np.ones(1))
    plain = cautious_logits(network, inputs, x, np.zeros((5, 6), dtype=bool))
    np.testing.assert_array_equal(plain, network.logits(x))


def test_shrinking_by_hand(inputs):
    x = np.zeros((3, 12), dtype="f4")
    x[:, 0] = [1.0, -1.0, 0.0]
    gaps = np.zeros((3, 6), dtype=bool)
    gaps[:2, 0] = True
    doubt = 2 * draws(inputs, ~gaps[0])[0, :, 0].std()
    logits = cautious_logits(Linear(), inputs, x, gaps)
    factor = 2 / np.hypot(2, doubt)
    np.testing.assert_allclose(logits[0], factor * np.array([2, 0, -50]), rtol=1e-5)
    np.testing.assert_allclose(logits[1], factor * np.array([-2, 0, -50]), rtol=1e-5)
    np.testing.assert_array_equal(logits[2], [0, 0, -50])


def test_a_gap_that_decides_nothing_changes_nothing(inputs):
    x = np.ones((1, 12), dtype="f4")
    gaps = np.zeros((1, 6), dtype=bool)
    gaps[0, 3:] = True
    np.testing.assert_allclose(cautious_logits(Linear(), inputs, x, gaps), [[2, 0, -50]])


def test_a_tie_stays_finite_and_impossible_classes_impossible(inputs):
    class Tie:
        def logits(self, x):
            shape = np.ones(len(x))
            return np.stack([0 * shape, 0 * shape + x[:, 0] - x[:, 0], -np.inf * shape], axis=1)

    gaps = np.ones((2, 6), dtype=bool)
    logits = cautious_logits(Tie(), inputs, np.zeros((2, 12), "f4"), gaps)
    assert (logits[:, :2] == 0).all()
    assert (logits[:, 2] == -np.inf).all()


def test_one_possible_class_stays_certain(inputs):
    class One:
        def logits(self, x):
            return np.tile(np.array([-np.inf, 0.0, -np.inf]), (len(x), 1))

    gaps = np.ones((2, 6), dtype=bool)
    logits = cautious_logits(One(), inputs, np.zeros((2, 12), "f4"), gaps)
    np.testing.assert_array_equal(logits, [[-np.inf, 0, -np.inf]] * 2)


def test_draws_scatter_as_the_factor_model_says(inputs, monkeypatch):
    monkeypatch.setattr("srna_augment.model.gaps.N_DRAWS", 200_000)
    there = np.array([True, True, False, True, False, False])
    found = draws(inputs, there)
    for i in range(2):
        loadings = inputs.loadings[i].astype(float)
        whole = loadings @ loadings.T + inputs.noise[i] * np.eye(6)
        known = np.linalg.solve(whole[np.ix_(there, there)], whole[np.ix_(there, ~there)])
        left = whole[np.ix_(~there, ~there)] - whole[np.ix_(~there, there)] @ known
        assert (found[i][:, there] == 0).all()
        np.testing.assert_allclose(
            np.cov(found[i][:, ~there].T), left, atol=0.02 * np.abs(left).max()
        )


def test_a_sample_is_judged_alone_as_among_others(inputs):
    generator = np.random.default_rng(3)
    x = generator.normal(size=(50, 12)).astype("f4")
    gaps = generator.random((50, 6)) < 0.4
    whole = cautious_logits(Linear(), inputs, x, gaps)
    alone = [cautious_logits(Linear(), inputs, x[i : i + 1], gaps[i : i + 1])[0] for i in range(50)]
    np.testing.assert_allclose(whole, alone)


class OneInput:
    """The first input, as the years' learner has it."""

    def logits(self, x):
        return x[:, :1].astype(float)


def test_years_are_less_sure_where_what_decides_was_filled(inputs):
    x = np.zeros((3, 12), dtype="f4")
    x[:, 0] = [1.0, 1.0, -3.0]
    gaps = np.zeros((3, 6), dtype=bool)
    gaps[1, 0] = True
    gaps[2, 3] = True
    years = Years(OneInput(), centre=40.0, scale=20.0, half_width=16.0, level=0.9)
    middle, low, high = years.predict_interval(inputs, x, gaps)
    np.testing.assert_allclose(middle, [60, 60, 0])  # the third is 20 years before birth
    filled = 1.644854 * 20 * draws(inputs, ~gaps[1])[0, :, 0].std()
    np.testing.assert_allclose(high - 60, [16, np.hypot(16, filled), -60], rtol=1e-4)
    np.testing.assert_allclose(low, [44, max(60 - np.hypot(16, filled), 0), 0], rtol=1e-4)


def test_spread_of_gaps_is_none_where_all_is_reported(inputs):
    x = np.ones((4, 12), dtype="f4")
    none = np.zeros((4, 6), dtype=bool)
    spread = spread_of_gaps(lambda moved: moved.sum(axis=1), inputs, x, none)
    np.testing.assert_array_equal(spread, 0)


class BothViews:
    """Two classes: the first input of the scaled view against that of the ranked one."""

    def logits(self, x):
        return np.stack([x[:, 0], -3 * x[:, 6]], axis=1)


def test_two_classes_are_less_sure_too_and_the_doubt_of_views_adds_up(inputs):
    x = np.zeros((1, 12), dtype="f4")
    x[:, [0, 6]] = 2.0  # logits 2 and -6
    gaps = np.zeros((1, 6), dtype=bool)
    gaps[0, 0] = True
    drawn = draws(inputs, ~gaps[0])[:, :, 0]
    doubt = drawn[0].std() + 3 * drawn[1].std()
    logits = cautious_logits(BothViews(), inputs, x, gaps)
    np.testing.assert_allclose(logits, [8 / np.hypot(8, doubt) * np.array([2, -6])], rtol=1e-5)


def test_doubt_is_about_the_lead_not_about_either_class(inputs):
    class Together:
        """What speaks for one class speaks for the other as well, nearly."""

        def logits(self, x):
            return np.stack([x[:, 0], 0.9 * x[:, 0]], axis=1)

    x = np.full((1, 12), 10.0, dtype="f4")
    gaps = np.zeros((1, 6), dtype=bool)
    gaps[0, 0] = True
    doubt = 0.1 * draws(inputs, ~gaps[0])[0, :, 0].std()
    logits = cautious_logits(Together(), inputs, x, gaps)
    np.testing.assert_allclose(logits, [1 / np.hypot(1, doubt) * np.array([10, 9])], rtol=1e-4)


def test_what_is_drawn_is_added_to_what_was_filled(inputs):
    x = np.ones((1, 12), dtype="f4")
    gaps = np.zeros((1, 6), dtype=bool)
    gaps[0, 0] = True
    drawn = draws(inputs, ~gaps[0])[0, :, 0]
    spread = spread_of_gaps(lambda moved: np.exp(moved[:, 0]), inputs, x, gaps)
    np.testing.assert_allclose(spread, [np.exp(1 + drawn).std()], rtol=1e-5)


def test_many_samples_with_the_same_gaps_go_in_blocks(inputs, monkeypatch):
    x = np.random.default_rng(3).normal(size=(20, 12)).astype("f4")
    gaps = np.zeros((20, 6), dtype=bool)
    gaps[:, 0] = True
    whole = cautious_logits(Linear(), inputs, x, gaps)
    assert (whole != Linear().logits(x)).any(axis=1).all()
    monkeypatch.setattr("srna_augment.model.gaps.BLOCK_ROWS", 8)
    np.testing.assert_array_equal(cautious_logits(Linear(), inputs, x, gaps), whole)
