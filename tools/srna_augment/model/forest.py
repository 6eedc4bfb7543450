"""A trained forest as plain arrays: what `train-rf` writes and what NumPy predicts with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .network import Dense, blocks

LEAF = -1
# log of a probability that no forest of some hundred trees can tell from zero
PROBABILITY_FLOOR = 1e-4


@dataclass
class Forest:
    """Trees in one set of arrays, nodes of all trees one after another.

    They test the inputs themselves or, where there are `discriminants`, scores of classes.

    Attributes
    ----------
    roots : numpy.ndarray
        ``(n_trees,)``, int32, the index of each tree's first node.
    feature : numpy.ndarray
        ``(n_nodes,)``, int32, the score that the node tests; `LEAF` (-1) at a leaf.
    threshold : numpy.ndarray
        ``(n_nodes,)``, float32; a sample goes left when its value is at most this.
    left, right : numpy.ndarray
        ``(n_nodes,)``, int32, indices of the children.
    value : numpy.ndarray
        ``(n_nodes, n_outputs)``, float32, the share of each class (or the mean) at the node.
    discriminants : Dense or None
        ``(n_inputs, n_scores)``: what makes scores of inputs; None where inputs are the scores.
    """

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    discriminants: Dense | None = None
    kind: ClassVar[str] = "forest"
    arrays: ClassVar[tuple[str, ...]] = (
        "roots",
        "feature",
        "threshold",
        "left",
        "right",
        "value",
    )

    @property
    def n_outputs(self) -> int:
        """Number of classes."""
        return int(self.value.shape[1])

    def scores(self, x: np.ndarray) -> np.ndarray:
        """Return what the trees test, ``(n_samples, n_scores)``, float32.

        Parameters
        ----------
        x : numpy.ndarray
            ``(n_samples, n_inputs)``, float32.
        """
        if self.discriminants is None:
            return x
        return scores_of(self.discriminants, x)

    def mean_value(self, x: np.ndarray) -> np.ndarray:
        """Average the leaves that each sample falls into.

        Parameters
        ----------
        x : numpy.ndarray
            ``(n_samples, n_inputs)``, float32.

        Returns
        -------
        numpy.ndarray
            ``(n_samples, n_outputs)``, float64.
        """
        total = np.zeros((len(x), self.n_outputs))
        for rows in blocks(len(x), 1024):
            block = self.scores(x[rows])
            node = np.broadcast_to(self.roots, (len(block), len(self.roots))).copy()
            sample = np.broadcast_to(np.arange(len(block))[:, None], node.shape)
            while True:
                tested = self.feature[node]
                inner = tested != LEAF
                if not inner.any():
                    break
                at = node[inner]
                goes_left = block[sample[inner], tested[inner]] <= self.threshold[at]
                node[inner] = np.where(goes_left, self.left[at], self.right[at])
            for column in range(node.shape[1]):
                total[rows] += self.value[node[:, column]]
        return total / len(self.roots)

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Return the log of the averaged class shares, ``(n_samples, n_classes)``, float32."""
        logits: np.ndarray = np.log(np.maximum(self.mean_value(x), PROBABILITY_FLOOR))
        return logits.astype(np.float32)


def scores_of(discriminants: Dense, x: np.ndarray) -> np.ndarray:
    """Return scores ``(n_samples, n_scores)``, float32, of inputs ``(n_samples, n_inputs)``.

    Added up in double precision: rounding would depend on how many samples are asked together, and
    a tree turns on the last digit.
    """
    kernel, bias = (part.astype(np.float64) for part in (discriminants.kernel, discriminants.bias))
    scores: np.ndarray = x.astype(np.float64) @ kernel + bias
    return scores.astype(np.float32)
