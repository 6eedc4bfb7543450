"""Permutation importance of a forest: the fast way against shuffling and predicting anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from srna_augment.attribution.importance import permutation_loss
from srna_augment.attribution.importance_parts import FoldVotes, ImportanceParts, read_parts
from srna_augment.errors import DataError
from srna_augment.learners.forest import fit_forest
from srna_augment.model.forest import Forest
from srna_augment.model.network import Dense

from .networks import marker_data


def one_split() -> Forest:
    """One tree: score 0 at most 0.5 is class 0 with 90 in 100 votes, else class 1 with all."""
    return Forest(
        roots=np.array([0], "i4"), feature=np.array([0, -1, -1], "i4"),
        threshold=np.array([0.5, 0, 0], "f4"), left=np.array([1, 0, 0], "i4"),
        right=np.array([2, 0, 0], "i4"), value=np.array([[0.5, 0.5], [0.9, 0.1], [0, 1]], "f4"),
        discriminants=Dense(np.array([[1, 0], [0, 1], [-1, 0]], "f4"), np.zeros(2, "f4")),
    )  # fmt: skip


def fitted(x: np.ndarray, y: np.ndarray, trees: int) -> Forest:
    """Return a forest on three scores: each class's marker, less its next decoys."""
    kernel = np.zeros((x.shape[1], 3), "f4")
    for name in range(3):
        kernel[[name, name + 3, name + 6], name] = 1, -0.2, 0.1
    discriminants = Dense(kernel, np.array([0, 1, -1], "f4"))
    return fit_forest(x, y, 3, np.ones(len(x)), trees, seed=1, discriminants=discriminants)


def test_lost_votes_by_hand(monkeypatch):
    """Score 0 is the first feature less the last, which is 0 for both."""
    forest = one_split()
    forest.roots = np.zeros(400, "i4")
    monkeypatch.setattr("srna_augment.attribution.importance.TREES_ASKED", 400)
    x = np.array([[0, 9, 0], [1, 9, 0]], "f4")
    found = permutation_loss(forest, x, np.array([0, 1]))
    # two samples change places in half of the shuffles: 0.9 votes are lost each time
    np.testing.assert_allclose(found[:, 0], 0.45, atol=0.08)
    assert found[0, 0] == pytest.approx(found[1, 0])
    assert (found[:, 1:] == 0).all()


@pytest.mark.parametrize("n_features", [30, 15])
@pytest.mark.parametrize("cells", [10**6, 7 * 60])
def test_as_shuffling_and_predicting_anew(n_features, cells, monkeypatch):
    """With 15 features, inputs 0 and 15 are two views of the first, shuffled together."""
    monkeypatch.setattr("srna_augment.attribution.importance.CELLS", cells)
    x, y = marker_data(120)
    forest = fitted(x[:60], y[:60], 15)
    x, y = x[60:], y[60:]
    found = permutation_loss(forest, x, y, n_features=n_features, seed=4)
    rows = np.arange(len(x))
    expected = np.zeros((len(x), n_features))
    block = min(cells // len(x), n_features)
    for tree, root in enumerate(forest.roots):
        alone = replace(forest, roots=np.array([root], "i4"))
        before = alone.mean_value(x)[rows, y]
        for start in range(0, n_features, block):
            width = min(block, n_features - start)
            everyone = np.broadcast_to(rows[:, None], (len(x), width))
            donors = np.random.default_rng([4, tree, start]).permuted(everyone, axis=0)
            for i in range(width):
                shuffled = x.copy()
                for view in range(start + i, x.shape[1], n_features):
                    shuffled[:, view] = x[donors[:, i], view]
                lost = before - alone.mean_value(shuffled)[rows, y]
                expected[:, start + i] += lost / len(forest.roots)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.abs(expected).max() > 0.1


def test_the_marker_of_a_class_costs_it_most_votes():
    x, y = marker_data(240)
    forest = fitted(x[:120], y[:120], 40)
    kept = x[120:].copy()
    found = permutation_loss(forest, x[120:], y[120:])
    np.testing.assert_array_equal(x[120:], kept)
    for name in range(3):
        mean = found[y[120:] == name].mean(axis=0)
        assert mean.argmax() == name
        assert np.abs(mean[3:]).max() < 0.3 * mean[name]  # decoys


def part(scheme: str, *folds: FoldVotes, features: tuple[str, ...] = ("a", "b")) -> ImportanceParts:
    return ImportanceParts("tissue", scheme, list(features), list(folds))


def test_parts_come_back_in_the_order_in_which_they_are_given(tmp_path: Path) -> None:
    """The second file has no fold: fewer groups were there than folds asked for."""
    first = FoldVotes(["x", "\u00e9 y"], np.array([True, False]), np.array([[0.5, -1]], "f4"))
    last = FoldVotes(["z"], np.array([True]), np.array([[0.25, 0]], "f4"))
    paths = tuple(tmp_path / f"{name}.h5" for name in ("last", "none", "first"))
    for path, folds in zip(paths, ([last], [], [first]), strict=True):
        part("group", *folds).write(path)
    found = read_parts(paths, "tissue")
    assert [fold.samples for fold in found.folds] == [["z"], ["x", "\u00e9 y"]]
    np.testing.assert_array_equal(found.folds[1].known, [True, False])
    np.testing.assert_array_equal(found.folds[1].votes, first.votes)


def test_parts_that_do_not_go_together(tmp_path: Path) -> None:
    part("group").write(tmp_path / "group.h5")
    part("random").write(tmp_path / "random.h5")
    part("group", features=("a", "c")).write(tmp_path / "other.h5")
    with pytest.raises(DataError, match=r"random\.h5: is of scheme random, .*group\.h5 of group"):
        read_parts((tmp_path / "group.h5", tmp_path / "random.h5"), "tissue")
    with pytest.raises(DataError, match=r"other\.h5: has other features"):
        read_parts((tmp_path / "group.h5", tmp_path / "other.h5"), "tissue")
