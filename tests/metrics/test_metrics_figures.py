"""Figures against toys known by hand, scikit-learn, and resamples made by copying rows."""

from __future__ import annotations

import numpy as np
import pytest
from metrics_toys import age_rows, random_classes, random_years, repeated, toy_rows
from scipy.stats import pearsonr
from sklearn import metrics

from srna_augment.metrics.bootstrap import interval, study_weights, with_resamples
from srna_augment.metrics.coverage import curve, selective, threshold_at_precision
from srna_augment.metrics.figures import figures, per_class, per_study
from srna_augment.metrics.reading import read_predictions
from srna_augment.metrics.settings import Settings

SETTINGS = Settings()


def plain(predictions, settings=SETTINGS):
    found = figures(predictions, np.ones((1, predictions.n_studies)), settings)
    return {name: values[0] for name, values in found.items()}


@pytest.fixture
def toy(write):
    return read_predictions([write(toy_rows())]).predictions[0]


def test_toy_by_hand(toy):
    found = plain(toy)
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["accuracy_by_study"] == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    # liver: precision 2/3, recall 2/3; lung: 1/2, 1/2
    assert found["macro_f1"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.8, 0.4, 0.3, 0.95]).mean())
    # liver against lung: of 6 pairs only .3 below .6 is lost
    assert found["auroc"] == pytest.approx(5 / 6)
    assert found["top_accuracy"] == 1.0
    # each sample is alone in its bin
    gaps = np.array([0.1, 0.2, 0.6, 0.7, 0.05])
    assert found["ece"] == pytest.approx(gaps.mean())
    assert found["ece_by_study"] == pytest.approx((gaps[:3].mean() + gaps[3] + gaps[4]) / 3)
    # sure to unsure: right, right, right, wrong, wrong
    assert found["risk_coverage_area"] == pytest.approx((0 + 0 + 0 + 1 / 4 + 2 / 5) / 5)
    assert found["coverage_at_precision"] == pytest.approx(3 / 5)
    # s1, s2 are a third of study A each, s5 is all of study C
    assert found["coverage_at_precision_by_study"] == pytest.approx((1 / 3 + 1 / 3 + 1) / 3)


def test_toy_details_by_hand(toy):
    liver, lung = per_class(toy, np.array([True, False]))
    assert (liver["n"], liver["n_studies"], liver["n_predicted"]) == (3, 2, 3)
    assert liver["precision"] == pytest.approx(2 / 3)
    assert (lung["precision"], lung["recall"], lung["known"]) == (0.5, 0.5, False)
    assert [row["accuracy"] for row in per_study(toy)] == pytest.approx([2 / 3, 0, 1])


def test_age_by_hand(write):
    found = plain(read_predictions([write(age_rows())]).predictions[0])
    assert found["mae"] == pytest.approx((0 + 4 + 12 + 8) / 4)
    assert found["mae_by_study"] == pytest.approx(((0 + 4 + 12) / 3 + 8) / 2)
    assert found["median_absolute_error"] == pytest.approx(6)
    assert found["r2"] == pytest.approx(1 - (16 + 144 + 64) / 500)
    assert found["within_5_years"] == pytest.approx(2 / 4)
    assert found["within_5_years_by_study"] == pytest.approx((2 / 3 + 0) / 2)
    assert found["within_10_years"] == pytest.approx(3 / 4)
    assert found["within_10_years_by_study"] == pytest.approx((2 / 3 + 1) / 2)


@pytest.mark.parametrize("seed", range(3))
def test_as_scikit_learn_has_it(seed):
    drawn = random_classes(seed)
    found = plain(drawn, Settings(top=2))
    truth, predicted, probabilities = drawn.truth, drawn.predicted, drawn.probabilities
    clipped = np.clip(probabilities, 1e-6, 1)
    expected = {
        "accuracy": metrics.accuracy_score(truth, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, predicted),
        "macro_f1": metrics.f1_score(truth, predicted, average="macro"),
        "auroc": metrics.roc_auc_score(truth, probabilities, multi_class="ovr"),
        "log_loss": metrics.log_loss(truth, clipped / clipped.sum(axis=1, keepdims=True)),
    }
    # what was clipped is normalised for scikit-learn: a difference in the sixth digit
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-5)


