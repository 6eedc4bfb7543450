"""The forest of `train-rf`, grown by scikit-learn and kept as plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..model.forest import LEAF, Forest, scores_of
from ..model.network import Dense

# Of scores there are as many as classes, of inputs some hundreds, and most say nothing.
OF_SCORES = {"max_features": 1.0, "min_samples_leaf": 3}
OF_INPUTS = {"max_features": "sqrt", "min_samples_leaf": 1}


def fit_forest(
    x: np.ndarray,
    y: np.ndarray,
    n_outputs: int,
    weights: np.ndarray,
    trees: int,
    *,
    seed: int,
    threads: int = 1,
    regression: bool = False,
    discriminants: Dense | None = None,
) -> Forest:
    """Grow extremely randomised trees (Geurts et al. 2006, Mach Learn 63).

    They cost a fifth of a random forest's time at equal accuracy on these tables, since thresholds
    are drawn and not searched for. With `discriminants` they see the scores of the classes alone:
    directions, not single features, in which the classes of unknown laboratories differ.

    Parameters
    ----------
    x : numpy.ndarray
        ``(n_samples, n_inputs)``, prepared inputs.
    y : numpy.ndarray
        ``(n_samples,)`` of int (classes), or of float with `regression`.
    n_outputs : int
        Classes that the result shall know, seen or not.
    weights : numpy.ndarray
        ``(n_samples,)``.
    trees : int
        How many.
    seed : int
        Seed of the trees.
    threads : int
        Processors to use.
    regression : bool
        Fit years instead of classes.
    discriminants : Dense, optional
        ``(n_inputs, n_scores)``: let the trees test these scores, not the inputs.
    """
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    kind: Any = ExtraTreesRegressor if regression else ExtraTreesClassifier
    grown = kind(
        trees,
        **(OF_INPUTS if discriminants is None else OF_SCORES),
        random_state=seed,
        n_jobs=threads,
    )
    grown.fit(x if discriminants is None else scores_of(discriminants, x), y, sample_weight=weights)
    seen = np.zeros(1, dtype=int) if regression else np.asarray(grown.classes_)
    forest = _as_arrays([tree.tree_ for tree in grown.estimators_], seen, n_outputs)
    forest.discriminants = discriminants
    return forest


def _as_arrays(trees: list[Any], seen: np.ndarray, n_outputs: int) -> Forest:
    sizes = np.array([tree.node_count for tree in trees])
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    value = np.zeros((sizes.sum(), n_outputs), dtype=np.float32)
    value[:, seen] = np.concatenate([tree.value[:, 0, :] for tree in trees])
    feature = np.concatenate([tree.feature for tree in trees])
    shift = np.repeat(roots, sizes)
    left, right = (
        np.concatenate([getattr(tree, side) for tree in trees]) + shift
        for side in ("children_left", "children_right")
    )
    leaf = feature < 0
    # float32 inputs are compared with thresholds of float64 in scikit-learn: rounding down keeps
    # "at most" true for the same samples
    exact = np.concatenate([tree.threshold for tree in trees])
    threshold = exact.astype(np.float32)
    above = threshold.astype(np.float64) > exact
    threshold[above] = np.nextafter(threshold[above], np.float32(-np.inf))
    return Forest(
        roots=roots.astype(np.int32),
        feature=np.where(leaf, LEAF, feature).astype(np.int32),
        threshold=np.where(leaf, 0, threshold).astype(np.float32),
        left=np.where(leaf, 0, left).astype(np.int32),
        right=np.where(leaf, 0, right).astype(np.int32),
        value=value,
    )
