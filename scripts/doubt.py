#!/usr/bin/env python3
"""What the network does when it should doubt: few features, and samples that are no tissue.

    scripts/doubt.py EXPRESSION OUTPUT

Ten folds of studies, tissue, the network that ships, as in scripts/benchmark.py. The samples that a
fold leaves out are predicted as they are, and again with most of the model's features taken from
their tables: at random, all but those expressed most, and what a laboratory may not have listed as
it was hardly there. Cultured cells of the fold's studies are predicted by a model that was told of
the other studies' cells. OUTPUT (.tsv) has one row a sample and table.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from srna_augment import splits
from srna_augment.calibration import novelty_threshold
from srna_augment.calibration.calls import fit_probabilities
from srna_augment.expression import Expression, read_expression
from srna_augment.fitting import Fitted, fit_on
from srna_augment.labelled import Labelled, labelled
from srna_augment.learners.network import NetworkSettings
from srna_augment.learners.network_recipe import network_recipe
from srna_augment.learners.weights import equal_unit_weights
from srna_augment.model.gaps import cautious_logits

FOLDS = 10
STRANGERS = ("material", "cells")
# what is kept of the model's features, and how many, or the log2 RPM that the median must reach
TABLES = {
    "all": ("all", 0),
    "282 at random": ("random", 282),
    "140 at random": ("random", 140),
    "70 at random": ("random", 70),
    "35 at random": ("random", 35),
    "282 expressed most": ("most", 282),
    "140 expressed most": ("most", 140),
    "70 expressed most": ("most", 70),
    "median of 10 RPM": ("median", 10),
    "median of 100 RPM": ("median", 100),
    "median of 300 RPM": ("median", 300),
}
WHOLE = "all"
CELLS = "cultured cells"


def kept(how: str, n: int, fitted: Fitted, values: np.ndarray, seed: int) -> np.ndarray:
    """Return which of the model's features a table has, ``(n_features,)`` of bool.

    Parameters
    ----------
    how, n : str and int
        As in `TABLES`.
    fitted : Fitted
        The model.
    values : numpy.ndarray
        ``(n_samples, n_features)``, log2 RPM of the table's samples.
    seed : int
        Of the random choice.
    """
    n_features = len(fitted.inputs.features)
    if how == "all":
        return np.ones(n_features, dtype=bool)
    if how == "median":
        listed = ~np.isnan(values).all(axis=0)
        listed[listed] = np.nanmedian(values[:, listed], axis=0) >= np.log2(n + 1)
        return listed
    order = np.argsort(-fitted.inputs.profile)
    if how == "random":
        order = np.random.default_rng(seed).permutation(n_features)
    chosen = np.zeros(n_features, dtype=bool)
    chosen[order[:n]] = True
    return chosen


def logits_and_distance(fitted: Fitted, given: Expression) -> tuple[np.ndarray, ...]:
    """Return logits ``(n_samples, n_classes)``, distances, and what is nearer to a stranger."""
    table = (given.values, given.features, given.reported)
    x = fitted.inputs.prepare(*table)
    unreported = fitted.inputs.unreported(*table)
    gaps = fitted.novelty.scatter_of_gaps(unreported, fitted.inputs.loadings, fitted.inputs.noise)
    distance = fitted.novelty.distance(x, gaps)
    strange = fitted.novelty.is_novel(x, distance, gaps) | ~fitted.inputs.resembles(*table)
    return cautious_logits(fitted.learner, fitted.inputs, x, unreported), distance, strange


def with_features(data: Expression, fitted: Fitted, how: str, n: int, seed: int) -> Expression:
    """Return a study's samples as a table that reports fewer of the model's features."""
    column = {name: i for i, name in enumerate(data.features)}
    at = np.array([column[name] for name in fitted.inputs.features])
    reported = np.ones(data.values.shape, dtype=bool) if data.reported is None else data.reported
    values = np.where(reported, data.values, np.nan)[:, at]
    there = np.zeros(len(data.features), dtype=bool)
    there[at] = kept(how, n, fitted, values, seed)
    given = data.subset(np.arange(len(data.samples)))
    given.reported = reported & there
    return given


def left_out(data: Labelled) -> pd.DataFrame:
    """Return logits' leads and distances of every sample and table, by models without its study."""
    recipe = network_recipe(NetworkSettings(), threads=1)
    names = np.array(data.classes, dtype=object)[data.y]
    units, _ = splits.groups(data.expression.obs, "group", data.group_column)
    fold = splits.folds(names, units, FOLDS, 0)
    cells = data.strangers
    assert cells is not None
    cell_study = splits.keys(cells.obs, "study")
    rows = []
    for k in range(fold.max() + 1):
        test = np.flatnonzero(fold == k)
        out = set(data.study[test])
        # studies of cells alone are dealt out to the folds
        alone = sorted(set(cell_study) - set(data.study))[k::FOLDS]
        others = cells.subset(np.flatnonzero(~np.isin(cell_study, [*out, *alone])))
        fitted = fit_on(data, np.flatnonzero(fold != k), recipe, k, strangers=others)
        seen = np.zeros(len(data.classes), dtype=bool)
        seen[np.unique(data.y[fold != k])] = True
        for i, study in enumerate(sorted(out)):
            at = test[data.study[test] == study]
            for name, (how, n) in TABLES.items():
                given = with_features(data.expression.subset(at), fitted, how, n, 1000 * k + i)
                rows.append(_rows(name, fitted, given, seen, data.y[at], k, study))
        for study in sorted(out & set(cell_study)) + alone:
            given = cells.subset(np.flatnonzero(cell_study == study))
            nobody = np.full(len(given.samples), -1)
            rows.append(_rows(CELLS, fitted, given, seen, nobody, k, study))
        print(f"fold {k + 1} of {fold.max() + 1}", file=sys.stderr, flush=True)
    return pd.concat(rows, ignore_index=True)


