#!/usr/bin/env python3
"""What more laboratories are worth: studies left out, predicted from fewer and fewer others.

    python benchmarks/laboratories.py EXPRESSION [--draws N] [--seed N]

EXPRESSION is what `make model` normalises (build/model/expression.h5ad). Tissue, the linear path
alone, ten folds of studies as in scripts/benchmark.py. Of the studies that a fold does not leave
out TCGA always stays, and of the others a share, drawn at random. Printed is Markdown, a row a
share, with studies equal: what is right of the tissues that the whole fold has, and of those that
what was drawn still has. Three to six seconds a fold and draw.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from srna_augment import splits
from srna_augment.expression import read_expression
from srna_augment.fitting import Recipe, fit_on
from srna_augment.labelled import Labelled, labelled
from srna_augment.learners.network import NetworkSettings
from srna_augment.learners.network_recipe import network_recipe

FLUIDS = ("blood", "blood plasma", "blood serum")
FOLDS, MINIMUM = 10, 3
# One laboratory with most of the tissues: without it there is little to tell apart.
ALWAYS = "TCGA"
SHARES = (0.125, 0.25, 0.5, 0.75, 1.0)


def left_out(
    data: Labelled, recipe: Recipe, train: np.ndarray, test: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the best class of each tested sample, and the classes that were learnt."""
    values, features = data.columns()
    reported = data.expression.reported
    fitted = fit_on(data, train, recipe, seed=1)
    x = fitted.inputs.prepare(values[test], features, None if reported is None else reported[test])
    logits = fitted.learner.logits(x)[:, fitted.seen]
    return fitted.seen[logits.argmax(axis=1)], fitted.seen


def fold_of_studies(data: Labelled, seed: int) -> np.ndarray:
    """Return the fold of each sample, ``(n_samples,)``, as `train-dl --scheme group` has it."""
    units, _ = splits.groups(data.expression.obs, "group", data.group_column)
    names = np.array(data.classes, dtype=object)[data.y]
    fold: np.ndarray = splits.folds(names, units, FOLDS, seed)
    return fold


def drawn(data: Labelled, share: float, draw: int, seed: int) -> tuple[pd.DataFrame, float]:
    """Return what was right, one row a left-out sample, and how many studies a fold learnt from."""
    recipe = network_recipe(NetworkSettings(members=0), threads=1)
    fold = fold_of_studies(data, seed)
    rng = np.random.default_rng([seed, draw])
    parts, numbers = [], []
    for k in range(FOLDS):
        test = np.flatnonzero(fold == k)
        whole = np.flatnonzero(fold != k)
        others = np.setdiff1d(data.study[whole], [ALWAYS])
        # smaller draws lie within larger ones
        kept = rng.permutation(others)[: round(share * len(others))]
        train = whole[np.isin(data.study[whole], [*kept, ALWAYS])]
        best, seen = left_out(data, recipe, train, test)
        part = pd.DataFrame(
            {
                "study": data.study[test],
                "right": best == data.y[test],
                "fluid": np.isin(np.array(data.classes, dtype=object)[data.y[test]], FLUIDS),
                "learnt": np.isin(data.y[test], seen),
            }
        )
        parts.append(part[np.isin(data.y[test], data.y[whole])])
        numbers.append(len(set(data.study[train])))
    return pd.concat(parts), float(np.mean(numbers))


def right(table: pd.DataFrame) -> np.ndarray:
    """Return the share right with studies equal: of all, solid tissues, fluids."""
    kinds = (table, table[~table["fluid"]], table[table["fluid"]])
    return np.array([kind.groupby("study")["right"].mean().mean() for kind in kinds])


def row(data: Labelled, share: float, draws: int, seed: int) -> str:
    """Return a row of the table."""
    found = [drawn(data, share, draw, seed) for draw in range(1 if share == 1 else draws)]
    figures = np.array([[*right(table), right(table[table["learnt"]])[0]] for table, _ in found])
    number = np.mean([number for _, number in found])
    cells = [f"{number:.0f}", *(f"{figure:.3f}" for figure in figures.mean(axis=0))]
    spread = f"{figures[:, 0].min():.2f} to {figures[:, 0].max():.2f}" if len(found) > 1 else ""
    return f"| {' | '.join([*cells, spread])} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("expression", type=Path)
    parser.add_argument("--draws", type=int, default=5, help="of each share of the studies")
    parser.add_argument("--seed", type=int, default=1, help="of folds and draws")
    wanted = parser.parse_args()
    data = labelled(
        read_expression(wanted.expression),
        "tissue",
        group_column="study",
        subclasses="part",
        batch_column="pipeline",
        minimum_samples=MINIMUM,
    )
    print("| studies learnt from | right | solid | fluids | of tissues learnt | draws |")
    print("|---|---|---|---|---|---|", flush=True)
    for share in SHARES:
        print(row(data, share, wanted.draws, wanted.seed), flush=True)


if __name__ == "__main__":
    main()
