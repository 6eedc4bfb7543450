"""Checks that an attribution means something: it must fall apart when the model is destroyed.

Source: Adebayo et al. 2018, Sanity checks for saliency maps (arXiv 1810.03292), sections 3 and 4.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..model.network import Dense, Layer, Network
from .stability import spearman


def randomise_parameters(network: Network, n_layers: int, seed: int) -> Network:
    """Shuffle the weights of the last `n_layers` dense layers of each member.

    Shuffling keeps the distribution of weights, so that only what was learnt is lost.

    Parameters
    ----------
    network : Network
        A trained network; it is not changed.
    n_layers : int
        How many dense layers, from the output backwards ("cascading").
    seed : int
        Of the shuffles.
    """
    generator = np.random.default_rng(seed)
    members = []
    for member in network.members:
        dense = [i for i, layer in enumerate(member) if isinstance(layer, Dense)][-n_layers:]
        members.append([_shuffled(layer, generator) if i in dense else layer
                        for i, layer in enumerate(member)])  # fmt: skip
    return Network(members, network.weights)


def _shuffled(layer: Layer, generator: np.random.Generator) -> Layer:
    assert isinstance(layer, Dense)
    kernel = generator.permutation(layer.kernel.ravel()).reshape(layer.kernel.shape)
    return replace(layer, kernel=kernel)


def similarity(a: np.ndarray, b: np.ndarray) -> float:
    """Return the mean over samples of the rank correlation between two attributions.

    Parameters
    ----------
    a, b : numpy.ndarray
        ``(n_samples, n_features)``, contributions; their size counts, not their sign, so that an
        attribution that is merely turned round is not taken for another one.
    """
    pairs = zip(np.abs(a), np.abs(b), strict=True)
    return float(np.mean([spearman(one, other) for one, other in pairs]))
