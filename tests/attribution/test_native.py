"""The native engine against answers known by hand, and against itself in float64."""

from __future__ import annotations

import numpy as np
import pytest

from srna_augment.attribution import native
from srna_augment.attribution.engine import RULES, contributions
from srna_augment.errors import DataError
from srna_augment.model.network import BatchNorm, Dense, Network, ReLU

from .networks import N_CLASSES, NAMES, networks, samples


def single(*layers) -> Network:
    return Network([list(layers)], np.ones(1))


def array(*rows) -> np.ndarray:
    return np.array(rows, dtype="f4")


def explain64(network: Network, x, reference, **options) -> np.ndarray:
    blocks = native.stream(network, np.asarray(x, float), reference, dtype=np.float64, **options)
    return np.concatenate([block.values.copy() for block in blocks])


# o = relu(1 - relu(1 - i1 - i2)) is min(i1 + i2, 1) for inputs in 0..1 (figure 1 of Shrikumar 2017,
# written for the last layer's single logit).
SATURATING = single(
    Dense(array([-1], [-1]), array(1)), ReLU(), Dense(array([-1]), array(1)), ReLU(),
    Dense(array([1]), array(0)),
)  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_saturation_does_not_hide_contributions(rule):
    """Figure 1: gradients are zero at (1, 1), yet the output rose by 1; both inputs get half."""
    found = contributions(SATURATING, array([1, 1], [1, 0]), array(0, 0), rule=rule, outputs=0)
    np.testing.assert_allclose(found.values[:, 0], [[0.5, 0.5], [1, 0]], atol=1e-6)


def test_min_of_two_inputs_by_both_rules():
    """Section 3.5.3: min(i1, i2) as i1 - relu(i1 - i2).

    Rescale gives the whole of min to one input (the smaller), RevealCancel shares it.
    """
    network = single(
        Dense(array([1, 1], [0, -1]), array(0, 0)), ReLU(), Dense(array([1], [-1]), array(0))
    )
    x, reference = array([5, 3]), array(0, 0)  # min is 3
    rescale = contributions(network, x, reference, rule="rescale", outputs=0).values[0, 0]
    reveal = contributions(network, x, reference, rule="revealcancel", outputs=0).values[0, 0]
    # relu(i1 - i2) rises by 2 when its input does: multiplier 1, so i1 gets 5 - 5 and i2 gets 3
    np.testing.assert_allclose(rescale, [0, 3], atol=1e-6)
    # parts +5 and -3: adding +5 first or last gives (5 + 2) / 2 = 3.5, and -3 gives (0 - 3) / 2
    np.testing.assert_allclose(reveal, [5 - 3.5, 1.5], atol=1e-6)


def test_rescale_of_one_unit_by_hand():
    """relu(2a - b - 1): reference gives -1 (off), sample (2, 1) gives 2: slope 2 / 3."""
    network = single(Dense(array([2], [-1]), array(-1)), ReLU(), Dense(array([3]), array(7)))
    found = contributions(network, array([2, 1]), array(0, 0), outputs=0)
    np.testing.assert_allclose(found.values[0, 0], [3 * 2 / 3 * 4, 3 * 2 / 3 * -1], rtol=1e-6)
    np.testing.assert_allclose(found.values.sum(), 3 * 2, rtol=1e-6)


def test_logits_are_mean_normalised():
    """What a feature adds to all classes alike is no reason for any of them."""
    network = single(Dense(array([2, 1, 0], [5, 5, 5]), array(9, 9, 9)))
    found = contributions(network, array([1, 1]), array(0, 0), outputs="all")
    np.testing.assert_allclose(found.values[0], [[1, 0], [0, 0], [-1, 0]], atol=1e-6)
    np.testing.assert_allclose(found.logits[0], [1, 0, -1], atol=1e-6)