def test_top_accuracy_as_scikit_learn_has_it():
    drawn = random_classes(decimals=12)  # without ties, about which the two differ
    expected = metrics.top_k_accuracy_score(drawn.truth, drawn.probabilities, k=2)
    assert plain(drawn, Settings(top=2))["top_accuracy"] == pytest.approx(expected)


def test_classes_without_probability_are_not_found_in_the_top():
    drawn = random_classes(n_classes=6)
    drawn.probabilities[:] = 0
    drawn.probabilities[:, 0] = 1  # all others tie at zero
    drawn.predicted[:] = 0
    share = (drawn.truth == 0).mean()
    assert plain(drawn)["top_accuracy"] == pytest.approx(share)


def test_years_as_scikit_learn_and_scipy_have_it():
    drawn = random_years()
    found = plain(drawn)
    expected = {
        "mae": metrics.mean_absolute_error(drawn.truth, drawn.predicted),
        "median_absolute_error": metrics.median_absolute_error(drawn.truth, drawn.predicted),
        "r2": metrics.r2_score(drawn.truth, drawn.predicted),
        "pearson": pearsonr(drawn.truth, drawn.predicted).statistic,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize("drawn", [random_classes(5), random_years(5)], ids=["classes", "years"])
def test_weights_are_copies_of_studies(drawn):
    """A resample by weights equals one made by copying rows, except that copies merge studies."""
    weights = study_weights(drawn.n_studies, 20, seed=3)
    fast = figures(drawn, weights, SETTINGS)
    for i, draws in enumerate(weights):
        slow = plain(repeated(drawn, draws))
        for name, values in fast.items():
            if not name.endswith("_by_study"):
                assert values[i] == pytest.approx(slow[name], abs=1e-9), name


def test_by_study_weights_are_means_of_studies():
    drawn = random_classes(7)
    weights = study_weights(drawn.n_studies, 20, seed=3)
    fast = figures(drawn, weights, SETTINGS, ["accuracy_by_study"])["accuracy_by_study"]
    of_study = np.array([row["accuracy"] for row in per_study(drawn)])
    assert fast == pytest.approx((weights * of_study).sum(axis=1) / drawn.n_studies)


def test_ties_in_confidence_are_not_cut():
    confidence = np.array([0.9, 0.9, 0.9, 0.5])
    study = np.zeros(4, dtype=int)
    for order in ([0, 1, 2, 3], [2, 0, 1, 3], [1, 2, 0, 3]):
        correct = np.array([True, True, False, True])[order]
        area, coverage = selective(confidence, correct, study, np.ones((1, 1)), 0.7)
        assert area[0] == pytest.approx((3 * (1 / 3) + 1 / 4) / 4)
        assert coverage[0] == 1.0  # 3 of 4 right
    assert curve(confidence, correct) == {
        "coverage": [0.75, 1.0],
        "risk": [pytest.approx(1 / 3), 0.25],
        "threshold": [0.9, 0.5],
    }


def test_threshold_reaches_the_coverage_that_is_reported():
    drawn = random_classes(11)
    precision = 0.9
    found = plain(drawn, Settings(precision=precision))
    threshold = threshold_at_precision(drawn.confidence, drawn.correct, precision)
    called = drawn.confidence >= threshold
    assert called.mean() == pytest.approx(found["coverage_at_precision"])
    assert drawn.correct[called].mean() >= precision
    assert threshold_at_precision(drawn.confidence, ~drawn.correct, 1.0) is None


def test_exactly_the_precision_is_enough():
    confidence = np.linspace(1, 0.5, 20)
    correct = np.ones(20, dtype=bool)
    correct[10] = False
    _, coverage = selective(confidence, correct, np.zeros(20, dtype=int), np.ones((1, 1)), 0.95)
    assert coverage[0] == 1.0


def test_calibration_bins_hold_their_upper_edge(write):
    """Three predictions at .5, .5 and .6 with two bins: the first two share the lower one."""
    rows = [
        {**row, "probability": p, "predicted": "liver", "prob:liver": p, "prob:lung": 1 - p}
        for row, p in zip(toy_rows(), (0.5, 0.5, 0.6), strict=False)
    ]
    found = plain(read_predictions([write(rows)]).predictions[0], Settings(bins=2))
    # lower: .5 against 2 of 2; upper: .6 against 0 of 1
    assert found["ece"] == pytest.approx((2 * 0.5 + 1 * 0.6) / 3)


def test_rounding_moves_no_prediction_over_the_edge_of_a_bin(write):
    """.6 and .1 + .2 + .3, which is a hair more: one bin, half of it right."""
    rows = [
        {**row, "probability": p, "predicted": "liver", "prob:liver": p, "prob:lung": 1 - p}
        for row, p in zip(toy_rows(truth="liver"), (0.6, 0.1 + 0.2 + 0.3), strict=False)
    ]
    rows[0]["truth"] = "lung"
    found = plain(read_predictions([write(rows)]).predictions[0], Settings(bins=15))
    assert found["ece"] == pytest.approx(0.1)


def test_one_class_one_sample_are_undefined_not_wrong(write):
    alone = plain(read_predictions([write(toy_rows()[:1])]).predictions[0])
    assert alone["accuracy"] == alone["balanced_accuracy"] == 1.0
    assert np.isnan(alone["auroc"])
    ages = plain(read_predictions([write(age_rows()[:1])]).predictions[0])
    assert ages["mae"] == ages["median_absolute_error"] == 0
    assert np.isnan(ages["r2"])
    assert np.isnan(ages["pearson"])


def test_constant_prediction_has_r2_but_no_correlation(write):
    rows = [row | {"predicted": 45} for row in age_rows()]  # the mean of the truth
    found = plain(read_predictions([write(rows)]).predictions[0])
    assert found["r2"] == pytest.approx(0)
    assert np.isnan(found["pearson"])


def test_large_ages_do_not_cancel(write):
    rows = [
        row | {"truth": row["truth"] + 1e6, "predicted": row["predicted"] + 1e6}
        for row in age_rows()
    ]
    near, far = (plain(read_predictions([write(r)]).predictions[0]) for r in (age_rows(), rows))
    assert far["r2"] == pytest.approx(near["r2"])
    assert far["pearson"] == pytest.approx(near["pearson"])


def test_study_draws():
    weights = study_weights(4, 5000, seed=1)
    assert weights.shape == (5000, 4)
    assert (weights.sum(axis=1) == 4).all()
    assert weights.mean(axis=0) == pytest.approx(1, abs=0.06)
    assert (weights == study_weights(4, 5000, seed=1)).all()
    assert (weights != study_weights(4, 5000, seed=2)).any()
    assert with_resamples(1, 100, seed=1).tolist() == [[1.0]]
    assert with_resamples(3, 0, seed=1).tolist() == [[1.0, 1.0, 1.0]]


def test_interval_of_two_studies_known_by_enumeration(write):
    """Studies of accuracy 0 and 1: resamples give 0, 1/2, 1 with chances 1/4, 1/2, 1/4."""
    drawn = read_predictions([write(toy_rows()[3:])]).predictions[0]
    values = figures(drawn, study_weights(2, 4000, seed=1), SETTINGS)["accuracy_by_study"]
    shares = [(values == value).mean() for value in (0, 0.5, 1)]
    assert shares == pytest.approx([0.25, 0.5, 0.25], abs=0.03)
    assert interval(values, 0.95) == [0.0, 1.0]
    assert interval(values, 0.4) == [0.5, 0.5]


def test_interval_needs_half_of_the_resamples():
    assert interval(np.array([np.nan, np.nan, 1.0]), 0.95) is None
    assert interval(np.array([np.nan, 1.0, 1.0]), 0.95) == [1.0, 1.0]
    assert interval(np.array([]), 0.95) is None
