"""The metric of the linear path, by hand: who votes how much, and what laboratories add."""

from __future__ import annotations

import numpy as np
import pytest

from srna_augment.learners.covariance import (
    batch_differences,
    between_over_within,
    fit_covariance,
    voted_mean,
)

# class 0: two samples of study A, one of B; class 1: one of A
X = np.array([[0.0, 0], [2, 0], [5, 4], [0, 10]])
Y = np.array([0, 0, 0, 1])
STUDY = np.array(["A", "A", "B", "A"])


def test_a_study_votes_with_the_fourth_root_of_its_size() -> None:
    means, _ = fit_covariance(X, Y, STUDY)
    a, b = 2**0.25, 1.0  # study A's mean of class 0 is (1, 0), B's (5, 4)
    np.testing.assert_allclose(means[0], [(a * 1 + b * 5) / (a + b), b * 4 / (a + b)])
    np.testing.assert_allclose(means[1], [0, 10])
    np.testing.assert_allclose(voted_mean(X[:3], STUDY[:3]), means[0])


def test_a_study_has_sixty_votes_at_most() -> None:
    x = np.concatenate([np.zeros((1000, 1)), np.ones((60, 1))])
    mean = voted_mean(x, np.repeat(["A", "B"], [1000, 60]))
    np.testing.assert_allclose(mean, [0.5])


def test_within_and_twice_between_then_shrunk() -> None:
    """Within: (1, 0) to either side in A, 2 ** .5 of 2 ** .5 + 1 + 1 votes; between: class 0."""
    means, covariance = fit_covariance(X, Y, STUDY)
    within = np.array([[2**0.5 / (2**0.5 + 2), 0], [0, 0]])
    apart = np.array([[1, 0], [5, 4]]) - means[0]
    between = apart.T @ apart / (2 - 1)
    raw = within + 2 * between
    shrunk = 0.4 * raw + 0.6 * np.trace(raw) / 2 * np.eye(2)
    np.testing.assert_allclose(covariance, shrunk, rtol=1e-5)


def test_without_a_class_of_two_studies_nothing_is_known_of_laboratories() -> None:
    _, covariance = fit_covariance(X[:2], Y[:2], STUDY[:2])
    raw = np.array([[1.0, 0], [0, 0]])
    np.testing.assert_allclose(covariance, 0.4 * raw + 0.6 * 0.5 * np.eye(2), rtol=1e-5)
    assert np.linalg.eigvalsh(covariance).min() == pytest.approx(0.3, rel=1e-5)


def test_batches_by_hand() -> None:
    """Means (1, 0) and (2.5, 7); of a study with two samples in a batch, a vote each batch."""
    batches = np.array(["old", "old", "new", "new"])
    apart = batch_differences(X, STUDY, batches)
    new = np.array([[5, 4], [0, 10]]).mean(axis=0)  # B and A, one sample each
    old = np.array([1.0, 0])
    middle = (new + old) / 2
    np.testing.assert_allclose(apart, [new - middle, old - middle])  # in order of their names


def test_what_is_of_no_batch_says_nothing_of_batches() -> None:
    assert not batch_differences(X, STUDY, np.array(["old", "old", "", ""])).any()
    assert batch_differences(X, STUDY, np.array([""] * 4)).shape == (0, 2)
    _, known = fit_covariance(X, Y, STUDY)
    _, blank = fit_covariance(X, Y, STUDY, np.array([""] * 4))
    np.testing.assert_array_equal(known, blank)