def test_one_output_is_explained_as_it_is():
    """Years have one output: taking off its mean would leave nothing."""
    network = single(Dense(array([2], [5]), array(9)))
    found = contributions(network, array([1, 1]), array(0, 0))
    np.testing.assert_allclose(found.values[0, 0], [2, 5])


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", NAMES)
def test_complete_in_float64_against_the_unfolded_network(name, rule):
    network = networks()[name]
    x, reference = samples()
    values = explain64(network, x, reference, rule=rule, outputs="all")

    def logits(inputs: np.ndarray) -> np.ndarray:
        total = 0
        for weight, member in zip(network.weights, network.members, strict=True):
            hidden = inputs.astype(float)
            for layer in member:
                hidden = layer(hidden)
            total = total + weight * hidden
        return total - total.mean(axis=1, keepdims=True)

    difference = logits(x) - logits(reference[None])
    # the network adds BatchNorm's float32 epsilon in float32: the two differ by that rounding
    np.testing.assert_allclose(values.sum(axis=2), difference, atol=2e-5)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", NAMES)
def test_float32_is_as_good_as_float64(name, rule):
    network = networks()[name]
    x, reference = samples()
    found = contributions(network, x, reference, rule=rule, outputs="all")
    exact = explain64(network, x, reference, rule=rule, outputs="all")
    assert np.abs(found.values - exact).max() < 5e-6 * np.abs(exact).max()
    assert found.relative_delta() < 1e-5


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", NAMES)
def test_the_reference_itself_gets_zeros_and_no_nan(name, rule):
    x, reference = samples()
    found = contributions(networks()[name], x, reference, rule=rule, outputs="all")
    assert np.isfinite(found.values).all()
    assert (found.values[0] == 0).all()
    assert (found.values[1, :, ::2] == 0).all()
    assert (np.abs(found.values[1, :, 1::2]).sum(axis=1) > 0).all()


@pytest.mark.parametrize("rule", RULES)
def test_parts_that_cancel_are_not_lost(rule):
    """A unit whose input does not change although its inputs do (+1 and -1)."""
    network = single(Dense(array([1], [1]), array(2)), ReLU(), Dense(array([1]), array(0)))
    found = contributions(network, array([1, -1]), array(0, 0), rule=rule, outputs=0)
    np.testing.assert_allclose(found.values[0, 0], [1, -1], atol=1e-6)


def test_zero_negative_part_takes_the_limit():
    """Where a part is zero its multiplier is the limit of a vanishing one, not noise."""
    first = Dense(np.diag([1.0, 1.0, 1.0]).astype("f4"), array(0, -0.5, 0.2))
    last = Dense(array([1, 0.5], [-0.4, 1.5], [0.7, -1]), array(0.1, 0.2))
    network = single(
        first, ReLU(), Dense(array([1, 0.3], [0.2, 0.8], [0.6, 0.1]), array(-1, 0.1)), ReLU(),
        Dense(last.kernel[:2], last.bias),
    )  # fmt: skip
    reference = np.zeros(3)
    at = explain64(network, [[2.0, 1.5, 0.0]], reference, rule="revealcancel", outputs="all")
    near = explain64(network, [[2.0, 1.5, -1e-9]], reference, rule="revealcancel", outputs="all")
    assert np.isfinite(at).all()
    np.testing.assert_allclose(at, near, atol=1e-8)


@pytest.mark.parametrize("rule", RULES)
def test_neither_blocks_nor_threads_nor_neighbours_change_anything(rule, monkeypatch):
    network = networks()["ensemble"]
    x, reference = samples(100)
    whole = contributions(network, x, reference, rule=rule, outputs="all")
    alone = contributions(network, x[37:38], reference, rule=rule, outputs="all")
    monkeypatch.setattr(native, "PRODUCT_ROWS", 15)
    monkeypatch.setattr(native, "BLOCK_BYTES", 1)
    for threads in (1, 3):
        cut = contributions(network, x, reference, rule=rule, outputs="all", threads=threads)
        np.testing.assert_allclose(cut.values, whole.values, atol=2e-6)
        np.testing.assert_allclose(cut.logits, whole.logits, atol=2e-6)
    np.testing.assert_allclose(alone.values[0], whole.values[37], atol=2e-6)


