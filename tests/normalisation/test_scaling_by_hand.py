"""TMM, median of ratios and what they fit, where each step of the papers decides the answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata

from srna_augment.normalisation.methods import (
    centred_log_ratio,
    close,
    fit_geometric_mean,
    fit_upper_quartile_sample,
    log2_rpm,
    median_of_ratios,
    quantile,
    trimmed_mean_of_m,
)

# Log ratios of 21 features, in order: 30 % trimmed on either side leaves those at places 6 to 14.
RATIOS = np.array([-9, -8, -7, -6, -5, -4, 0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 13, 14, 15, 16, 17.0])


def test_tmm_trims_ratios_and_intensities_and_takes_the_mean():
    """Of the ratios that stay, the places of the lowest and highest intensity, 8 and 10, go, too.

    Places 9 and 11 lie on the limits of 5 % and 95 % and stay: (0 + 1 + 3 + 6 + 8 + 9 + 11) / 7.
    """
    intensity = np.linspace(-2, 2, 21).round(1) / 4
    intensity[[8, 9, 11, 10]] = -6, -5, 5, 6
    reference = np.exp2(intensity - RATIOS / 2).astype(np.float32)
    row = np.exp2(intensity + RATIOS / 2).astype(np.float32)
    found = trimmed_mean_of_m(row[None], reference)
    expected = np.log2(row / 2 ** (38 / 7) + 1)
    np.testing.assert_allclose(found[0], expected, rtol=1e-5)


@pytest.mark.parametrize(("n_usable", "scaled"), [(10, True), (9, False)])
def test_tmm_asks_for_ten_features_that_both_have(n_usable, scaled):
    reference = np.full(12, 4, np.float32)
    row = np.full(12, 16, np.float32)
    row[n_usable:] = 0
    found = trimmed_mean_of_m(row[None], reference)
    np.testing.assert_allclose(found[0], log2_rpm(row / 4 if scaled else row), rtol=1e-6)


def test_tmm_leaves_out_what_the_reference_lacks():
    reference = np.array([4] * 10 + [0, 0], np.float32)
    row = np.array([8] * 10 + [1e6, 0], np.float32)
    np.testing.assert_allclose(
        trimmed_mean_of_m(row[None], reference)[0], log2_rpm(row / 2), rtol=1e-6
    )


def test_tmm_of_counts_and_of_reads_per_million_are_alike():
    """Where low counts are equal in many features, rounding must not decide which are trimmed."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.exponential(4, 400), (8, 400)).astype(np.float32)
    of_counts = close(counts)
    of_rpm = close((counts / counts.sum(axis=1, keepdims=True) * 1e6).astype(np.float32))
    np.testing.assert_allclose(of_counts, of_rpm, rtol=1e-5)
    for reference in of_counts:
        np.testing.assert_allclose(
            trimmed_mean_of_m(of_counts, reference), trimmed_mean_of_m(of_rpm, reference), atol=1e-4
        )


def test_ranks_do_not_depend_on_rounding():
    """3 reads are 1 and 2, or 0 and 3: their RPM add up to the same but for the last digit."""
    rng = np.random.default_rng(0)
    arms = rng.poisson(3, (2, 300)).astype(np.float32)
    of_rpm = (arms / np.float32(arms.sum()) * np.float32(1e6)).sum(axis=0, keepdims=True)
    of_counts = close(arms.sum(axis=0, keepdims=True))
    assert len(np.unique(of_rpm)) > len(np.unique(of_counts))
    reference = np.linspace(0, 16, 300, dtype=np.float32) ** 1.5
    found = quantile(of_counts, reference)
    np.testing.assert_allclose(quantile(close(of_rpm), reference), found, rtol=1e-6)
    ranks = (rankdata(of_counts[0]) - 1) / 299
    np.testing.assert_allclose(found[0], np.interp(ranks, np.linspace(0, 1, 300), reference))


def test_the_reference_sample_is_chosen_by_the_upper_quartile_exactly():
    """Quartiles 10, 12 and 20; the second sample's largest value would move any higher quantile."""
    rpm = np.array([[0, 0, 0, 10, 10], [0, 0, 0, 12, 1e6], [0, 0, 0, 20, 20]], np.float32)
    np.testing.assert_array_equal(fit_upper_quartile_sample(lambda: [rpm]), rpm[1])


def test_a_geometric_mean_needs_nine_tenths_of_the_samples():
    """Expressed by 10, by 9 (the mean is over those) and by 8 of ten samples."""
    rpm = np.full((10, 3), 4, np.float32)
    rpm[5:, 0] = 16
    rpm[0, 1] = rpm[:2, 2] = 0
    found = fit_geometric_mean(lambda: [rpm[:4], rpm[4:]])
    np.testing.assert_allclose(found, [8, 4, 0], rtol=1e-6)
    assert found.dtype == np.float32


def test_the_geometric_mean_of_one_sample_is_that_sample():
    rpm = np.array([[9, 0]], np.float32)
    np.testing.assert_allclose(fit_geometric_mean(lambda: [rpm]), [9, 0], rtol=1e-6)


def test_median_of_ratios_by_hand():
    """Ratios 3, 3, 3, 5 and 0.5; what the row or the reference lacks takes no part."""
    reference = np.array([0.5, 1, 2, 4, 8, 16, 32, 0, 0, 0], np.float32)
    row = np.array([1.5, 3, 6, 20, 4, 0, 0, 1e5, 1e5, 1e5], np.float32)
    found = median_of_ratios(row[None], reference)
    np.testing.assert_allclose(found[0], np.log2(row / 3 + 1), rtol=1e-6)
    assert found.dtype == np.float32


def test_median_of_ratios_asks_for_five_features():
    reference = np.array([1, 2, 4, 8, 16], np.float32)
    rows = np.array([reference * 3, reference * 3], np.float32)
    rows[1, 0] = 0
    found = median_of_ratios(rows, reference)
    np.testing.assert_allclose(found, log2_rpm(np.stack([rows[0] / 3, rows[1]])), rtol=1e-6)


def test_the_centred_log_ratio_of_one_reported_feature_is_zero():
    found = centred_log_ratio(np.array([[np.nan, 7, np.nan]], np.float32))
    np.testing.assert_array_equal(found, [[np.nan, 0, np.nan]])
