import numpy as np
import pytest

from srna_augment.errors import DataError, UsageError
from srna_augment.expression import ExpressionTable
from srna_augment.normalisation import State, fit, transform
from srna_augment.normalisation.methods import (
    METHODS,
    centred_log_ratio,
    close,
    fit_quantiles,
    log2_rpm,
    median_of_ratios,
    quantile,
    trimmed_mean_of_m,
)

NAN = np.nan


def table(values, features=None, samples=None, units="counts"):
    values = np.asarray(values, dtype=np.float32)
    features = features or [f"mir-{i}" for i in range(values.shape[1])]
    samples = samples or [f"s{i}" for i in range(len(values))]
    return ExpressionTable(values, samples, features, units)


def test_rpm_is_closed_over_what_a_sample_reports():
    rpm = close(np.array([[1, 3, NAN], [0, 0, 5]], dtype=np.float32))
    np.testing.assert_allclose(rpm, [[250_000, 750_000, NAN], [0, 0, 1_000_000]])


def test_a_sample_without_reads_is_not_reported_at_all():
    assert np.isnan(close(np.zeros((1, 3), dtype=np.float32))).all()


def test_log2_rpm_by_hand():
    np.testing.assert_allclose(log2_rpm(np.array([[0, 1, 3, 1023]], np.float32)), [[0, 1, 2, 10]])


def test_centred_log_ratio_by_hand():
    # log2(RPM + 1) is 1, 3 and not reported: the mean over the reported is 2
    result = centred_log_ratio(np.array([[1, 7, NAN]], np.float32))
    np.testing.assert_allclose(result, [[-1, 1, NAN]])


def test_quantile_gives_every_sample_the_reference_distribution():
    rpm = np.array([[1, 3, 7], [15, 3, 1]], np.float32)  # log2: 1 2 3 and 4 2 1
    reference = fit_quantiles(lambda: [rpm])
    np.testing.assert_allclose(reference, [1, 2, 3.5])
    np.testing.assert_allclose(quantile(rpm, reference), [[1, 2, 3.5], [3.5, 2, 1]])


def test_quantile_gives_ties_their_mean_rank():
    result = quantile(np.array([[5, 5, 9]], np.float32), np.array([0, 2, 10], np.float32))
    np.testing.assert_allclose(result, [[1, 1, 10]])


def test_scaling_methods_take_out_a_composition_effect():
    # one feature takes half of the reads of the second sample; the others are what they were
    generator = np.random.default_rng(0)
    base = generator.lognormal(4, 1, size=200).astype(np.float32)
    other = base.copy()
    other[0] = base.sum()
    rpm = close(np.stack([base, other]))
    for method in (trimmed_mean_of_m, median_of_ratios):
        scaled = method(rpm, rpm[0])
        np.testing.assert_allclose(scaled[0, 1:], scaled[1, 1:], rtol=1e-3)
    assert np.abs(np.diff(log2_rpm(rpm)[:, 1:], axis=0)).min() > 0.8


def test_features_that_a_cohort_does_not_report_are_dropped():
    values = np.ones((10, 3))
    values[:3, 2] = NAN
    state = fit(table(values), method="log2rpm", level="stem")
    assert state.features == ["mir-0", "mir-1"]


def test_fill_is_the_median_of_the_samples_that_report():
    values = np.array([[1, 1, 2], [1, 1, 2], [1, 1, NAN]])
    state = fit(table(values), method="log2rpm", level="stem", minimum_reported=0.5)
    filled, reported = transform(table(values), state)
    assert filled[2, 2] == pytest.approx(np.log2(500_001))
    np.testing.assert_array_equal(reported[2], [True, True, False])


def test_another_table_meets_the_features_by_name():
    names = [f"mir-{i}" for i in range(30)]
    values = np.random.default_rng(1).integers(1, 100, (5, 30))
    state = fit(table(values, names), method="log2rpm", level="stem")
    order = np.random.default_rng(2).permutation(30)
    shuffled = table(values[:, order], [names[i] for i in order])
    np.testing.assert_array_equal(
        transform(shuffled, state)[0], transform(table(values, names), state)[0]
    )


