import numpy as np
import pytest

from srna_augment.model.inputs import (
    Inputs,
    by_pattern,
    fill_gaps,
    fit_factors,
    fit_inputs,
    mean_profile,
    mean_ranks,
    resemblance,
    view_of,
)

NAN = np.nan
FEATURES = [f"mir-{i}" for i in range(40)]


def array(*values):
    return np.array(values, dtype=np.float32)


@pytest.fixture
def values():
    """Return 200 samples of three factors and a little noise around a profile."""
    generator = np.random.default_rng(0)
    factors = generator.normal(size=(200, 3)) @ generator.normal(size=(3, 40))
    noise = 0.05 * generator.normal(size=(200, 40))
    return (5 + generator.normal(size=40) + factors + noise).astype("f4")


def fitted(values, views=("scaled", "ranked"), reported=None):
    given = (values, FEATURES, reported, np.ones(len(values)), np.arange(40))
    return fit_inputs(*given, views)[0]


def test_scaled_view_by_hand():
    # mean 4 and spread 1 become mean 2 and spread 2 of the profile
    profile = array(0, 4, 0, 4)
    np.testing.assert_allclose(view_of("scaled", array([3, 5, 3, 5]), profile), [[0, 4, 0, 4]])


def test_ranked_view_by_hand():
    profile = array(1, 2, 3, 4)
    np.testing.assert_allclose(view_of("ranked", array([9, 1, 5, 5]), profile), [[8, 2, 5, 5]])


def test_a_gap_does_not_move_the_ranks_of_the_rest():
    profile = array(1, 2, 3, 4)
    # the two reported features take the ranks that they have in the profile: second and third
    np.testing.assert_allclose(
        view_of("ranked", array([NAN, 7, 9, NAN]), profile), [[NAN, 4, 6, NAN]]
    )


@pytest.mark.parametrize("view", ["scaled", "ranked"])
def test_views_take_out_what_stretches_a_whole_sample(values, view):
    profile = values.mean(axis=0)
    stretched = 1.7 * values + 3
    np.testing.assert_allclose(
        view_of(view, values, profile), view_of(view, stretched, profile), atol=1e-3
    )


def test_a_gap_becomes_what_the_rest_of_the_sample_says(values):
    inputs = fitted(values, ("plain",))
    whole = inputs.prepare(values, FEATURES)
    reported = np.ones(values.shape, dtype=bool)
    reported[:, :8] = False
    filled = inputs.prepare(values, FEATURES, reported)
    np.testing.assert_array_equal(filled[:, 8:], whole[:, 8:])
    left = np.abs(filled[:, :8] - whole[:, :8]).mean()
    assert left < 0.2 * np.abs(whole[:, :8]).mean()


def test_without_factors_a_gap_becomes_the_mean():
    centred = array([1, NAN, 2])
    fill_gaps(centred, np.zeros((3, 1), "f4"), 1.0)
    np.testing.assert_array_equal(centred, [[1, 0, 2]])


def test_features_of_another_table_are_found_by_name(values):
    inputs = fitted(values)
    order = np.random.default_rng(1).permutation(40)
    shuffled = inputs.prepare(values[:, order], [FEATURES[i] for i in order])
    np.testing.assert_array_equal(shuffled, inputs.prepare(values, FEATURES))


def test_one_sample_gives_what_it_gives_among_others(values):
    reported = np.random.default_rng(2).random(values.shape) < 0.8
    inputs = fitted(values, reported=reported)
    whole = inputs.prepare(values, FEATURES, reported)
    alone = inputs.prepare(values[7:8], FEATURES, reported[7:8])
    np.testing.assert_allclose(whole[7:8], alone, atol=1e-5)


def test_training_samples_are_centred(values):
    prepared = fitted(values).prepare(values, FEATURES)
    np.testing.assert_allclose(prepared.mean(axis=0), 0, atol=1e-3)


def test_training_samples_are_prepared_as_others_are(values):
    reported = np.random.default_rng(2).random(values.shape) < 0.8
    given = (values, FEATURES, reported, np.ones(len(values)), np.arange(40))
    inputs, x = fit_inputs(*given, ("scaled", "ranked"))
    np.testing.assert_array_equal(x, inputs.prepare(values, FEATURES, reported))


def test_what_is_filled_is_told(values):
    inputs = fitted(values)
    reported = np.ones((1, 39), dtype=bool)
    reported[0, 5] = False
    gaps = inputs.unreported(values[:1, 1:], FEATURES[1:], reported)
    assert np.flatnonzero(gaps[0]).tolist() == [0, 6]


def test_contributions_of_views_add_up(values):
    inputs = fitted(values)
    contributions = np.arange(2 * 80).reshape(2, 80)
    np.testing.assert_array_equal(
        inputs.fold(contributions), contributions[:, :40] + contributions[:, 40:]
    )
    plain = Inputs(["a"], ["plain"], *(np.zeros(1),) * 4)
    np.testing.assert_array_equal(plain.fold(np.ones((3, 1))), np.ones((3, 1)))


def test_ranks_are_those_of_scipy():
    from scipy.stats import rankdata

    rows = np.random.default_rng(5).integers(0, 10, (7, 30))
    np.testing.assert_array_equal(mean_ranks(rows), rankdata(rows, axis=1))


def test_patterns_partition_the_samples():
    missing = np.random.default_rng(3).random((50, 3)) < 0.5
    seen = np.zeros(50, dtype=int)
    for rows, there in by_pattern(missing):
        seen[rows] += 1
        assert (missing[rows] == ~there).all()
    assert (seen == 1).all()


