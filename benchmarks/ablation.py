#!/usr/bin/env python3
"""What each part of the network is worth on studies left out: one change at a time.

    python benchmarks/ablation.py EXPRESSION [--seed N] [--only NAME ...]

EXPRESSION is what `make model` normalises (build/model/expression.h5ad). Tissue, ten folds of
studies, the same for all; studies equal, of the classes that a fold's training samples have.
Printed is Markdown, a row a setting, with the difference to what is built and its bootstrap
interval over studies. Some 20 seconds a setting of the linear path, 2 minutes with hidden members.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from srna_augment.cross_validation import cross_validate
from srna_augment.expression import read_expression
from srna_augment.labelled import Labelled, labelled
from srna_augment.learners import covariance, network_recipe
from srna_augment.learners.network import NetworkSettings
from srna_augment.metrics.bootstrap import interval, with_resamples
from srna_augment.model import inputs
from srna_augment.predictions import OutOfFold

FLUIDS = ("blood", "blood plasma", "blood serum")
FOLDS, MINIMUM, RESAMPLES, LEVEL = 10, 3, 2000, 0.95


@dataclass
class Variant:
    """One change: constants of modules, settings of the network, what is made of the labels."""

    name: str
    constants: list[tuple[Any, str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, Any] = field(default_factory=dict)


# As in scripts/build_model.sh.
LABELS = {"subclasses": "part", "batch_column": "pipeline"}
LINEAR = [
    Variant("**linear path, as built**"),
    Variant("no covariance between studies", [(covariance, "BETWEEN", 0.0)]),
    Variant("weight of studies 1", [(covariance, "BETWEEN", 1.0)]),
    Variant("weight of studies 4", [(covariance, "BETWEEN", 4.0)]),
    Variant("shrinkage .3", [(covariance, "SHRINKAGE", 0.3)]),
    Variant("shrinkage .75", [(covariance, "SHRINKAGE", 0.75)]),
    Variant("shrinkage .99: no covariance", [(covariance, "SHRINKAGE", 0.99)]),
    Variant("a class mean of samples, not studies", [(covariance, "MEAN_POWER", 1.0)]),
    Variant("the scaled view alone", [(network_recipe, "VIEWS", ("scaled",))]),
    Variant("the ranked view alone", [(network_recipe, "VIEWS", ("ranked",))]),
    Variant("log2 RPM as they are", [(network_recipe, "VIEWS", ("plain",))]),
    Variant("gaps filled with 5 factors", [(inputs, "FACTORS", 5)]),
    Variant("no parts of blood, plasma and serum", labels={"subclasses": "none"}),
    Variant("versions of TCGA's pipeline in sight", labels={"batch_column": None}),
]
HIDDEN = [
    Variant("**with hidden members, as built**"),
    Variant("no noise", settings={"input_noise": 0.0}),
    Variant("noise 1", settings={"input_noise": 1.0}),
    Variant("noise 3", settings={"input_noise": 3.0}),
    Variant("256 components", settings={"components": 256}),
    Variant("all components", settings={"components": 10_000}),
]


@contextlib.contextmanager
def changed(constants: list[tuple[Any, str, Any]]) -> Iterator[None]:
    """Give constants of modules other values for a while."""
    before = [(module, name, getattr(module, name)) for module, name, _ in constants]
    try:
        for module, name, value in constants:
            setattr(module, name, value)
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def studies(data: Labelled, settings: NetworkSettings, constants: list, seed: int) -> pd.DataFrame:
    """Return share right and whether it is of fluids, one row a study."""
    with changed(constants):
        recipe = network_recipe.network_recipe(settings, threads=1)
        found = cross_validate(data, "group", recipe, n_folds=FOLDS, seed=seed)[0]
    assert isinstance(found, OutOfFold)
    truth = found.truth_index()
    possible = found.probabilities[np.arange(len(truth)), truth] > 0
    table = pd.DataFrame(
        {
            "study": found.study.astype(str),
            "right": found.probabilities.argmax(axis=1) == truth,
            "fluid": np.isin(found.truth.astype(str), FLUIDS),
        }
    )
    return table[possible].groupby("study").mean()


def row(name: str, table: pd.DataFrame, base: pd.DataFrame) -> str:
    """Return a row of the table."""
    fluid = table["fluid"] > 0.5
    cells = [name, f"{table['right'].mean():.3f}"]
    cells += [f"{table['right'][~fluid].mean():.3f}", f"{table['right'][fluid].mean():.3f}"]
    if table is base:
        return f"| {' | '.join([*cells, ''])} |"
    difference = (table["right"] - base["right"]).to_numpy()
    weights = with_resamples(len(difference), RESAMPLES, 0)
    means = weights @ difference / weights.sum(axis=1)
    ends = interval(means[1:], LEVEL)
    assert ends is not None
    return f"| {' | '.join([*cells, f'{means[0]:+.3f} ({ends[0]:+.2f} to {ends[1]:+.2f})'])} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("expression", type=Path)
    parser.add_argument("--seed", type=int, default=1, help="of folds and networks")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    wanted = parser.parse_args()
    expression = read_expression(wanted.expression)
    print("| what | right, by study | solid | blood, plasma, serum | difference |")
    print("|---|---|---|---|---|", flush=True)
    for variants, members in ((LINEAR, 0), (HIDDEN, NetworkSettings().members)):
        base = None
        for variant in variants:
            if base is not None and wanted.only and variant.name not in wanted.only:
                continue
            settings = NetworkSettings(**{"members": members, **variant.settings})
            labels = LABELS | variant.labels
            data = labelled(
                expression, "tissue", group_column="study", minimum_samples=MINIMUM, **labels
            )
            table = studies(data, settings, variant.constants, wanted.seed)
            base = table if base is None else base
            print(row(variant.name, table, base), flush=True)


if __name__ == "__main__":
    main()