@pytest.mark.parametrize("method", METHODS)
def test_counts_and_rpm_of_the_same_sample_agree(method):
    counts = np.random.default_rng(3).integers(0, 1000, (6, 40)).astype(np.float32) + 1
    state = fit(table(counts), method=method, level="stem")
    rpm = counts / counts.sum(axis=1, keepdims=True) * 1e6
    np.testing.assert_allclose(
        transform(table(counts), state)[0], transform(table(rpm, units="rpm"), state)[0], rtol=1e-4
    )


@pytest.mark.parametrize("method", METHODS)
def test_samples_do_not_depend_on_the_others_of_their_table(method):
    counts = np.random.default_rng(4).integers(0, 1000, (6, 40)).astype(np.float32) + 1
    state = fit(table(counts), method=method, level="stem")
    whole = transform(table(counts), state)[0]
    alone = transform(table(counts[2:3]), state)[0]
    np.testing.assert_array_equal(whole[2:3], alone)


def test_a_table_of_something_else_is_refused():
    state = fit(table(np.ones((3, 30))), method="log2rpm", level="stem")
    genes = table(np.ones((2, 30)), [f"ENSG{i}" for i in range(30)])
    with pytest.raises(DataError, match=r"only 0 of the 30 features .*ENSG0"):
        transform(genes, state)


def test_unknown_method_is_a_wrong_call():
    with pytest.raises(UsageError, match="--method vst: not a method"):
        fit(table(np.ones((3, 3))), method="vst", level="stem")


def test_state_survives_a_file(tmp_path):
    counts = np.random.default_rng(5).integers(1, 1000, (6, 40))
    for method in METHODS:
        state = fit(table(counts), method=method, level="stem")
        state.save(tmp_path / "s.json")
        assert State.load(tmp_path / "s.json") == state


@pytest.mark.parametrize("text", ["", "[]", '{"method": "log2rpm"}', "not json"])
def test_a_file_that_is_no_state_is_one_line(tmp_path, text):
    path = tmp_path / "s.json"
    path.write_text(text)
    with pytest.raises(DataError, match="not a normalisation state"):
        State.load(path)


SOUND = {
    "method": "quantile", "level": "stem", "features": ["mir-1", "mir-2"], "fill": [0.5, 1.0],
    "reference": [1.0, 2.0], "units": "log2 RPM", "n_samples": 3,
}  # fmt: skip


def test_a_state_of_one_feature_is_sound():
    one = {**SOUND, "features": ["mir-1"], "fill": [0.5], "reference": [1.0]}
    assert State.from_json(one, "s").features == ["mir-1"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"format_version": 99}, {"method": "none"}, {"level": "none"}, {"units": 7},
        {"features": ["mir-1", "mir-1"]}, {"features": [1, 2]}, {"fill": [0.5]},
        {"features": [], "fill": [], "reference": []}, {"fill": [0.5, NAN]},
        {"fill": ["0.5", "a"]}, {"reference": None}, {"method": "clr"}, {"reference": [1.0]},
        {"reference": [[1.0, 2.0]]}, {"reference": ["a", "b"]}, {"more": 1},
        {"features": {"mir-1": 1, "mir-2": 1}}, {"fill": [0.5, 1e300]}, {"reference": [1e300, 1]},
        {"fill": [0.5, 10**400]},
    ],
    ids=lambda wrong: str(wrong)[:60],
)  # fmt: skip
def test_a_state_that_is_not_sound_is_refused(wrong):
    assert State.from_json(SOUND, "s").fill == [0.5, 1.0]
    with pytest.raises(DataError, match="^s: not a normalisation state of this suite"):
        State.from_json({**SOUND, **wrong}, "s")


def test_a_state_that_is_not_there_is_said(tmp_path):
    path = tmp_path / "none.json"
    with pytest.raises(DataError) as caught:
        State.load(path)
    assert str(caught.value) == f"{path}: no such file: make a state with --save-state"
    path.write_text("[")
    with pytest.raises(DataError) as caught:
        State.load(path)
    assert str(caught.value).startswith(f"{path}: not a normalisation state")


def test_what_is_lacking_of_a_state_is_said(caplog):
    """22 of 50 features: less than half, and not so few that the table is refused."""
    state = State("log2rpm", "stem", [f"mir-{i}" for i in range(50)], [0.0] * 50, None, "x", 3)
    transform(table(np.ones((2, 22))), state)
    (said,) = caplog.messages
    assert "22 of" in said
    assert said.endswith("the others are filled: is it a human miRNA table, with names in it?")
    caplog.clear()
    transform(table(np.ones((2, 25))), state)
    assert caplog.messages == []
