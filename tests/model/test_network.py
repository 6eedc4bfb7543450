"""Networks of plain arrays: shifted inputs, and outputs in another order."""

import numpy as np
import pytest

from srna_augment.model.network import BatchNorm, Dense, Network, ReLU, SubclassNetwork


@pytest.fixture
def network():
    """Return a linear member, one with a hidden layer, and one that starts with batchnorm."""
    generator = np.random.default_rng(0)

    def dense(n_in, n_out):
        return Dense(generator.normal(size=(n_in, n_out)).astype("f4"), np.ones(n_out, "f4"))

    def batchnorm(n):
        arrays = generator.random((4, n)).astype("f4")
        return BatchNorm(*arrays, np.array([1e-3], "f4"))

    members = [
        [dense(6, 4)],
        [dense(6, 5), batchnorm(5), ReLU(), dense(5, 4)],
        [batchnorm(6), dense(6, 3), ReLU(), dense(3, 4)],
    ]
    return Network(members, np.array([0.5, 0.3, 0.2]))


@pytest.mark.parametrize("subclasses", [False, True])
def test_logits_around_samples_are_those_of_shifted_samples(network, subclasses):
    learner = SubclassNetwork(network, np.array([0, 0, 1, 2])) if subclasses else network
    generator = np.random.default_rng(1)
    x = generator.normal(size=(7, 6)).astype("f4")
    around = learner.around(x)
    for shift in generator.normal(size=(3, 6)).astype("f4"):
        np.testing.assert_allclose(around(shift), learner.logits(x + shift), rtol=1e-4, atol=1e-4)


def test_outputs_in_another_order(network):
    x = np.random.default_rng(1).normal(size=(7, 6)).astype("f4")
    order = np.array([2, 0, 3, 1])
    found = network.with_outputs(order).logits(x)
    np.testing.assert_allclose(found, network.logits(x)[:, order], rtol=1e-5)