@pytest.mark.parametrize("rule", RULES)
def test_choices_of_outputs_agree(rule):
    network = networks()["two hidden layers"]
    x, reference = samples()
    every = contributions(network, x, reference, rule=rule, outputs="all")
    one = contributions(network, x, reference, rule=rule, outputs=3)
    predicted = contributions(network, x, reference, rule=rule)
    wanted = np.arange(len(x)) % N_CLASSES
    chosen = contributions(network, x, reference, rule=rule, outputs=wanted)
    np.testing.assert_allclose(one.values[:, 0], every.values[:, 3], atol=1e-5)
    best = network.logits(x).argmax(axis=1)
    np.testing.assert_array_equal(predicted.outputs[:, 0], best)
    rows = np.arange(len(x))
    np.testing.assert_allclose(predicted.values[:, 0], every.values[rows, best], atol=1e-5)
    np.testing.assert_allclose(chosen.values[:, 0], every.values[rows, wanted], atol=1e-5)


def test_ensemble_is_the_weighted_mean_of_its_members():
    network = networks()["ensemble"]
    x, reference = samples()
    for rule in RULES:
        found = contributions(network, x, reference, rule=rule, outputs="all")
        mean = sum(
            weight * contributions(
                Network([member], np.ones(1)), x, reference, rule=rule, outputs="all"
            ).values
            for weight, member in zip(network.weights, network.members, strict=True)
        )  # fmt: skip
        np.testing.assert_allclose(found.values, mean, atol=5e-6)


def test_several_references_are_averaged_over_contributions():
    network = networks()["two hidden layers"]
    x, reference = samples()
    both = np.stack([reference, np.zeros_like(reference)])
    found = contributions(network, x, both, outputs="all")
    each = [contributions(network, x, one, outputs="all").values for one in both]
    np.testing.assert_allclose(found.values, (each[0] + each[1]) / 2, atol=2e-6)
    assert found.relative_delta() < 1e-5


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("outputs", ["all", "predicted"])
def test_linear_members_are_multiplied_out_and_summed(rule, outputs):
    """Dense layers in a row are one matrix, and linear members add up: W = A B / 4 + 3 C / 4."""
    a, b = array([1, 2], [0, 1], [-1, 1]), array([1, 0, 2], [3, 1, 0])
    c = array([0, 1, 0], [4, 0, 0], [0, 0, 8])
    zeros = [np.zeros(n, "f4") for n in (2, 3, 3)]
    network = Network(
        [[Dense(a, zeros[0]), Dense(b, zeros[1])], [Dense(c, zeros[2])]], np.array([0.25, 0.75])
    )
    joined = 0.25 * a @ b + 0.75 * c
    joined -= joined.mean(axis=1, keepdims=True)
    x, reference = array([1, 2, 3], [-1, 0, 5]), array(1, 1, 1)
    every = (x - reference)[:, None] * joined.T
    found = contributions(network, x, reference, rule=rule, outputs=outputs)
    best = (x @ joined).argmax(axis=1)
    expected = every if outputs == "all" else every[np.arange(2), best][:, None]
    np.testing.assert_allclose(found.values, expected, atol=1e-5)


@pytest.mark.parametrize("rule", RULES)
def test_a_linear_member_beside_one_with_relu_where_one_class_is_asked_for(rule):
    """Half of relu(x1) for class 0 and half of 4 x2 for class 1, both mean-normalised."""
    zeros = np.zeros(2, "f4")
    bent = [Dense(array([1, 0], [0, 0]), zeros), ReLU(), Dense(array([1, 0], [0, 0]), zeros)]
    straight = [Dense(array([0, 0], [0, 4]), zeros)]
    network = Network([bent, straight], np.array([0.5, 0.5]))
    for output, expected in ((0, [1.5, -3]), (1, [-1.5, 3])):
        found = contributions(network, array([6, 3]), array(0, 0), rule=rule, outputs=output)
        np.testing.assert_allclose(found.values, [[expected]], atol=1e-5)


