#!/usr/bin/env python3
"""Whether explanations stay when a network is trained again, with other seeds or without a fold.

    benchmarks/stability.py EXPRESSION.h5ad [--target T] [--group COLUMN] [--members N] [--folds N]
        [--seeds N] [--table TSV]

Trains as `train-dl` does: on all labelled samples with several seeds, and on all but a fold of
studies, a model a fold. Each model explains the same samples: the logit of their true class, from
the mean of the model's own training samples. Compared are the mean contributions of each class,
studies equal, as in `deeplift-score`'s table of stability.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402 - after the number of threads

from srna_augment import splits  # noqa: E402
from srna_augment.attribution import native, tables  # noqa: E402
from srna_augment.attribution.stability import Stability, stability  # noqa: E402
from srna_augment.attribution.summary import TOP, Summary  # noqa: E402
from srna_augment.expression import read_expression  # noqa: E402
from srna_augment.fitting import Fitted, Recipe, fit_on  # noqa: E402
from srna_augment.labelled import Labelled, labelled  # noqa: E402
from srna_augment.learners.network import NetworkSettings  # noqa: E402
from srna_augment.learners.network_recipe import network_recipe  # noqa: E402
from srna_augment.learners.weights import equal_unit_weights  # noqa: E402


def class_means(data: Labelled, fitted: Fitted, train: np.ndarray) -> dict[int, np.ndarray]:
    """Explain all samples; return by class the mean contribution of each feature of the table.

    Features that the model does not use contribute nothing, and classes that it never saw are left
    out.
    """
    values, features = data.columns()
    x = fitted.inputs.prepare(values, features, data.expression.reported)
    weights = equal_unit_weights(data.study[train])
    reference = (weights @ x[train] / weights.sum()).astype(np.float32)
    rows = np.flatnonzero(np.isin(data.y, data.y[train]))
    summary = Summary(data.study[rows])
    for block in native.stream(fitted.learner, x[rows], reference[None], outputs=data.y[rows]):
        at = np.arange(block.rows.start, block.rows.stop)
        truth = data.y[rows][at]
        summary.add(at, truth, truth, fitted.inputs.fold(block.values[:, 0]))
    place = [features.index(feature) for feature in fitted.inputs.features]
    found = {}
    for each in summary.results():
        found[each.group] = np.zeros(len(features))
        found[each.group][place] = each.mean
    return found


def trained(
    data: Labelled, recipe: Recipe, seeds: int, folds: int
) -> Iterator[tuple[str, dict[int, np.ndarray]]]:
    """Train model after model, and explain by each."""
    everything = np.arange(len(data.y))
    jobs = [("seeds", everything, seed + 1) for seed in range(seeds)]
    units, _ = splits.groups(data.expression.obs, "group", data.group_column)
    names = np.array(data.classes, dtype=object)[data.y]
    fold = splits.folds(names, units, folds, 1)
    jobs += [("folds", np.flatnonzero(fold != k), 1) for k in range(fold.max() + 1)]
    for kind, train, seed in jobs:
        start = time.process_time()
        fitted = fit_on(data, train, recipe, seed)
        found = class_means(data, fitted, train)
        spent = time.process_time() - start
        print(f"# {kind}: {len(train)} samples, seed {seed}, {spent:.0f} s", flush=True)
        yield kind, found


def compared(means: list[dict[int, np.ndarray]]) -> dict[int, Stability]:
    """Compare models, class by class, over those that know the class."""
    found = {}
    for k in sorted(set().union(*means)):
        known = [of[k] for of in means if k in of]
        if len(known) > 1:
            found[k] = stability(np.stack(known))
    return found


def main() -> None:
    """Train, explain, compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("expression")
    parser.add_argument("--target", default="tissue")
    parser.add_argument("--group", default="study")
    parser.add_argument("--members", type=int, default=3)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--table", type=Path, help="a row a class")
    given = parser.parse_args()
    data = labelled(read_expression(given.expression), given.target, group_column=given.group)
    recipe = network_recipe(NetworkSettings(members=given.members), 1)
    means: dict[str, list[dict[int, np.ndarray]]] = {}
    for kind, found in trained(data, recipe, given.seeds, given.folds):
        means.setdefault(kind, []).append(found)
    rows = []
    print(f"{'':6} models  rank correlation      of the first {TOP} stay (least of a class)")
    for kind, models in means.items():
        if len(models) < 2:
            continue
        by_class = compared(models)
        correlation = np.array([each.rank_correlation for each in by_class.values()])
        kept = np.array([each.kept for each in by_class.values()])
        print(
            f"{kind:6} {len(models):6}  {np.median(correlation):.3f} ({correlation.min():.3f})"
            f"         {np.median(kept):.1f} ({kept.min():g})"
        )
        rows += [
            (kind, *tables.stability_row(data.target, data.classes[k], data.columns()[1], each))
            for k, each in by_class.items()
        ]
    if given.table is not None:
        tables.write_table(given.table, ("over", *tables.STABILITY_COLUMNS), rows)


if __name__ == "__main__":
    main()
