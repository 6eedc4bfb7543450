"""Networks of plain arrays: shifted inputs, and outputs in another order."""

import numpy as np
import pytest

from srna_augment.model.network import (
    BatchNorm,
    Dense,
    Network,
    ReLU,
    SubclassNetwork,
    blocks,
    softmax,
)


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


def test_softmax_by_hand_of_any_size_and_shape():
    third = np.log(2.0)
    rows = np.array([[1000.0, 1000 + third], [-2000, -2000 - third]])
    expected = [[1 / 3, 2 / 3], [2 / 3, 1 / 3]]
    np.testing.assert_allclose(softmax(rows), expected)
    np.testing.assert_allclose(softmax(rows[:, None, :]), np.array(expected)[:, None, :])
    np.testing.assert_allclose(softmax(np.array([[-np.inf, 0.0]])), [[0, 1]])


def test_batch_normalisation_by_hand():
    layer = BatchNorm(*np.array([[6.0], [1], [5], [8]]), np.array([1.0]))
    # 6 * (x - 5) / sqrt(8 + 1) + 1
    np.testing.assert_allclose(layer(np.array([[5.0], [7]])), [[1], [5]])


def test_logits_are_the_weighted_mean_of_members(network):
    x = np.random.default_rng(1).normal(size=(7, 6)).astype("f4")
    alone = [Network([member], np.ones(1)).logits(x) for member in network.members]
    expected = np.tensordot(network.weights, alone, axes=1)
    np.testing.assert_allclose(network.logits(x), expected, rtol=1e-4, atol=1e-4)


def test_members_with_hidden_layers_stand_alone(network):
    x = np.random.default_rng(1).normal(size=(7, 6)).astype("f4")
    found = network.hidden_members()
    assert [member.members for member in found] == [[member] for member in network.members[1:]]
    groups = np.array([0, 0, 1, 2])
    for own, grouped in zip(found, SubclassNetwork(network, groups).hidden_members(), strict=True):
        expected = SubclassNetwork(own, groups).logits(x)
        np.testing.assert_array_equal(grouped.logits(x), expected)


def test_width_is_that_of_the_first_layer(network):
    assert network.n_inputs == 6
    assert Network(network.members[2:], np.ones(1)).n_inputs == 6
    with pytest.raises(ValueError, match="starts with a dense or a batchnorm"):
        _ = Network([[ReLU()]], np.ones(1)).n_inputs


def test_blocks_cover_all_samples_once():
    assert list(blocks(5, 2)) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert list(blocks(0)) == []