def test_resemblance_is_a_correlation_over_what_is_reported(values):
    profile = mean_profile(values, np.ones(len(values)))
    gaps = values[:5].copy()
    gaps[:, ::3] = NAN
    there = ~np.isnan(gaps[0])
    expected = [np.corrcoef(row[there], profile[there])[0, 1] for row in gaps]
    np.testing.assert_allclose(resemblance(gaps, profile), expected, atol=1e-4)


def test_flat_and_empty_samples_resemble_nothing(values):
    inputs = fitted(values)
    odd = np.stack([np.full(40, 5.0), values[0], values[0]]).astype("f4")
    reported = np.ones((3, 40), dtype=bool)
    reported[2] = False
    assert inputs.resembles(odd, FEATURES, reported).tolist() == [False, True, False]


def test_means_leave_out_what_is_not_reported():
    profile = mean_profile(array([1, NAN], [3, NAN]), np.array([1.0, 3.0]))
    np.testing.assert_allclose(profile, [2.5, 0])


def test_what_differs_by_rounding_alone_is_a_tie():
    """Equal counts as RPM: the sum of two arms ends in another digit than one of the same size."""
    counts = np.array([[3.0, 3, 8, 11, 11, 40]])
    log2 = np.log2(counts / counts.sum() * 1e6 + 1)
    rounded = log2 * (1 + 1e-7 * np.array([0, 1, 0, -1, 1, 0]))
    expected = [[1.5, 1.5, 3, 4.5, 4.5, 6]]
    np.testing.assert_array_equal(mean_ranks(rounded), expected)
    np.testing.assert_array_equal(mean_ranks(log2), expected)
    one_more = np.log2(np.array([[10_000_000, 0, 1, 2]]) / 1e7 * 1e6 + 1)
    np.testing.assert_array_equal(mean_ranks(one_more), [[4, 1, 2, 3]])


def test_factors_and_noise_give_the_covariance_back():
    """All components but one: the factor model is the weighted covariance itself."""
    generator = np.random.default_rng(4)
    centred = generator.normal(size=(30, 5)) @ generator.normal(size=(5, 5))
    weights = generator.random(30)
    loadings, noise = fit_factors(centred.astype("f4"), weights)
    assert loadings.shape == (5, 4)
    covariance = (centred * weights[:, None]).T @ centred / weights.sum()
    found = loadings @ loadings.T + noise * np.eye(5)
    np.testing.assert_allclose(found, covariance, rtol=1e-4, atol=1e-5)


def test_there_are_forty_factors_at_most_and_fewer_than_samples():
    generator = np.random.default_rng(4)
    wide = generator.normal(size=(60, 50)).astype("f4")
    assert fit_factors(wide, np.ones(60))[0].shape == (50, 40)
    loadings, noise = fit_factors(wide[:4], np.ones(4))
    assert loadings.shape == (50, 3)
    values = np.linalg.eigvalsh(wide[:4].T @ wide[:4] / 4)[::-1]
    assert noise == pytest.approx(values[3:].sum() / 47, rel=1e-4)  # four values, three kept


@pytest.mark.parametrize("shape", [(3, 1), (1, 3), (3, 3)])
def test_without_anything_that_varies_together_there_is_no_factor(shape):
    centred = np.zeros(shape, "f4") if shape == (3, 3) else np.ones(shape, "f4")
    loadings, noise = fit_factors(centred, np.ones(shape[0]))
    np.testing.assert_array_equal(loadings, np.zeros((shape[1], 1)))
    assert noise == 1.0


def test_a_gap_by_hand():
    # the factor's expectation given the first, 3: 2 * 3 / (2 * 2 + .5); the second has it half
    centred = array([3, NAN])
    fill_gaps(centred, array([2], [0.5]), 0.5)
    np.testing.assert_allclose(centred, [[3, 0.5 * 6 / 4.5]], rtol=1e-6)


def test_each_sample_is_scaled_by_itself():
    profile = array(0, 4, 0, 4)
    rows = array([3, 5, 3, 5], [20, 10, 10, 20])
    np.testing.assert_allclose(view_of("scaled", rows, profile), [[0, 4, 0, 4], [4, 0, 0, 4]])


def test_a_sample_of_one_feature_has_no_view_and_stops_no_other():
    profile = array(1, 2, 3, 4)
    rows = array([7, NAN, NAN, NAN], [NAN, 9, 1, 5], [9, 1, 5, 5])
    for view in ("ranked", "scaled"):
        made = view_of(view, rows, profile)
        assert np.isnan(made[0]).all()
        np.testing.assert_allclose(made[1:], view_of(view, rows[1:], profile))
        assert np.isnan(made[1:]).sum() == 1


def test_large_tables_are_prepared_in_blocks(values, monkeypatch):
    inputs = fitted(values)
    whole = inputs.prepare(values, FEATURES)
    monkeypatch.setattr("srna_augment.model.inputs.BLOCK_ROWS", 64)  # 200 samples: four blocks
    np.testing.assert_array_equal(inputs.prepare(values, FEATURES), whole)


def test_small_weights_and_small_values_change_no_mean_and_no_correlation(values):
    np.testing.assert_allclose(mean_profile(values, np.full(200, 1e-4)), values.mean(0), rtol=1e-5)
    profile = values.mean(axis=0)
    plain = resemblance(values[:3], profile)
    np.testing.assert_allclose(resemblance(values[:3] * 1e-3, profile * 1e-3), plain, rtol=1e-4)
