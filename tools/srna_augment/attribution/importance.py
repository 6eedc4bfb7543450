"""What a forest looks at: TreeSHAP in the shape of DeepLIFT's contributions, and permutation."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ..errors import UsageError
from ..model.forest import LEAF, Forest
from ..model.network import blocks
from .engine import Block, Outputs, as_references, chosen_outputs

BLOCK_SAMPLES = 32


def stream(
    forest: Forest,
    x: np.ndarray,
    references: np.ndarray,
    *,
    outputs: Outputs = "predicted",
) -> Iterator[Block]:
    """Explain a forest's class shares by interventional TreeSHAP, block by block.

    Lundberg et al. 2020 (Nature Machine Intelligence 2, 56-67), as the library shap computes it:
    contributions from the references to a sample, which sum to the difference of the shares.

    Parameters
    ----------
    forest : Forest
        The trees.
    x, references, outputs
        As in `srna_augment.attribution.engine.contributions`.

    Yields
    ------
    Block
        `values` are class shares, and so are `logits`.

    Raises
    ------
    UsageError
        The library is not installed.
    """
    if importlib.util.find_spec("shap") is None:
        raise UsageError(
            "explaining a forest needs the Python package shap, which is not installed: "
            "'pip install shap', or explain the model of train-dl"
        )
    import shap

    references = as_references(references, x.shape[1]).astype(np.float64)
    explainer = shap.TreeExplainer(
        {"trees": list(_trees(forest))}, data=references,
        feature_perturbation="interventional", model_output="raw",
    )  # fmt: skip
    base = forest.mean_value(references.astype(np.float32)).mean(axis=0)
    for rows in blocks(len(x), BLOCK_SAMPLES):
        shares = forest.mean_value(x[rows])
        chosen = chosen_outputs(outputs, rows, shares)
        found = explainer.shap_values(x[rows].astype(np.float64), check_additivity=False)
        found = np.asarray(found).reshape(len(shares), x.shape[1], -1)
        picked = np.take_along_axis(found, chosen[:, None, :], axis=2).transpose(0, 2, 1)
        values = np.ascontiguousarray(picked, dtype=np.float32)
        change = np.take_along_axis(shares - base, chosen, axis=1)
        yield Block(rows, chosen, values, shares, values.sum(axis=2) - change)


def _trees(forest: Forest) -> Iterator[dict[str, np.ndarray]]:
    """Cut a forest into trees as the library reads them, each giving its part of the mean."""
    ends = np.append(forest.roots[1:], len(forest.feature))
    for root, end in zip(forest.roots, ends, strict=True):
        feature = forest.feature[root:end]
        leaf = feature == LEAF
        left = np.where(leaf, -1, forest.left[root:end] - root)
        yield {
            "children_left": left,
            "children_right": np.where(leaf, -1, forest.right[root:end] - root),
            "children_default": left,
            "features": np.where(leaf, -2, feature),
            "thresholds": forest.threshold[root:end].astype(np.float64),
            "values": forest.value[root:end].astype(np.float64) / len(forest.roots),
            "node_sample_weight": np.ones(len(feature)),  # not used with a background
        }


@dataclass
class Permutation:
    """How much worse a model becomes when a feature is shuffled.

    Attributes
    ----------
    mean, sd : numpy.ndarray
        ``(n_classes, n_features)``: loss of recall of each class, over the repeats.
    """

    mean: np.ndarray
    sd: np.ndarray


def permutation_importance(
    predict: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    truth: np.ndarray,
    n_classes: int,
    *,
    features: np.ndarray | None = None,
    repeats: int = 5,
    seed: int = 1,
) -> Permutation:
    """Shuffle one feature at a time among samples that the model has not seen.

    Breiman 2001 (Machine Learning 45, 5-32), section 10. Give the samples that a fold left out,
    and the model of that fold; then average over folds.

    Parameters
    ----------
    predict : callable
        Inputs ``(n, n_features)`` to scores ``(n, n_classes)``; the largest is the prediction.
    x : numpy.ndarray
        ``(n_samples, n_features)``, samples left out.
    truth : numpy.ndarray
        ``(n_samples,)`` of int.
    n_classes : int
        Number of classes.
    features : numpy.ndarray, optional
        Which features to shuffle; by default all.
    repeats : int
        Shuffles of each feature.
    seed : int
        Of the shuffles.
    """
    chosen = np.arange(x.shape[1]) if features is None else features
    before = _recall(predict(x).argmax(axis=1), truth, n_classes)
    mean = np.zeros((n_classes, x.shape[1]))
    sd = np.zeros_like(mean)
    shuffled = x.copy()
    for feature in chosen:
        # a generator a feature, so that a choice of features does not change the others' figures
        generator = np.random.default_rng([seed, int(feature)])
        losses = []
        for _ in range(repeats):
            shuffled[:, feature] = generator.permutation(x[:, feature])
            losses.append(before - _recall(predict(shuffled).argmax(axis=1), truth, n_classes))
        shuffled[:, feature] = x[:, feature]
        mean[:, feature], sd[:, feature] = np.mean(losses, axis=0), np.std(losses, axis=0)
    return Permutation(mean, sd)


def _recall(predicted: np.ndarray, truth: np.ndarray, n_classes: int) -> np.ndarray:
    right = np.bincount(truth[predicted == truth], minlength=n_classes)
    return right / np.maximum(np.bincount(truth, minlength=n_classes), 1)
