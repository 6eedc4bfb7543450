"""Our engine against the authors' package and against captum: not one answer, three.

captum and shap are no dependencies (torch is 1 GB); to run what needs them, in an environment of
their own: ``uv sync --extra train --inexact && uv pip install captum shap``, then
``pytest tests/attribution -rs``.
"""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from srna_augment.attribution.engine import RULES, contributions
from srna_augment.model.network import Network, ReLU

from .networks import NAMES, dense, networks, samples

# of the largest contribution
AGREEMENT = 1e-5
needs_captum = pytest.mark.skipif(
    importlib.util.find_spec("captum") is None or importlib.util.find_spec("torch") is None,
    reason="captum and torch are not installed (pip install captum)",
)


@pytest.mark.train
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", NAMES)
def test_native_agrees_with_the_deeplift_package(name, rule):
    network = networks()[name]
    x, reference = samples(24)
    for outputs in ("all", "predicted"):
        ours = contributions(network, x, reference, rule=rule, outputs=outputs)
        theirs = contributions(network, x, reference, rule=rule, outputs=outputs, engine="deeplift")
        np.testing.assert_array_equal(ours.outputs, theirs.outputs)
        error = np.abs(ours.values - theirs.values).max() / np.abs(theirs.values).max()
        assert error < AGREEMENT
        assert theirs.relative_delta() < AGREEMENT


@pytest.mark.train
def test_they_agree_where_a_part_is_zero():
    """Narrow layers, in which a unit often has no negative (or positive) part at all."""
    g = np.random.default_rng(4)
    layers = [dense(g, 200, 6), ReLU(), dense(g, 6, 5), ReLU(), dense(g, 5, 3)]
    network = Network([layers], np.ones(1))
    x, reference = samples()
    ours = contributions(network, x, reference, rule="revealcancel", outputs="all")
    theirs = contributions(
        network, x, reference, rule="revealcancel", outputs="all", engine="deeplift"
    )
    assert np.abs(ours.values - theirs.values).max() < AGREEMENT * np.abs(theirs.values).max()


@pytest.mark.train
def test_package_averages_references_as_native_does():
    network = networks()["two hidden layers"]
    x, reference = samples(8)
    both = np.stack([reference, np.zeros_like(reference)])
    ours = contributions(network, x, both, rule="revealcancel")
    theirs = contributions(network, x, both, rule="revealcancel", engine="deeplift")
    assert np.abs(ours.values - theirs.values).max() < AGREEMENT * np.abs(theirs.values).max()


@pytest.mark.train
def test_package_writes_nothing_to_stdout(capfd):
    x, reference = samples(4)
    contributions(networks()["two hidden layers"], x, reference, engine="deeplift")
    assert capfd.readouterr().out == ""


@pytest.mark.train
def test_rules_are_told_apart():
    """Were one rule computed for the other, both engines could still agree."""
    network = networks()["two hidden layers"]
    x, reference = samples()
    found = [contributions(network, x, reference, rule=rule).values for rule in RULES]
    assert np.abs(found[0] - found[1]).max() > 0.01 * np.abs(found[0]).max()


@needs_captum
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_rescale_agrees_with_captum(name):
    import torch
    from captum.attr import DeepLift

    network = networks()[name]
    x, reference = samples()
    ours = contributions(network, x, reference, rule="rescale", outputs="all").values
    theirs = np.zeros_like(ours)
    for weight, member in zip(network.weights, network.members, strict=True):
        layers = [_torch_layer(torch, layer) for layer in member]
        lift = DeepLift(torch.nn.Sequential(*layers).eval())
        for output in range(network.n_outputs):
            found = lift.attribute(
                torch.from_numpy(x), torch.from_numpy(reference)[None], target=output
            )
            theirs[:, output] += weight * found.detach().numpy()
    theirs -= theirs.mean(axis=1, keepdims=True)  # captum explains logits as they are
    assert np.abs(ours - theirs).max() < AGREEMENT * np.abs(ours).max()


def _torch_layer(torch, layer):
    if layer.kind == "relu":
        return torch.nn.ReLU()
    if layer.kind == "dense":
        made = torch.nn.Linear(*layer.kernel.shape)
        made.weight.data = torch.from_numpy(layer.kernel.T.copy())
        made.bias.data = torch.from_numpy(layer.bias.copy())
        return made
    made = torch.nn.BatchNorm1d(len(layer.gamma), eps=float(layer.epsilon[0]))
    made.weight.data, made.bias.data = torch.from_numpy(layer.gamma), torch.from_numpy(layer.beta)
    made.running_mean = torch.from_numpy(layer.mean)
    made.running_var = torch.from_numpy(layer.variance)
    return made