@pytest.mark.parametrize("rule", RULES)
def test_scalings_before_a_relu_without_a_dense_layer_are_folded(rule):
    """u = 5 (2 x + 3) - 1 for the first input, 7 (-x + 1) + 2 for the second; then 3 relu(u)."""
    one, none = array(1, 1), array(0, 0)
    network = single(
        BatchNorm(array(2, -1), array(3, 1), none, one, array(0)),
        BatchNorm(array(5, 7), array(-1, 2), none, one, array(0)),
        ReLU(),
        Dense(array([3], [3]), array(0)),
    )
    found = contributions(network, array([1, 4], [-9, 0]), none, rule=rule, outputs=0)
    # at the reference u is (14, 9); at the samples (24, -19) and (-76, 9)
    np.testing.assert_allclose(found.values[:, 0], [[30, -27], [-42, 0]], rtol=1e-5)


def test_a_network_that_ends_in_a_relu_is_refused():
    dense = Dense(array([1], [1]), array(0))
    network = Network([[dense], [dense, ReLU()]], np.ones(2))
    with pytest.raises(DataError, match="^the network does not end in a dense layer: its logits"):
        contributions(network, array([1, 1]), array(0, 0), outputs=0)


@pytest.mark.parametrize("shape", [(2,), (1, 3), (1, 1, 2)])
def test_inputs_of_another_shape_are_refused(shape):
    network = single(Dense(array([1], [1]), array(0)))
    with pytest.raises(ValueError, match=r"expected \(n_samples, 2\)"):
        next(native.stream(network, np.zeros(shape, "f4"), np.zeros((1, 2), "f4")))


def test_no_sample_gives_no_block():
    x, reference = samples()
    found = contributions(networks()["linear"], x[:0], reference, outputs="all")
    assert found.values.shape == (0, N_CLASSES, 200)


def test_relu_without_dense_before_it_is_refused():
    g = np.random.default_rng(0)
    norm = BatchNorm(*(g.uniform(0.5, 1, 3).astype("f4") for _ in range(4)), array(1e-3))
    last = Dense(np.ones((3, 2), "f4"), array(0, 0))
    broken = single(norm, Dense(np.eye(3, dtype="f4"), array(0, 0, 0)), ReLU(), norm, ReLU(), last)
    with pytest.raises(DataError, match="layer 4 of the network is a relu with no dense layer"):
        contributions(broken, array([1, 2, 3]), array(0, 0, 0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outputs": "best"}, "neither 'predicted' nor 'all'"),
        ({"outputs": 9}, "there are 5 classes"),
        ({"rule": "gradient"}, "not one of rescale, revealcancel"),
    ],
)
def test_wrong_questions(options, message):
    x, reference = samples()
    with pytest.raises(ValueError, match=message):
        contributions(networks()["linear"], x, reference, **options)
    with pytest.raises(ValueError, match="not finite"):
        contributions(networks()["linear"], x, np.full(200, np.nan))
    with pytest.raises(ValueError, match="expected"):
        contributions(networks()["linear"], x, reference[:7])


def test_native_needs_no_tensorflow(root):
    import subprocess
    import sys

    code = (
        "import sys; sys.path[:0] = ['tools', 'tests']\n"
        "from attribution.networks import networks, samples\n"
        "from srna_augment.attribution.engine import contributions\n"
        "contributions(networks()['ensemble'], *samples(), outputs='all', threads=2)\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}"
        " & {'tensorflow', 'keras', 'deeplift', 'torch'}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
