"""A class that consists of subclasses is explained by the one that gives it its logit."""

from __future__ import annotations

import numpy as np
import pytest

from srna_augment.attribution.engine import RULES, contributions
from srna_augment.model.network import Network, ReLU, SubclassNetwork

from .networks import dense, samples

OF_CLASS = np.array([0, 0, 1, 1, 2])


@pytest.fixture
def network() -> SubclassNetwork:
    """Two members, one with a hidden layer, of such outputs that each is the largest somewhere."""
    g = np.random.default_rng(0)
    hidden = [dense(g, 200, 64), ReLU(), dense(g, 64, 5)]
    return SubclassNetwork(Network([[dense(g, 200, 5)], hidden], np.full(2, 0.5)), OF_CLASS)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("engine", ["native", "deeplift"])
def test_contributions_are_those_of_the_best_subclass(network, rule, engine):
    if engine == "deeplift":
        pytest.importorskip("deeplift")
    x, reference = samples()
    within = network.network
    best = network.best_subclasses(within.logits(x))
    assert len(np.unique(best)) == len(OF_CLASS), "each subclass speaks for its class somewhere"
    every = contributions(within, x, reference, rule=rule, outputs="all")
    own = contributions(network, x, reference, rule=rule, outputs="all", engine=engine)
    expected = np.take_along_axis(every.values, best[:, :, None], axis=1)
    np.testing.assert_allclose(own.values, expected, atol=1e-5)
    np.testing.assert_array_equal(own.outputs, np.tile([0, 1, 2], (len(x), 1)))
    assert own.relative_delta() < 1e-5


def test_each_question_has_the_same_answer(network):
    x, reference = samples()
    every = contributions(network, x, reference, outputs="all")
    predicted = contributions(network, x, reference)
    np.testing.assert_array_equal(predicted.outputs[:, 0], network.logits(x).argmax(axis=1))
    for asked in (1, np.arange(len(x)) % 3):
        found = contributions(network, x, reference, outputs=asked)
        place = np.broadcast_to(asked, len(x))[:, None]
        np.testing.assert_array_equal(found.outputs, place)
        expected = np.take_along_axis(every.values, place[:, :, None], axis=1)
        np.testing.assert_allclose(found.values, expected, atol=1e-5)


def test_logits_are_those_of_classes_less_the_mean_of_subclasses(network):
    x, reference = samples()
    raw = network.network.logits(x)
    found = contributions(network, x, reference)
    expected = network.logits(x) - raw.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found.logits, expected, atol=1e-4)


def test_a_class_that_is_not_there_is_refused(network):
    x, reference = samples()
    with pytest.raises(ValueError, match="there are 3 classes"):
        contributions(network, x, reference, outputs=3)
