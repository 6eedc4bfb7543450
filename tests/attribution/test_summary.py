"""Summaries, stability and TreeSHAP on numbers small enough to do by hand."""

from __future__ import annotations

import numpy as np
import pytest

from srna_augment.attribution import plots
from srna_augment.attribution.importance import stream
from srna_augment.attribution.stability import mean_ranks, spearman, stability
from srna_augment.attribution.summary import Summary, level_difference, own_class, top_mask
from srna_augment.errors import UsageError
from srna_augment.model.forest import Forest
from srna_augment.model.network import Dense

from .networks import marker_data, trained


def test_each_study_counts_once():
    """Study A: 1, 1, 1, study B: 5. By study 3, by sample 2."""
    summary = Summary(np.array(["A", "A", "A", "B"], dtype=object))
    values = np.array([[1.0, -1], [1, 0], [1, 0], [5, 1]])
    labels = np.zeros(4, dtype=int)
    summary.add(np.arange(2), labels[:2], labels[:2], values[:2])  # in two blocks
    summary.add(np.arange(2, 4), labels[2:], labels[2:], values[2:])
    (found,) = summary.results()
    assert (found.n_samples, found.n_studies) == (4, 2)
    np.testing.assert_allclose(found.mean, [3, (-1 / 3 + 1) / 2])
    np.testing.assert_allclose(found.sd, [2, np.std([-1, 0, 0, 1], ddof=1)])
    np.testing.assert_allclose(found.share_positive, [1, 0.25])
    np.testing.assert_allclose(found.studies_positive, [2, 1])
    assert found.ranked().tolist() == [0, 1]


def test_groups_are_kept_apart():
    summary = Summary(np.array(["A"] * 3, dtype=object))
    explained, group = np.array([2, 2, 2]), np.array([0, 1, 1])
    summary.add(np.arange(3), explained, group, np.array([[1.0], [2], [4]]))
    found = {(s.explained, s.group): s.mean[0] for s in summary.results()}
    assert found == {(2, 0): 1, (2, 1): 3}


def test_top_mask_takes_positive_ones_only():
    values = np.array([[3.0, 2, 1, -5], [-1, -2, -3, 4]])
    expected = [[True, True, False, False], [False, False, False, True]]
    np.testing.assert_array_equal(top_mask(values, 2), expected)


def test_shares_count_samples_and_studies():
    """Study A: (4, -1), (2, 0); study B: (9, 3), (-3, 0). A's means are (3, -0.5), B's (3, 1.5)."""
    summary = Summary(np.array(["A", "A", "B", "B"], dtype=object))
    zeros = np.zeros(4, dtype=int)
    summary.add(np.arange(4), zeros, zeros, np.array([[4.0, -1], [2, 0], [9, 3], [-3, 0]]))
    (found,) = summary.results()
    np.testing.assert_allclose(found.mean, [3, 0.5])
    np.testing.assert_allclose(found.sd, [np.sqrt(74 / 3), np.sqrt(3)])
    np.testing.assert_allclose(found.share_positive, [0.75, 0.25])
    np.testing.assert_allclose(found.share_top, [0.75, 0.25])
    np.testing.assert_array_equal(found.studies_positive, [2, 1])
    np.testing.assert_array_equal(found.studies_top, [2, 1])


def test_means_of_zero_are_not_positive_and_one_sample_has_no_spread():
    summary = Summary(np.array(["A"], dtype=object))
    zero = np.zeros(1, dtype=int)
    summary.add(zero, zero, zero, np.array([[0.0, 2]]))
    (found,) = summary.results()
    np.testing.assert_array_equal(found.studies_positive, [0, 1])
    np.testing.assert_array_equal(found.sd, [0, 0])


def test_no_sample_adds_nothing():
    summary = Summary(np.array(["A"], dtype=object))
    none = np.zeros(0, dtype=int)
    summary.add(none, none, none, np.zeros((0, 2)))
    assert summary.results() == []


def test_top_mask_of_many_features_is_that_of_sorting():
    values = np.random.default_rng(3).normal(size=(7, 500))
    order = np.argsort(-values, axis=1)[:, :20]
    expected = np.zeros(values.shape, dtype=bool)
    np.put_along_axis(expected, order, True, axis=1)
    np.testing.assert_array_equal(top_mask(values, 20), expected)


