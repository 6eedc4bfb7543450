"""The linear path of the network: discriminant analysis that knows what laboratories differ in.

Linear discriminant analysis (Fisher 1936) with the covariance of `.covariance`: directions in which
laboratories differ for one tissue count for little, which plain discriminants and networks cannot
know.
"""

from __future__ import annotations

import numpy as np

from ..model.network import Dense
from .covariance import Spread

# Of the inputs, see `srna_augment.model.inputs`.
VIEWS = ("scaled", "ranked")
# The logit of a class that no training sample has: far below all others.
UNSEEN = -1e4


def fit_linear_path(spread: Spread, n_outputs: int) -> Dense:
    """Fit one dense layer whose logits are the mean of the views' discriminants.

    Parameters
    ----------
    spread : Spread
        Of the training samples.
    n_outputs : int
        All classes.

    Returns
    -------
    Dense
        ``(n_inputs, n_outputs)``.
    """
    from scipy.linalg import cho_factor, cho_solve

    bias = np.full(n_outputs, UNSEEN)
    bias[spread.seen] = 0
    kernels = []
    for means, covariance in spread.views:
        direction = cho_solve(cho_factor(covariance), means.T) / len(spread.views)
        kernel = np.zeros((len(covariance), n_outputs))
        kernel[:, spread.seen] = direction
        bias[spread.seen] -= 0.5 * (means.T * direction).sum(axis=0)
        kernels.append(kernel)
    return Dense(np.concatenate(kernels).astype(np.float32), bias.astype(np.float32))


def fit_whitening(spread: Spread) -> np.ndarray:
    """Return what gives each view unit covariance, ``(n_views, n_features, n_features)``.

    It is to be multiplied from the right, as in ``x @ whitening``.
    """
    from scipy.linalg import cholesky, solve_triangular

    return np.array(
        [
            solve_triangular(
                cholesky(covariance, lower=True), np.eye(len(covariance)), lower=True
            ).T.astype(np.float32)
            for _, covariance in spread.views
        ]
    )
