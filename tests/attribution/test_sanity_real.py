"""The checks of test_sanity.py on real samples: markers lead, decoys do not, chance leaves nothing.

Six tissues of the demo's TCGA samples, normalised and prepared as in training. Explained are the
networks of train-dl: the linear path, which ships, and one with a hidden member beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from srna_augment.attribution.engine import contributions
from srna_augment.attribution.sanity import randomise_parameters, similarity
from srna_augment.fitting import Fitted, fit_on
from srna_augment.labelled import Labelled, labelled
from srna_augment.learners.network import NetworkSettings
from srna_augment.learners.network_recipe import network_recipe
from srna_augment.model.network import Network
from srna_augment.normalise import normalise

from .test_textbook import families

TISSUES = ("brain", "kidney", "liver", "prostate gland", "testis", "thyroid gland")
# Landgraf 2007 (Cell 129, 1401); those of testis are of germ cell tumours, as TCGA has no others
# (Palmer 2010, Cancer Research 70, 2911).
MARKERS = {"brain": {"9", "124"}, "liver": {"122"}, "testis": {"302", "371", "372", "373"}}
N_DECOYS = 100
MEMBERS = {"linear": 0, "hidden": 1}
KINDS = ("linear", pytest.param("hidden", marks=pytest.mark.train))


@dataclass
class Explained:
    """A network, its prepared samples, and the mean contributions of the true classes.

    `x` is ``(n_samples, n_inputs)``, `means` ``(n_classes, n_features)``, columns as in `features`.
    """

    network: Network
    x: np.ndarray
    y: np.ndarray
    features: list[str]
    means: np.ndarray

    def first(self, name: int, n: int) -> list[str]:
        return [self.features[i] for i in np.argsort(-self.means[name])[:n]]


@pytest.fixture(scope="module")
def data(demo_data: Path) -> Labelled:
    expression, _ = normalise(
        [str(demo_data / "tcga.tsv.gz")], demo_data / "metadata.tsv", None,
        method="log2rpm", level="stem", minimum_reported=0.95,
    )  # fmt: skip
    data = labelled(expression, "tissue", group_column="site")
    wanted = [data.classes.index(name) for name in TISSUES]
    rows = np.flatnonzero(np.isin(data.y, wanted))
    place = {old: new for new, old in enumerate(wanted)}
    y = np.array([place[int(label)] for label in data.y[rows]])
    return replace(data.subset(rows), y=y, classes=list(TISSUES))


def explained(data: Labelled, kind: str, *, rows: np.ndarray | None = None) -> Explained:
    """Train on all samples or some, and explain the true class of each of these."""
    rows = np.arange(len(data.y)) if rows is None else rows
    recipe = network_recipe(NetworkSettings(members=MEMBERS[kind]), 1)
    fitted: Fitted = fit_on(data, rows, recipe, 1)
    values, features = data.columns()
    x = fitted.inputs.prepare(values, features, data.expression.reported)[rows]
    y = data.y[rows]
    network = fitted.learner
    assert isinstance(network, Network)
    found = contributions(network, x, x.mean(axis=0), outputs=y).values
    values = fitted.inputs.fold(found)[:, 0]
    means = np.stack([values[y == k].mean(axis=0) for k in range(len(data.classes))])
    return Explained(network, x, y, fitted.inputs.features, means)


@pytest.fixture(scope="module")
def learnt(data: Labelled) -> Callable[[str], Explained]:
    """Return a function that explains a kind of network, trained once."""
    return cache(lambda kind: explained(data, kind))


def alike(a: Explained, b: Explained) -> float:
    """Compare the features that both have, class by class."""
    common = sorted(set(a.features) & set(b.features))
    at = [[each.features.index(name) for name in common] for each in (a, b)]
    return similarity(a.means[:, at[0]], b.means[:, at[1]])


def n_markers(found: Explained) -> int:
    """Count the classes that have a marker among their first ten features."""
    return sum(
        any(families(feature) & wanted for feature in found.first(TISSUES.index(name), 10))
        for name, wanted in MARKERS.items()
    )


@pytest.mark.parametrize("kind", KINDS)
def test_markers_lead(learnt: Callable[[str], Explained], kind: str) -> None:
    assert n_markers(learnt(kind)) == len(MARKERS)


@pytest.mark.parametrize("kind", KINDS)
def test_decoys_do_not(data: Labelled, kind: str) -> None:
    """Features of the table, shuffled among the samples: as large and as variable, and nothing."""
    generator = np.random.default_rng(0)
    given = data.expression
    chosen = generator.choice(len(given.features), N_DECOYS, replace=False)
    decoys = generator.permuted(given.values[:, chosen], axis=0)
    reported = given.reported
    if reported is not None:
        reported = np.concatenate([reported, np.ones(decoys.shape, dtype=bool)], axis=1)
    more = replace(
        given,
        values=np.concatenate([given.values, decoys], axis=1),
        features=[*given.features, *(f"decoy-{i}" for i in range(N_DECOYS))],
        reported=reported,
    )
    found = explained(replace(data, expression=more), kind)
    is_decoy = np.array([name.startswith("decoy-") for name in found.features])
    assert is_decoy.sum() > 50
    size = np.abs(found.means)
    assert size[:, is_decoy].mean() < 0.5 * size[:, ~is_decoy].mean()
    first = [name for k in range(len(TISSUES)) for name in found.first(k, 20)]
    by_chance = len(first) * is_decoy.mean()
    assert sum(name.startswith("decoy-") for name in first) < 0.2 * by_chance
    assert n_markers(found) == len(MARKERS)


@pytest.mark.parametrize("kind", KINDS)
def test_shuffled_labels_leave_nothing(
    data: Labelled, learnt: Callable[[str], Explained], kind: str
) -> None:
    """Half of the samples say the same as all; all with shuffled labels do not."""
    half = explained(data, kind, rows=np.arange(0, len(data.y), 2))
    shuffled = replace(data, y=np.random.default_rng(1).permutation(data.y))
    chance = explained(shuffled, kind)
    assert alike(learnt(kind), chance) < 0.5 * alike(learnt(kind), half)
    assert n_markers(half) == len(MARKERS)
    assert n_markers(chance) < len(MARKERS)


@pytest.mark.parametrize("kind", KINDS)
def test_shuffled_parameters_change_everything(
    learnt: Callable[[str], Explained], kind: str
) -> None:
    """What is left is less than the sizes of the inputs alone tell, and the markers are lost."""
    found = learnt(kind)
    reference = found.x.mean(axis=0)
    before = contributions(found.network, found.x, reference, outputs=found.y).values[:, 0]
    size = np.abs(found.x - reference)
    for n_layers in (1, 3):
        chance = replace(found, network=randomise_parameters(found.network, n_layers, 0))
        after = contributions(chance.network, found.x, reference, outputs=found.y).values[:, 0]
        assert similarity(before, after) < similarity(before, size) - 0.1
        folded = after.reshape(len(after), -1, len(found.features)).sum(axis=1)
        chance.means = np.stack([folded[found.y == k].mean(axis=0) for k in range(len(TISSUES))])
        assert n_markers(chance) < len(MARKERS)
    assert similarity(before, before) == pytest.approx(1)
