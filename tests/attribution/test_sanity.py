"""Attributions must tell markers from noise, and fall apart when nothing was learnt."""

from __future__ import annotations

import numpy as np
import pytest

from srna_augment.attribution.engine import RULES, contributions
from srna_augment.attribution.sanity import randomise_parameters, similarity

from .networks import marker_data, trained

N_MARKERS = 3


@pytest.fixture(scope="module")
def learnt():
    """A network of two hidden layers that learnt one marker a class among 27 decoys."""
    x, y = marker_data()
    return trained(x, y, hidden=(16, 12)), x, y


def explain(network, x, rule):
    return contributions(network, x, np.zeros(x.shape[1], "f4"), rule=rule).values[:, 0]


@pytest.mark.parametrize("rule", RULES)
def test_markers_rank_first_and_decoys_low(learnt, rule):
    network, x, y = learnt
    values = contributions(network, x, x.mean(axis=0), rule=rule, outputs=y).values[:, 0]
    for name in range(N_MARKERS):
        mean = values[y == name].mean(axis=0)
        assert mean.argmax() == name
        decoys = np.abs(mean[N_MARKERS:])
        assert decoys.max() < 0.15 * mean[name]


@pytest.mark.parametrize("rule", RULES)
def test_shuffled_parameters_change_everything(learnt, rule):
    network, x, _ = learnt
    before = explain(network, x[:60], rule)
    after = [explain(randomise_parameters(network, n, 0), x[:60], rule) for n in (1, 2, 3)]
    alike = [similarity(before, each) for each in after]
    assert similarity(before, before) == pytest.approx(1)
    # inputs stay the same, and |contribution| follows |input|: some likeness remains by itself
    assert alike[2] < 0.6
    assert alike[2] <= alike[0]
    markers = np.abs(after[2][:, :N_MARKERS]).mean() / np.abs(after[2]).mean()
    assert markers < 0.5 * np.abs(before[:, :N_MARKERS]).mean() / np.abs(before).mean()


@pytest.mark.parametrize("rule", RULES)
def test_shuffled_labels_leave_no_marker(learnt, rule):
    _, x, y = learnt
    labels = np.random.default_rng(0).permutation(y)
    network = trained(x, labels, hidden=(16, 12))
    values = explain(network, x, rule)
    share = np.abs(values[:, :N_MARKERS]).sum() / np.abs(values).sum()
    true = explain(learnt[0], x, rule)
    true_share = np.abs(true[:, :N_MARKERS]).sum() / np.abs(true).sum()
    # markers are larger inputs (mean 1 above the others'), so they keep a little more
    assert share < 0.25
    assert true_share > 2.5 * share


def test_a_feature_without_weight_gets_nothing(learnt):
    network, x, _ = learnt
    network.members[0][0].kernel[5] = 0
    for rule in RULES:
        assert (explain(network, x, rule)[:, 5] == 0).all()