def test_top_mask_where_few_features_speak_for_a_class():
    few = np.array([[0.5, 0, -1]])
    np.testing.assert_array_equal(top_mask(few, 3), [[True, False, False]])
    # the second largest of four is zero, which speaks for nothing
    np.testing.assert_array_equal(top_mask(np.array([[0.5, 0, -1, -1]]), 2), [[True] + [False] * 3])


def test_a_feature_that_part_of_a_study_reports_has_the_mean_of_that_part():
    values = np.array([[2.0, 8], [np.nan, 8]])
    np.testing.assert_allclose(
        level_difference(values, np.array(["A", "A"]), np.array([0.5, 1])), [1.5, 7]
    )


def test_where_one_class_was_explained_it_is_taken():
    outputs, values = np.array([[2], [1]]), np.array([[[1.0, 2]], [[3, 4]]])
    classes, picked = own_class(outputs, values, np.array([0, 0]))
    np.testing.assert_array_equal(classes, [2, 1])
    np.testing.assert_array_equal(picked, [[1, 2], [3, 4]])


def test_level_difference_by_hand():
    """Study A has 2 and 4, study B 9: 6 by study; the second feature B does not report."""
    values = np.array([[2, 1, np.nan], [4, 3, np.nan], [9, np.nan, np.nan]])
    found = level_difference(values, np.array(["A", "A", "B"]), np.array([1.0, 5, 0]))
    np.testing.assert_allclose(found, [5, -3, np.nan])


def test_ranked_by_size():
    summary = Summary(np.array(["A"], dtype=object))
    zero = np.zeros(1, dtype=int)
    summary.add(zero, zero, zero, np.array([[1.0, -3, 2]]))
    (found,) = summary.results()
    assert found.ranked().tolist() == [2, 0, 1]
    assert found.ranked(by_size=True).tolist() == [1, 2, 0]


def test_own_class():
    outputs = np.tile(np.arange(2), (3, 1))
    values = np.arange(12.0).reshape(3, 2, 2)
    classes, picked = own_class(outputs, values, np.array([1, 0, 1]))
    assert classes.tolist() == [1, 0, 1]
    np.testing.assert_array_equal(picked, [[2, 3], [4, 5], [10, 11]])


def test_ranks_and_spearman_by_hand():
    np.testing.assert_allclose(mean_ranks(np.array([10, 7, 7, 1])), [3, 1.5, 1.5, 0])
    assert spearman(np.array([1, 2, 3]), np.array([10, 20, 90])) == pytest.approx(1)
    assert spearman(np.array([1, 2, 3]), np.array([3, 2, 1])) == pytest.approx(-1)
    assert spearman(np.array([1, 2, 3]), np.array([1, 1, 1])) == 0


def test_stability_counts_what_stays():
    means = np.array([[9.0, 8, 7, 0, 1], [9, 8, 0, 7, 1], [9, 0, 8, 7, 1]])
    found = stability(means, top=3)
    assert found.n_models == 3
    assert (found.kept, found.least_kept) == (2, 2)
    assert found.always_top.tolist() == [0]
    with pytest.raises(ValueError, match="two models"):
        stability(means[:1])


def test_networks_of_other_seeds_agree_on_markers():
    x, y = marker_data()
    from srna_augment.attribution.engine import contributions

    means = []
    for seed in range(3):
        network = trained(x, y, seed=seed)
        values = contributions(network, x, x.mean(axis=0), outputs=y).values[:, 0]
        means.append(values[y == 0].mean(axis=0))
    found = stability(np.array(means), top=1)
    assert found.kept == 1
    assert found.always_top.tolist() == [0]


def small_forest() -> Forest:
    """Two trees: one on feature 0, one on feature 0 and then on feature 2."""
    return Forest(
        roots=np.array([0, 3], "i4"), feature=np.array([0, -1, -1, 0, -1, 2, -1, -1], "i4"),
        threshold=np.array([0.5, 0, 0, -1, 0, 1, 0, 0], "f4"),
        left=np.array([1, 0, 0, 4, 0, 6, 0, 0], "i4"),
        right=np.array([2, 0, 0, 5, 0, 7, 0, 0], "i4"),
        value=np.array(
            [
                [0.5, 0.5], [1, 0], [0, 1],
                [0.5, 0.5], [0.9, 0.1], [0.5, 0.5], [0.6, 0.4], [0.2, 0.8],
            ], "f4",
        ),
    )  # fmt: skip


