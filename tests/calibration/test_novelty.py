import numpy as np

from srna_augment.calibration import Novelty, fit_novelty, novelty_threshold
from srna_augment.learners.covariance import Spread


def metric(profiles, directions, variances, level=1.0, strangers=()):
    return Novelty(
        np.array(profiles, float),
        np.array(strangers, float).reshape(-1, 2),
        np.array([directions], float),
        np.array([variances], float),
        np.array([level]),
        np.array([1.0]),
    )


def test_distance_by_hand():
    novelty = metric([[0, 0], [3, 4]], [[1, 0]], [4.0])
    # to (0, 0): 2 * 2 / 4 along the first axis, 1 * 1 / 1 along the second, by two features
    np.testing.assert_allclose(novelty.distance(np.array([[2.0, 1.0]])), [1.0])
    np.testing.assert_allclose(novelty.distance(np.array([[3.0, 4.0]])), [1e-6])
    assert novelty.is_novel(np.zeros((2, 2)), np.array([1.0, 1.1])).tolist() == [False, True]


def test_what_is_nearer_to_a_stranger_is_novel():
    novelty = metric([[0, 0]], [[1, 0]], [1.0], strangers=[[1.2, 0]])
    x = np.array([[0.5, 0.0], [0.7, 0.0]])
    assert novelty.is_novel(x, novelty.distance(x)).tolist() == [False, True]


def test_views_are_averaged():
    one_view = metric([[0, 0]], [[1, 0]], [4.0])
    two = Novelty(
        np.zeros((1, 4)),
        np.zeros((0, 4)),
        np.array([[[1.0, 0]], [[1.0, 0]]]),
        np.array([[4.0], [1.0]]),
        np.ones(2),
        np.ones(1),
    )
    x = np.array([[2.0, 1.0]])
    expected = (one_view.distance(x)[0] + (4 + 1) / 2) / 2
    np.testing.assert_allclose(two.distance(np.hstack([x, x])), [expected])


def test_it_tells_noise_from_members():
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(3, 200))
    classes = generator.integers(0, 3, 300)
    x = centres[classes] + 0.5 * generator.normal(size=(300, 200))
    novelty = fit_novelty(
        Spread(x[:200], classes[:200], np.full(200, "study"), np.full(200, "study"), 1)
    )

    def novel(samples):
        return novelty.is_novel(samples, novelty.distance(samples))

    assert not novel(100 * x).any()
    novelty.threshold[0] = novelty_threshold(novelty.distance(x[200:]), np.ones(100))
    assert novel(x).mean() <= 0.05
    assert novel(generator.normal(size=(50, 200))).all()
    assert novel(generator.permuted(x[:50], axis=1)).all()


def test_one_feature_is_enough():
    classes = np.arange(20) % 2
    x = np.random.default_rng(0).normal(size=(20, 1)) + 9 * classes[:, None]
    units = np.full(20, "study")
    novelty = fit_novelty(Spread(x, classes, units, units, 1))
    assert novelty.directions.shape == (1, 0, 1)
    distance = novelty.distance(np.array([x[classes == 0].mean(axis=0), [30.0]]))
    np.testing.assert_allclose(
        distance, [1e-6, (30 - x[classes == 1].mean()) ** 2 / novelty.level[0]], rtol=1e-5
    )


def test_strangers_are_learnt_by_unit():
    generator = np.random.default_rng(0)
    classes = np.arange(60) % 2
    x = generator.normal(size=(60, 20)) + 3 * classes[:, None]
    strange = generator.normal(size=(30, 20)) - 3
    units = np.full(60, "study")
    spread = Spread(x, classes, units, units, 1)
    plain = fit_novelty(spread)
    told = fit_novelty(spread, (strange, np.array(["a", "b"] * 15)))
    assert not plain.is_novel(strange, plain.distance(strange)).any()
    assert told.is_novel(strange, told.distance(strange)).all()
    assert told.is_novel(x, told.distance(x)).mean() < 0.05


def test_what_laboratories_differ_in_makes_no_sample_strange():
    generator = np.random.default_rng(0)
    classes = np.repeat([0, 1], 60)
    units = np.array([f"s{i // 6}" for i in range(120)])
    shift = np.zeros(50)
    shift[0] = 1
    x = generator.normal(size=(120, 50)) + 5 * classes[:, None]
    x += (10 * generator.normal(size=20))[np.repeat(np.arange(20), 6)][:, None] * shift
    novelty = fit_novelty(Spread(x, classes, units, units, 1))
    moved = x.copy()
    moved[:, 0] += 15
    elsewhere = x.copy()
    elsewhere[:, 1] += 15
    assert novelty.distance(moved).mean() < 2 * novelty.distance(x).mean()
    assert novelty.distance(elsewhere).mean() > 2 * novelty.distance(moved).mean()


def test_scatter_of_gaps_by_hand():
    novelty = metric([[0, 0]], [[1, 0]], [4.0], level=2.0)
    noise = np.array([0.5])
    gaps = np.array([[False, False], [True, False], [False, True], [True, True]])
    # without factors each gap has the noise, 0.5, over its variance, 4 or 2, and two features
    plain = novelty.scatter_of_gaps(gaps, np.zeros((1, 2, 1)), noise)
    np.testing.assert_allclose(plain, [0, 0.5 / 4 / 2, 0.5 / 2 / 2, 0.5 * (1 / 4 + 1 / 2) / 2])
    # one factor, loadings (3, 1): given the second, it has the variance 0.5 / (1 + 0.5)
    told = novelty.scatter_of_gaps(gaps[1:2], np.array([[[3.0], [1.0]]]), noise)
    np.testing.assert_allclose(told, [(9 * 0.5 / 1.5 + 0.5) / 4 / 2])


