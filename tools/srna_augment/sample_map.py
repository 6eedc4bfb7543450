"""A map of samples: the plane in which what the model says of them differs most."""

from __future__ import annotations

import numpy as np

# Beyond this a logit says "certainly not" (or a class is impossible) and would fill the map.
LIMIT = 50.0


def principal_plane(logits: np.ndarray) -> np.ndarray:
    """Return places on the first two principal components of a model's last layer.

    Parameters
    ----------
    logits : numpy.ndarray
        ``(n_samples, n_classes)``.

    Returns
    -------
    numpy.ndarray
        ``(n_samples, 2)``; the sign of each axis is such that its largest place is positive.
    """
    centred = np.clip(np.nan_to_num(logits.astype(np.float64)), -LIMIT, LIMIT)
    centred -= centred.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    places = centred @ vectors[:, ::-1][:, :2]
    if places.shape[1] < 2:
        places = np.pad(places, ((0, 0), (0, 2 - places.shape[1])))
    largest = np.abs(places).argmax(axis=0)
    turned: np.ndarray = places * np.where(places[largest, [0, 1]] < 0, -1, 1)
    return turned
