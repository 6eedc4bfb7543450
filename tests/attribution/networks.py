"""Networks of random weights, one a layer kind that train-dl can build, and small trained ones."""

from __future__ import annotations

import numpy as np

from srna_augment.model.network import BatchNorm, Dense, Layer, Network, ReLU

N_INPUTS, N_CLASSES = 200, 5


def dense(generator: np.random.Generator, n_in: int, n_out: int) -> Dense:
    kernel = generator.standard_normal((n_in, n_out)) * 1.4 / np.sqrt(n_in)
    return Dense(kernel.astype("f4"), (0.2 * generator.standard_normal(n_out)).astype("f4"))


def batchnorm(generator: np.random.Generator, n: int) -> BatchNorm:
    """Scales of both signs, so that positive and negative parts change places."""
    gamma, beta, mean = (generator.standard_normal(n).astype("f4") for _ in range(3))
    variance = generator.uniform(0.3, 2, n).astype("f4")
    return BatchNorm(gamma, beta, mean, variance, np.array([1e-3], "f4"))


def members(seed: int = 0) -> dict[str, list[Layer]]:
    g = np.random.default_rng(seed)
    relu = ReLU()
    return {
        "linear": [dense(g, 200, 5)],
        "one hidden layer": [dense(g, 200, 64), relu, dense(g, 64, 5)],
        "two hidden layers": [dense(g, 200, 64), relu, dense(g, 64, 48), relu, dense(g, 48, 5)],
        "batchnorm first": [batchnorm(g, 200), dense(g, 200, 64), relu, dense(g, 64, 5)],
        "batchnorm before relu": [
            dense(g, 200, 64), batchnorm(g, 64), relu, dense(g, 64, 48), batchnorm(g, 48), relu,
            dense(g, 48, 5),
        ],
        "batchnorm after relu": [
            dense(g, 200, 64), relu, batchnorm(g, 64), dense(g, 64, 48), relu, batchnorm(g, 48),
            dense(g, 48, 5),
        ],
        "linear projection": [dense(g, 200, 30), dense(g, 30, 64), relu, dense(g, 64, 5)],
        "projections and batchnorm": [
            batchnorm(g, 200), dense(g, 200, 30), dense(g, 30, 64), batchnorm(g, 64), relu,
            batchnorm(g, 64), dense(g, 64, 33), dense(g, 33, 40), relu, dense(g, 40, 5),
        ],
    }  # fmt: skip


def networks(seed: int = 0) -> dict[str, Network]:
    """One network a layer kind, and all of them as one ensemble of unequal weights."""
    each = members(seed)
    found = {name: Network([member], np.ones(1)) for name, member in each.items()}
    weights = np.arange(1, len(each) + 1) / sum(range(1, len(each) + 1))
    found["ensemble"] = Network(list(each.values()), weights)
    return found


NAMES = list(networks())


def samples(n: int = 48, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Samples and a reference; one sample is the reference, one equals it in half of its inputs."""
    g = np.random.default_rng(seed)
    x = g.standard_normal((n, N_INPUTS)).astype("f4")
    reference = (0.3 * g.standard_normal(N_INPUTS)).astype("f4")
    x[0] = reference
    x[1, ::2] = reference[::2]
    return x, reference


def trained(
    x: np.ndarray, y: np.ndarray, *, seed: int = 0, hidden: tuple[int, ...] = (16,)
) -> Network:
    """Train a small network without TensorFlow."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        hidden, alpha=1e-2, max_iter=60, batch_size=32, learning_rate_init=5e-3, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # enough for what is asked here
        model.fit(x, y)
    layers: list[Layer] = []
    for kernel, bias in zip(model.coefs_, model.intercepts_, strict=True):
        layers += [Dense(kernel.astype("f4"), bias.astype("f4")), ReLU()]
    return Network([layers[:-1]], np.ones(1))


def marker_data(
    n: int = 240, n_features: int = 30, n_classes: int = 3, seed: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    """Samples whose feature i is high in class i, and whose other features are noise (decoys)."""
    g = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    x = g.standard_normal((n, n_features)).astype("f4")
    x[np.arange(n), y] += 3
    return x, y