def test_the_distance_of_a_gap_is_what_would_be_expected_there():
    generator = np.random.default_rng(0)
    loadings, noise = generator.normal(size=(1, 6, 2)), np.array([0.3])
    directions = np.linalg.qr(generator.normal(size=(6, 2)))[0].T
    novelty = Novelty(
        np.zeros((1, 6)),
        np.zeros((0, 6)),
        directions[None],
        np.array([[5.0, 3.0]]),
        np.array([0.7]),
        np.ones(1),
    )
    there = np.array([True, True, True, False, False, False])
    covariance = loadings[0] @ loadings[0].T + 0.3 * np.eye(6)
    whole = generator.multivariate_normal(np.zeros(6), covariance)
    known = np.linalg.solve(covariance[np.ix_(there, there)], covariance[np.ix_(there, ~there)])
    filled = whole.copy()
    filled[~there] = whole[there] @ known
    left = covariance[np.ix_(~there, ~there)] - covariance[np.ix_(~there, there)] @ known
    draws = np.tile(whole, (200_000, 1))
    draws[:, ~there] = generator.multivariate_normal(filled[~there], left, 200_000)
    gaps = novelty.scatter_of_gaps(~there[None], loadings, noise)
    np.testing.assert_allclose(
        novelty.distance(filled[None], gaps), novelty.distance(draws).mean(), rtol=0.02
    )


def test_gaps_alone_make_nothing_nearer_to_a_stranger():
    novelty = metric([[0, 0]], [[1, 0]], [1.0], strangers=[[1.2, 0]])
    x, gaps = np.array([[0.5, 0.0]]), np.array([0.4])
    assert not novelty.is_novel(x, novelty.distance(x, gaps), gaps).any()


def test_what_is_far_from_all_is_novel_even_if_strangers_are_farther():
    novelty = metric([[0, 0]], [[1, 0]], [1.0], strangers=[[-9, 0]])
    x = np.array([[4.0, 0.0]])
    assert novelty.distance(x)[0] > novelty.threshold[0]
    assert novelty.is_novel(x, novelty.distance(x)).all()


def test_scatter_of_gaps_is_the_mean_of_the_views():
    two = Novelty(
        np.zeros((1, 4)),
        np.zeros((0, 4)),
        np.array([[[1.0, 0]], [[1.0, 0]]]),
        np.array([[4.0], [4.0]]),
        np.array([2.0, 2.0]),
        np.ones(1),
    )
    gaps = np.array([[True, False]])
    found = two.scatter_of_gaps(gaps, np.zeros((2, 2, 1)), np.array([0.5, 1.5]))
    np.testing.assert_allclose(found, [(0.5 / 4 + 1.5 / 4) / 4])


def test_with_few_features_the_distance_is_that_of_mahalanobis():
    """Fewer features than directions are kept: nothing is lost of the covariance."""
    generator = np.random.default_rng(0)
    classes = np.arange(90) % 3
    units = np.array([f"s{i}" for i in np.arange(90) // 9])
    x = generator.normal(size=(90, 12)) @ generator.normal(size=(12, 12)) + 4 * classes[:, None]
    spread = Spread(x, classes, units, units, 2)  # two views of six features
    novelty = fit_novelty(spread)
    square = np.zeros((5, 3))
    for i, (means, covariance) in enumerate(spread.views):
        away = x[:5, None, 6 * i : 6 * i + 6] - means  # samples, classes, features
        square += np.einsum("scf,fg,scg->sc", away, np.linalg.inv(covariance), away)
    np.testing.assert_allclose(novelty.distance(x[:5]), square.min(axis=1) / 12, rtol=1e-3)


def test_beyond_the_directions_that_are_kept_all_scatter_alike():
    generator = np.random.default_rng(0)
    classes = np.arange(200) % 2
    x = generator.normal(size=(200, 100)) * np.linspace(1, 5, 100) + 9 * classes[:, None]
    units = np.array([f"s{i}" for i in np.arange(200) // 20])
    spread = Spread(x, classes, units, units, 1)
    (means, covariance), = spread.views  # fmt: skip
    values, vectors = np.linalg.eigh(covariance)
    values[:-64] = values[:-64].mean()
    away = x[:5, None] - means
    square = (((away @ vectors) ** 2) / values).sum(axis=-1)
    found = fit_novelty(spread).distance(x[:5])
    np.testing.assert_allclose(found, square.min(axis=1) / 100, rtol=1e-3)


def test_two_in_a_hundred_of_the_samples_left_out_are_beyond_the_threshold():
    distance = np.random.default_rng(0).permutation(np.arange(1.0, 101))
    assert novelty_threshold(distance, np.ones(100)) == 98
    # the farthest sample has half of the weight: a study of its own
    assert novelty_threshold(np.array([1.0, 2, 3]), np.array([1.0, 1, 2])) == 3
    assert novelty_threshold(np.array([1.0, 2, 3]), np.array([50.0, 49, 1])) == 2