def test_nothing_is_told_by_what_batches_differ_in() -> None:
    """Classes 0 and 1 differ in the first feature; 0 is of the old batch, 8 higher in the last."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 20)
    true = np.array([[0.0, 0, 8], [4, 0, 0], [-4, 4, 0]])
    x = rng.normal(size=(60, 3)) + true[y]
    units = np.tile(["A", "B"], 30)
    batches = np.where(y == 0, "old", "new")
    stranger = np.array([0.0, 0, 0])  # class 0 as another laboratory would have it

    def nearest(covariance: np.ndarray, means: np.ndarray) -> int:
        away = means - stranger
        return int((away * np.linalg.solve(covariance, away.T).T).sum(axis=1).argmin())

    means, covariance = fit_covariance(x, y, units)
    assert nearest(covariance, means) == 1
    means, covariance = fit_covariance(x, y, units, batches)
    assert nearest(covariance, means) == 0
    apart = batch_differences(x, units, batches)[0]
    assert apart @ np.linalg.solve(covariance, apart) < 0.1


def test_two_classes_of_several_studies_share_the_doubt_about_laboratories() -> None:
    """One sample each: nothing within. Three studies of one class, two of the other: 2 + 1."""
    x = np.array([[0.0, 0], [3, 0], [0, 3], [9, 1], [9, -1]])
    y, studies = np.array([0, 0, 0, 1, 1]), np.array(list("ABCAB"))
    means, covariance = fit_covariance(x, y, studies)
    np.testing.assert_allclose(means, [[1, 1], [9, 0]])
    apart = np.array([[-1, -1], [2, -1], [-1, 2], [0, 1], [0, -1]])
    raw = 2 * apart.T @ apart / 3
    shrunk = 0.4 * raw + 0.6 * np.trace(raw) / 2 * np.eye(2)
    np.testing.assert_allclose(covariance, shrunk, rtol=1e-5)


def test_laboratories_against_samples_by_hand() -> None:
    """Samples are 1 from the mean of their study: variance 4 / (4 - 2) = 2, summed over inputs.

    Means of class 0 are (1, 0) and (7, 0), of which chance, two means of two samples, explains
    1 / 2 * (2 / 2 + 2 / 2) = 1 of 3 ** 2 + 3 ** 2. A class of one study says nothing.
    """
    x = np.array([[0.0, 0], [2, 0], [7, 1], [7, -1]])
    y, studies = np.zeros(4, dtype=int), np.array(list("AABB"))
    assert between_over_within(x, y, studies) == pytest.approx((18 - 1) / 1 / 2)
    more = np.concatenate([x, [[40.0, 40], [40, 42]]])
    one_study = between_over_within(more, np.repeat([0, 1], [4, 2]), np.array(list("AABBAA")))
    # two more samples, 1 from their mean: 6 over 6 - 3 is 2 again
    assert one_study == pytest.approx((18 - 1) / 1 / 2)


def test_three_laboratories_have_two_differences() -> None:
    """Means 1, 4 and 10, 5 from which they are 42 apart; samples .5 from them: variance 1.5 / 3."""
    x = np.array([[0.5], [1.5], [3.5], [4.5], [9.5], [10.5]])
    ratio = between_over_within(x, np.zeros(6, dtype=int), np.array(list("AABBCC")))
    assert ratio == pytest.approx((42 - 2 / 3 * 3 * 0.5 / 2) / 2 / 0.5)


def test_where_studies_agree_laboratories_differ_less_than_chance() -> None:
    x = np.array([[0.0], [2], [0], [2]])
    ratio = between_over_within(x, np.zeros(4, dtype=int), np.array(list("AABB")))
    assert ratio == pytest.approx((0 - 1) / 1 / 2)


def test_one_study_a_class_tells_nothing_of_laboratories() -> None:
    x = np.array([[0.0], [2], [0], [2]])
    assert between_over_within(x, np.array([0, 0, 1, 1]), np.array(list("AABB"))) == 0
    same = np.zeros((4, 1))
    assert between_over_within(same, np.zeros(4, dtype=int), np.array(list("AABB"))) == 0


def test_batches_have_ten_times_the_square_of_their_difference() -> None:
    batches = np.array(["old", "old", "new", "new"])
    _, plain = fit_covariance(X, Y, STUDY)
    _, blind = fit_covariance(X, Y, STUDY, batches)
    apart = batch_differences(X, STUDY, batches)
    np.testing.assert_allclose(blind - plain, 10 * apart.T @ apart, rtol=1e-5)
