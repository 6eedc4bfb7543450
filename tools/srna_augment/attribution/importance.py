"""What a forest looks at: TreeSHAP in the shape of DeepLIFT's contributions, and permutation."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

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


def permutation_loss(
    forest: Forest,
    x: np.ndarray,
    truth: np.ndarray,
    *,
    n_features: int | None = None,
    repeats: int = 5,
    seed: int = 1,
) -> np.ndarray:
    """Tell how many votes each sample loses when a feature is shuffled among the samples.

    Permutation importance (Breiman 2001, Machine Learning 45, 5-32, section 10), by sample and in
    votes for the true class. Give samples that the forest has not seen. A shuffled value changes a
    tree's answer only where the sample's own path tests the feature, so paths are followed once and
    left where the other value turns off: exact, at some ten predictions for all features together.

    Parameters
    ----------
    forest : Forest
        The trees.
    x : numpy.ndarray
        ``(n_samples, n_inputs)``, float32, samples left out.
    truth : numpy.ndarray
        ``(n_samples,)`` of int.
    n_features : int, optional
        Inputs `i` and ``i + n_features`` are views of one feature, shuffled together; by default
        every input is a feature.
    repeats : int
        Shuffles of each feature, averaged.
    seed : int
        Of the shuffles.

    Returns
    -------
    numpy.ndarray
        ``(n_samples, n_features)``, share of all trees' votes; negative where votes are won.
    """
    n_features = n_features or x.shape[1]
    loss = np.zeros((len(x), n_features))
    rows = np.broadcast_to(np.arange(len(x))[:, None], loss.shape)
    for repeat in range(repeats):
        donors = np.random.default_rng([seed, repeat]).permuted(rows, axis=0)
        for root in forest.roots:
            _add_loss_of_tree(loss, forest, root, x, truth, donors)
    return loss / (repeats * len(forest.roots))


def _add_loss_of_tree(
    loss: np.ndarray,
    forest: Forest,
    root: int,
    x: np.ndarray,
    truth: np.ndarray,
    donors: np.ndarray,
) -> None:
    """Add what one tree's vote for the true class loses; `donors` ``(n_samples, n_features)``."""
    n_features = donors.shape[1]
    leaf = np.empty(len(x), dtype=np.int64)
    turned = np.zeros(donors.shape, dtype=bool)
    off: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []  # sample, feature, node reached
    sample, node = np.arange(len(x)), np.full(len(x), root, dtype=np.int64)
    while True:
        inner = forest.feature[node] != LEAF
        leaf[sample[~inner]] = node[~inner]
        sample, node = sample[inner], node[inner]
        if not len(sample):
            break
        tested, limit = forest.feature[node], forest.threshold[node]
        feature = tested % n_features
        own = x[sample, tested] <= limit
        given = x[donors[sample, feature], tested] <= limit
        at = (own != given) & ~turned[sample, feature]
        turned[sample[at], feature[at]] = True
        left, right = forest.left[node], forest.right[node]
        off.append((sample[at], feature[at], np.where(given, left, right)[at]))
        node = np.where(own, left, right)
    sample, feature, node = (np.concatenate(parts) for parts in zip(*off, strict=True))
    while True:
        going = np.flatnonzero(forest.feature[node] != LEAF)
        if not len(going):
            break
        at, who, what = node[going], sample[going], feature[going]
        tested = forest.feature[at]
        who = np.where(tested % n_features == what, donors[who, what], who)
        goes_left = x[who, tested] <= forest.threshold[at]
        node[going] = np.where(goes_left, forest.left[at], forest.right[at])
    votes = forest.value[leaf, truth].astype(np.float64)
    # a sample turns off once a feature, so that no pair is there twice
    loss[sample, feature] += votes[sample] - forest.value[node, truth[sample]]
