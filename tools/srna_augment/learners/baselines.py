"""What a learner must beat on the same folds: majority, logistic, boosted trees, plain forest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

BASELINES = ("majority", "logistic", "boosted", "plain_forest")
FLOOR = 1e-12


@dataclass
class Baseline:
    """A fitted baseline.

    Attributes
    ----------
    predict : callable
        From ``(n_samples, n_features)`` to probabilities of `seen`.
    seen : numpy.ndarray
        Indices of the classes that it was trained on.
    n_outputs : int
        All classes.
    """

    predict: Any
    seen: np.ndarray
    n_outputs: int

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Return log probabilities ``(n_samples, n_classes)``; -inf for classes not seen."""
        result = np.full((len(x), self.n_outputs), -np.inf, dtype=np.float32)
        result[:, self.seen] = np.log(np.maximum(self.predict(x), FLOOR))
        return result


def fit_baseline(
    name: str,
    x: np.ndarray,
    y: np.ndarray,
    n_outputs: int,
    weights: np.ndarray,
    *,
    seed: int,
    threads: int = 1,
) -> Baseline:
    """Fit one of `BASELINES`.

    Parameters
    ----------
    name : str
        ``majority`` (class shares), ``logistic`` (L2, on standardised inputs centred by sample: the
        centred log-ratio), ``boosted`` (LightGBM), ``plain_forest`` (extremely randomised trees of
        the inputs).
    x : numpy.ndarray
        ``(n_samples, n_features)``, prepared inputs.
    y : numpy.ndarray
        ``(n_samples,)`` of int.
    n_outputs : int
        All classes.
    weights : numpy.ndarray
        ``(n_samples,)``.
    seed : int
        Seed of what is random.
    threads : int
        Processors to use.
    """
    seen = np.unique(y)
    if name == "majority" or len(seen) == 1:
        share = np.bincount(y, weights, n_outputs)[seen]
        share = share / share.sum()
        return Baseline(lambda rows: np.tile(share, (len(rows), 1)), seen, n_outputs)
    if name == "logistic":
        from sklearn.linear_model import LogisticRegression

        spread = np.maximum(_centred(x).std(axis=0), 1e-3)
        fitted = LogisticRegression(C=0.01, max_iter=300, tol=1e-3)
        fitted.fit(_centred(x) / spread, y, weights)
        return Baseline(lambda rows: fitted.predict_proba(_centred(rows) / spread), seen, n_outputs)
    if name == "plain_forest":
        from sklearn.ensemble import ExtraTreesClassifier

        grown = ExtraTreesClassifier(300, random_state=seed, n_jobs=threads).fit(x, y, weights)
        return Baseline(grown.predict_proba, seen, n_outputs)
    from lightgbm import LGBMClassifier

    boosted = LGBMClassifier(
        n_estimators=40,
        learning_rate=0.1,
        num_leaves=15,
        max_bin=31,
        min_child_samples=5,
        min_child_weight=0.1,
        reg_lambda=1.0,
        colsample_bytree=0.2,
        random_state=seed,
        n_jobs=threads,
        verbosity=-1,
        deterministic=True,
        force_row_wise=True,
    ).fit(x, y, weights)
    return Baseline(boosted.predict_proba, seen, n_outputs)


def _centred(x: np.ndarray) -> np.ndarray:
    centred: np.ndarray = x - x.mean(axis=1, keepdims=True)
    return centred
