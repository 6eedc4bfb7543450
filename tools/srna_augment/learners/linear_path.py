"""The linear path of the network: discriminant analysis that knows what laboratories differ in.

Linear discriminant analysis (Fisher 1936) with the covariance of `.covariance`: directions in which
laboratories differ for one tissue count for little, which plain discriminants and networks cannot
know.
"""

from __future__ import annotations

import numpy as np

from ..model.network import Dense
from .covariance import fit_covariance


def fit_linear_path(
    x: np.ndarray, y: np.ndarray, n_outputs: int, units: np.ndarray, n_views: int
) -> tuple[Dense, np.ndarray]:
    """Fit one dense layer whose logits are the mean of the views' discriminants.

    Parameters
    ----------
    x : numpy.ndarray
        ``(n_samples, n_inputs)``, prepared inputs.
    y : numpy.ndarray
        ``(n_samples,)`` of int.
    n_outputs : int
        All classes; one that is not in `y` gets a logit far below the others.
    units : numpy.ndarray
        ``(n_samples,)`` of str, study or site.
    n_views : int
        Views side by side in `x`.

    Returns
    -------
    layer : Dense
        ``(n_inputs, n_outputs)``.
    whitening : numpy.ndarray
        ``(n_views, n_features, n_features)``: ``x @ whitening`` has unit covariance in each view.
    """
    from scipy.linalg import cholesky, solve_triangular

    seen = np.unique(y)
    width = x.shape[1] // n_views
    kernel = np.zeros((x.shape[1], n_outputs))
    bias = np.full(n_outputs, -1e4)
    bias[seen] = 0
    whitening = np.empty((n_views, width, width))
    for i in range(n_views):
        rows = slice(i * width, (i + 1) * width)
        means, covariance = fit_covariance(x[:, rows].astype(np.float64), y, units)
        root = cholesky(covariance, lower=True)
        whitening[i] = solve_triangular(root, np.eye(width), lower=True).T
        direction = whitening[i] @ (whitening[i].T @ means.T)
        kernel[rows, seen] = direction / n_views
        bias[seen] -= 0.5 * (means.T * direction).sum(axis=0) / n_views
    return Dense(kernel.astype(np.float32), bias.astype(np.float32)), whitening