def test_treeshap_by_hand():
    pytest.importorskip("shap", reason="shap is not installed (pip install shap)")
    x = np.array([[1, 7, 2]], "f4")
    (block,) = stream(small_forest(), x, np.zeros(3, "f4"), outputs=1)
    # class 1: tree 1 goes from 0 to 1 by feature 0; tree 2 from 0.4 to 0.8 by feature 2 alone
    np.testing.assert_allclose(block.values[0, 0], [0.5, 0, 0.2], atol=1e-6)
    assert abs(block.delta[0, 0]) < 1e-6


def test_treeshap_of_scores_is_split_among_what_they_are_sums_of():
    """Score 0 is twice the first input less the second, scores 1 and 2 are nothing and the third.

    Against the first reference score 0 rises from 0 to 1, by 2 and -1; against the second from -1
    to 1, by 3 and -1.
    """
    pytest.importorskip("shap", reason="shap is not installed (pip install shap)")
    forest = small_forest()
    kernel = np.array([[2, 0, 0], [-1, 0, 0], [0, 0, 1]], "f4")
    forest.discriminants = Dense(kernel, np.zeros(3, "f4"))
    x = np.array([[1, 1, 2]], "f4")
    references = np.array([[0, 0, 0], [-0.5, 0, 0]], "f4")
    # tree 2 goes from 0.1 to 0.8 by both scores: 0.5 by score 0 and 0.2 by score 2, Shapley values
    first, second = [1, -0.5, 0.2], [0.75 * 3 / 2, -0.75 / 2, 0.1]
    for given, expected in (
        (references[:1], first),
        (references[1:], second),
        (references, np.mean([first, second], axis=0)),
    ):
        (block,) = stream(forest, x, given, outputs=1)
        np.testing.assert_allclose(block.values[0, 0], expected, atol=1e-6)
        assert abs(block.delta[0, 0]) < 1e-6


def test_treeshap_in_blocks():
    """More samples than a block has; each as if it were alone."""
    pytest.importorskip("shap", reason="shap is not installed (pip install shap)")
    forest = small_forest()
    forest.discriminants = Dense(np.eye(3, dtype="f4") * 2, np.zeros(3, "f4"))
    x = np.random.default_rng(0).normal(size=(70, 3)).astype("f4")
    found = list(stream(forest, x, np.zeros(3, "f4"), outputs="all"))
    assert [block.rows.stop for block in found] == [32, 64, 70]
    values = np.concatenate([block.values for block in found])
    for i in (0, 31, 32, 69):
        (alone,) = stream(forest, x[i : i + 1], np.zeros(3, "f4"), outputs="all")
        np.testing.assert_array_equal(values[i], alone.values[0])
    assert max(np.abs(block.delta).max() for block in found) < 1e-6


def test_treeshap_without_the_library(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="needs the Python package shap"):
        next(stream(small_forest(), np.zeros((1, 3), "f4"), np.zeros(3)))


def test_heat_map_shows_the_first_of_each_class():
    summary = Summary(np.array(["A", "A"], dtype=object))
    values = np.array([[9.0, 0, 5, -1], [-2, 7, 0, 3]])
    labels = np.arange(2)
    summary.add(labels, labels, labels, values)
    shown = plots.heat_map(summary.results(), ["liver", "brain"], ["a", "b", "c", "d"])
    assert shown.rows == ["liver (1)", "brain (1)"]
    assert shown.columns == ["a", "c", "b", "d"]
    np.testing.assert_array_equal(shown.values, [[9, 5, 0, -1], [-2, 0, 7, 3]])


def test_long_ids_keep_their_end():
    assert plots.shortened("s1") == "s1"
    found = plots.shortened("tcga_mirnaseq:TCGA-CN-5361-01A-01R-1436-13")
    assert len(found) == plots.ID_CHARACTERS
    assert found.endswith("TCGA-CN-5361-01A-01R-1436-13")


def test_bars_add_up():
    values = np.linspace(-1, 2, 40)
    bars = plots.sample_bars("s", "liver", [str(i) for i in range(40)], values)
    assert bars.features[0] == "39"
    assert bars.contributions.sum() + bars.rest == pytest.approx(values.sum())
