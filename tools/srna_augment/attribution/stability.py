"""Whether explanations stay when the model is trained again, with other seeds or folds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .summary import TOP


@dataclass
class Stability:
    """How alike explanations of one class are, over pairs of models.

    Attributes
    ----------
    n_models : int
        How many models were compared.
    rank_correlation : float
        Median over pairs of Spearman's correlation over all features.
    kept, least_kept : float
        Median and least over pairs: how many of the `TOP` first features are the same.
    always_top : numpy.ndarray
        Indices of the features that are among the first of every model.
    """

    n_models: int
    rank_correlation: float
    kept: float
    least_kept: float
    always_top: np.ndarray


def stability(means: np.ndarray, top: int = TOP) -> Stability:
    """Compare mean contributions of several models.

    Parameters
    ----------
    means : numpy.ndarray
        ``(n_models, n_features)``, mean contributions to one class.
    top : int
        How many features to follow.

    Raises
    ------
    ValueError
        Fewer than two models.
    """
    if len(means) < 2:
        raise ValueError("stability needs two models or more")
    order = np.argsort(-means, axis=1, kind="stable")[:, :top]
    first = [set(row.tolist()) for row in order]
    pairs = list(combinations(range(len(means)), 2))
    kept = [len(first[a] & first[b]) for a, b in pairs]
    return Stability(
        n_models=len(means),
        rank_correlation=float(np.median([spearman(means[a], means[b]) for a, b in pairs])),
        kept=float(np.median(kept)),
        least_kept=float(min(kept)),
        always_top=np.array(sorted(set.intersection(*first)), dtype=int),
    )


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Return Spearman's rank correlation of two vectors ``(n,)``; ties get their mean rank."""
    ranks = [mean_ranks(values) for values in (a, b)]
    centred = [rank - rank.mean() for rank in ranks]
    norm = np.linalg.norm(centred[0]) * np.linalg.norm(centred[1])
    return float(centred[0] @ centred[1] / norm) if norm > 0 else 0.0


def mean_ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks from 0, ``(n,)``, equal values sharing their mean."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - 0.5 * (counts + 1))[place]
