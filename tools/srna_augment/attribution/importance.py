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
# Of the trees; they are alike but for chance, so that more would say the same.
TREES_ASKED = 50
# Samples times features shuffled at a time.
CELLS = 2_000_000


def stream(
    forest: Forest,
    x: np.ndarray,
    references: np.ndarray,
    *,
    outputs: Outputs = "predicted",
) -> Iterator[Block]:
    """Explain a forest's class shares by interventional TreeSHAP, block by block.

    Lundberg et al. 2020 (Nature Machine Intelligence 2, 56-67), as the library shap computes it:
    contributions from the references to a sample, which sum to the difference of the shares. What
    a score of a class contributes is split among the inputs that it is a sum of, in proportion to
    what each of them changes it by (the chain rule of Chen et al. 2022, Nature Communications 13,
    4512).

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
    references = as_references(references, x.shape[1]).astype(np.float32)
    base = forest.mean_value(references).mean(axis=0)
    explained = [_FromOne(forest, each) for each in references]
    for rows in blocks(len(x), BLOCK_SAMPLES):
        shares = forest.mean_value(x[rows])
        chosen = chosen_outputs(outputs, rows, shares)
        parts = [one.contributions(x[rows], chosen) for one in explained]
        values = np.mean(parts, axis=0).astype(np.float32)
        change = np.take_along_axis(shares - base, chosen, axis=1)
        yield Block(rows, chosen, values, shares, values.sum(axis=2) - change)


class _FromOne:
    """Contributions from one reference, ``(n_inputs,)``."""

    def __init__(self, forest: Forest, reference: np.ndarray) -> None:
        import shap

        self.forest, self.reference = forest, reference
        self.scores = forest.scores(reference[None]).astype(np.float64)
        self.explainer = shap.TreeExplainer(
            {"trees": list(_trees(forest))}, data=self.scores,
            feature_perturbation="interventional", model_output="raw",
        )  # fmt: skip

    def contributions(self, x: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Return ``(n_samples, n_chosen, n_inputs)`` for `chosen` ``(n_samples, n_chosen)``."""
        scores = self.forest.scores(x).astype(np.float64)
        found = self.explainer.shap_values(scores, check_additivity=False)
        found = np.asarray(found).reshape(len(x), scores.shape[1], -1)
        picked = np.take_along_axis(found, chosen[:, None, :], axis=2).transpose(0, 2, 1)
        if self.forest.discriminants is None:
            return np.ascontiguousarray(picked)
        change = (scores - self.scores)[:, None]
        # where a score is the reference's nothing turns on it
        share = np.divide(picked, change, out=np.zeros_like(picked), where=change != 0)
        by_input = share @ self.forest.discriminants.kernel.T.astype(np.float64)
        by_input *= (x.astype(np.float64) - self.reference)[:, None]
        return np.asarray(by_input)


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
    seed: int = 1,
) -> np.ndarray:
    """Tell how many votes each sample loses when a feature is shuffled among the samples.

    Permutation importance (Breiman 2001, Machine Learning 45, 5-32, section 10), by sample and in
    votes for the true class; the first `TREES_ASKED` trees are asked, each about a shuffle of its
    own. Give samples that the forest has not seen. A feature alone seldom turns a tree, so that
    paths are followed once and left where the other value turns off.

    Parameters
    ----------
    forest : Forest
        The trees, on scores of classes.
    x : numpy.ndarray
        ``(n_samples, n_inputs)``, float32, samples left out.
    truth : numpy.ndarray
        ``(n_samples,)`` of int.
    n_features : int, optional
        Inputs `i` and ``i + n_features`` are views of one feature, shuffled together; by default
        every input is a feature.
    seed : int
        Of the shuffles.

    Returns
    -------
    numpy.ndarray
        ``(n_samples, n_features)``, share of the votes of the trees asked; negative where votes are
        won.
    """
    n_features = n_features or x.shape[1]
    loss = np.zeros((len(x), n_features))
    scores = forest.scores(x)
    roots = forest.roots[:TREES_ASKED]
    for some in blocks(n_features, max(CELLS // max(len(x), 1), 1)):
        shuffle = _Shuffle(forest, x, scores, np.arange(n_features)[some], n_features)
        for tree, root in enumerate(roots):
            shuffle.draw(np.random.default_rng([seed, tree, some.start]))
            loss[:, some] += _loss_of_tree(forest, root, truth, shuffle)
    return loss / len(roots)


class _Shuffle:
    """What scores become when one feature of a sample is another sample's.

    Parameters
    ----------
    forest : Forest
        On scores of classes.
    x, scores : numpy.ndarray
        ``(n_samples, n_inputs)`` and ``(n_samples, n_scores)``.
    features : numpy.ndarray
        ``(n,)`` of int: those to shuffle.
    n_features : int
        Of a view.
    """

    def __init__(
        self,
        forest: Forest,
        x: np.ndarray,
        scores: np.ndarray,
        features: np.ndarray,
        n_features: int,
    ) -> None:
        assert forest.discriminants is not None
        kernel = forest.discriminants.kernel.T
        views = [features + start for start in range(0, x.shape[1], n_features)]
        self.scores = scores
        self.inputs = [x[:, view] for view in views]
        self.kernels = [np.ascontiguousarray(kernel[:, view]) for view in views]
        self.rows = np.broadcast_to(np.arange(len(x))[:, None], (len(x), len(features)))
        self.changes: list[np.ndarray] = []

    def draw(self, random: np.random.Generator) -> None:
        """Give each feature of each sample another sample's value."""
        donors = random.permuted(self.rows, axis=0)
        self.changes = [np.take_along_axis(own, donors, axis=0) - own for own in self.inputs]

    def all_features(self, sample: np.ndarray, score: np.ndarray) -> np.ndarray:
        """Return a score of each sample for each feature, ``(n_samples, n_features)``."""
        changed = zip(self.changes, self.kernels, strict=True)
        moved = sum(change[sample] * kernel[score] for change, kernel in changed)
        return np.asarray(self.scores[sample, score][:, None] + moved)

    def one_feature(self, sample: np.ndarray, feature: np.ndarray, score: np.ndarray) -> np.ndarray:
        """Return a score of each sample for the feature beside it, ``(n_samples,)``."""
        changed = zip(self.changes, self.kernels, strict=True)
        moved = sum(change[sample, feature] * kernel[score, feature] for change, kernel in changed)
        return np.asarray(self.scores[sample, score] + moved)


def _loss_of_tree(forest: Forest, root: int, truth: np.ndarray, shuffle: _Shuffle) -> np.ndarray:
    """Return what one tree's vote for the true class loses, ``(n_samples, n_features)``."""
    leaf = np.empty(len(truth), dtype=np.int64)
    turned = np.zeros(shuffle.rows.shape, dtype=bool)
    off: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []  # sample, feature, node reached
    sample, node = np.arange(len(truth)), np.full(len(truth), root, dtype=np.int64)
    while True:
        inner = forest.feature[node] != LEAF
        leaf[sample[~inner]] = node[~inner]
        sample, node = sample[inner], node[inner]
        if not len(sample):
            break
        tested, limit = forest.feature[node], forest.threshold[node]
        own = shuffle.scores[sample, tested] <= limit
        given = shuffle.all_features(sample, tested) <= limit[:, None]
        at, feature = np.nonzero((own[:, None] != given) & ~turned[sample])
        turned[sample[at], feature] = True
        left, right = forest.left[node], forest.right[node]
        off.append((sample[at], feature, np.where(own, right, left)[at]))
        node = np.where(own, left, right)
    loss = np.zeros(turned.shape)
    if not off:
        return loss
    sample, feature, node = (np.concatenate(parts) for parts in zip(*off, strict=True))
    while True:
        going = np.flatnonzero(forest.feature[node] != LEAF)
        if not len(going):
            break
        at = node[going]
        moved = shuffle.one_feature(sample[going], feature[going], forest.feature[at])
        node[going] = np.where(moved <= forest.threshold[at], forest.left[at], forest.right[at])
    votes = forest.value[leaf, truth].astype(np.float64)
    # a sample turns off once a feature, so that no pair is there twice
    loss[sample, feature] = votes[sample] - forest.value[node, truth[sample]]
    return loss