def _rows(
    table: str,
    fitted: Fitted,
    given: Expression,
    seen: np.ndarray,
    truth: np.ndarray,
    fold: int,
    study: str,
) -> pd.DataFrame:
    logits, distance, strange = logits_and_distance(fitted, given)
    logits[:, ~seen] = -np.inf
    frame = pd.DataFrame(
        {
            "sample_id": given.samples, "table": table, "fold": fold, "study": study,
            "distance": distance, "strange": strange, "truth": truth,
            "possible": seen[truth] & (truth >= 0), "best": logits.argmax(axis=1),
        }
    )  # fmt: skip
    frame["logits"] = list(logits)
    return frame


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the probability of the best class, and what is far, each fold's fitted on the others.

    Fitted on whole tables alone, as the shipped model is.
    """
    logits = np.stack(rows["logits"].to_list())
    distance, fold = rows["distance"].to_numpy(), rows["fold"].to_numpy()
    truth = np.where(rows["possible"], rows["truth"], -1)
    probability, far = np.zeros(len(rows)), np.zeros(len(rows), dtype=bool)
    for k in np.unique(fold):
        at = np.flatnonzero((rows["table"] == WHOLE) & (rows["fold"] != k) & rows["possible"])
        weights = equal_unit_weights(rows["study"].to_numpy()[at])
        calibration = fit_probabilities(logits[at], distance[at], truth[at], weights)
        here = fold == k
        probability[here] = calibration.probabilities(logits[here], distance[here]).max(axis=1)
        far[here] = distance[here] > novelty_threshold(distance[at], weights)
    return rows.drop(columns="logits").assign(
        probability=probability, right=rows["best"] == rows["truth"], novel=far | rows["strange"]
    )


def main(expression: Path, output: Path) -> None:
    """Predict, judge and write."""
    data = labelled(
        read_expression(expression), "tissue", strangers=STRANGERS, minimum_samples=3,
        group_column="study", subclasses="part", batch_column="pipeline",
    )  # fmt: skip
    judged(left_out(data)).to_csv(output, sep="\t", index=False, float_format="%.5g")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
