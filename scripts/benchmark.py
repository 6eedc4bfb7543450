#!/usr/bin/env python3
"""Measure the suite on studies never seen, and write the figures into docs/benchmark.md.

    scripts/benchmark.py WORK

WORK is what scripts/build_model.sh left behind (build/model): the joined tables, normalised, and
the predictions of the shipped model's targets with each study left out. What is there already is
not run again. Figures go between the marks of docs/benchmark.md; its words are written by hand.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from srna_augment.calibration.calls import SET_LEVEL, Calibration, weighted_quantile

PAGE = Path(__file__).parents[1] / "docs" / "benchmark.md"
FLUIDS = ("blood", "blood plasma", "blood serum")
LEARNERS = {
    "dl": "network (train-dl, what ships)",
    "linear": "its linear path alone",
    "rf": "forest of discriminants (train-rf)",
    "logistic": "logistic, centred log-ratio",
    "boosted": "boosted trees",
    "plain_forest": "random forest",
    "majority": "majority",
}
# The others are baselines.
OURS = ("linear", "dl", "rf")
STUDIES = ["--scheme", "group", "--group", "study", "--folds", "10", "--min-samples", "3"]
MOVE = ["--scheme", "transfer", "--group", "dataset", "--train-on", "tcga_mirnaseq"]
MOVE += ["--test-on", "microRNAome_2017", "--folds", "5", "--min-samples", "3"]
# Another laboratory, and another pipeline.
DATASETS = ["--scheme", "group", "--group", "dataset", "--folds", "1000", "--min-samples", "3"]
# What the model that ships learns apart; baselines and forest take classes as they are.
PARTS = ["--subclasses", "part"]
# What network and forest are blind to; baselines do not use it.
BATCH = ["--batch", "pipeline"]
# file, command, options
RUNS = {
    "studies.linear": ("train-dl", [*STUDIES, *PARTS, "--members", "0"]),
    "studies.dl": ("train-dl", [*STUDIES, *PARTS]),
    "studies.base": ("train-rf", [*STUDIES, "--baselines"]),
    "datasets.dl": ("train-dl", [*DATASETS, *PARTS]),
    "datasets.linear": ("train-dl", [*DATASETS, *PARTS, "--members", "0"]),
    "datasets.base": ("train-rf", [*DATASETS, "--baselines"]),
    "transfer.linear": ("train-dl", [*MOVE, "--members", "0"]),
    # TCGA alone cannot tell that laboratories differ.
    "transfer.dl": ("train-dl", [*MOVE, "--input-noise", "2"]),
    "transfer.base": ("train-rf", [*MOVE, "--baselines"]),
}
N_BINS = 10
# A sample whose calls are judged here gets one from this probability on.
CALL = 0.8
FEW = 0.005


def run(command: str, expression: Path, options: list[str], output: Path) -> None:
    """Run a training command for tissue, unless its predictions are there."""
    if not output.exists():
        arguments = [command, str(expression), "--target", "tissue", *BATCH, *options]
        subprocess.run([*arguments, "--predictions", str(output)], check=True)


def read(path: Path) -> pd.DataFrame:
    """Return predictions of classes, with what is right and each study's weight."""
    table = pd.read_csv(path, sep="\t", dtype={"study": str, "truth": str, "predicted": str})
    table = table[table["target"] != "age_years"].copy()
    table["right"] = table["truth"] == table["predicted"]
    table["probability"] = table["probability"].astype(float)
    return table


def possible(table: pd.DataFrame) -> pd.DataFrame:
    """Return the samples of classes that two studies or more have."""
    return table[table.groupby("truth")["study"].transform("nunique") > 1]


def by_study(table: pd.DataFrame) -> pd.Series:
    """Return the share of right predictions in each study."""
    return table.groupby("study")["right"].mean()


def interval(values: pd.Series) -> str:
    """Return a mean with its 95 % interval, a bootstrap over studies."""
    drawn = np.random.default_rng(0).choice(values, (2000, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{values.mean():.3f} ({low:.2f} to {high:.2f})"


def calibration(table: pd.DataFrame) -> tuple[float, float]:
    """Return the expected calibration error, studies equal, and what a perfect model would show.

    The second is the mean error of outcomes drawn with the predicted probabilities, one draw a
    study: with few studies it is far from 0.
    """
    study = np.unique(table["study"], return_inverse=True)[1]
    weight = 1 / np.bincount(study)[study]
    p = table["probability"].to_numpy()
    place = np.minimum((p * N_BINS).astype(int), N_BINS - 1)

    def error(right: np.ndarray) -> float:
        gaps = np.bincount(place, weight * (right - p), N_BINS)
        return float(np.abs(gaps).sum() / weight.sum())

    generator = np.random.default_rng(0)
    drawn = [error(generator.random(study.max() + 1)[study] < p) for _ in range(200)]
    return error(table["right"].to_numpy()), float(np.mean(drawn))


def at(table: pd.DataFrame, threshold: float) -> str:
    """Return precision and coverage from a probability on, studies equal.

    Fewer than `FEW` of the samples are none: how right a handful is says nothing.
    """
    weight = 1 / table.groupby("study")["right"].transform("size")
    sure = table["probability"] >= threshold
    coverage = weight[sure].sum() / weight.sum()
    if coverage < FEW:
        return "none"
    precision = (weight * table["right"])[sure].sum() / weight[sure].sum()
    return f"{precision:.2f} of {coverage:.2f}"


def table_of(header: list[str], rows: list[list[object]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def shipped(work: Path) -> str:
    """Return the figures of the shipped model's targets, each study (or cohort) left out."""
    rows = []
    for target in ("tissue", "tissue_group", "sex", "age"):
        whole = read(work / f"{target}.tsv")
        table = possible(whole)
        error, floor = calibration(table)
        rows.append(
            [
                target,
                table["study"].nunique(),
                interval(by_study(table)),
                f"{by_study(whole).mean():.3f}",
                f"{error:.3f}",
                f"{floor:.3f}",
                at(table, 0.8),
            ]
        )
    header = ["target", "studies", "right, by study", "with classes of one study"]
    return table_of([*header, "calibration error", "if perfect", "called: right of share"], rows)


def sets(work: Path) -> str:
    """Return how often sets hold the truth, their level fitted on the other studies."""
    rows = []
    for target in ("tissue", "tissue_group", "sex", "age"):
        table = possible(read(work / f"{target}.tsv"))
        columns = [name for name in table if name.startswith("prob:")]
        chances = table[columns].fillna(0).to_numpy(float)
        order = np.arange(len(table))
        truth = np.array([columns.index(f"prob:{name}") for name in table["truth"]])
        study = np.unique(table["study"], return_inverse=True)[1]
        weights = 1 / np.bincount(study)[study]
        held, size = np.empty(len(table)), np.empty(len(table))
        for own in (study == k for k in range(study.max() + 1)):
            level = weighted_quantile(chances[order, truth][~own], weights[~own], 1 - SET_LEVEL)
            members = Calibration(set_threshold=level).sets(chances[own])
            held[own] = members[order[: own.sum()], truth[own]]
            size[own] = members.sum(axis=1)
        means = table.assign(held=held, size=size).groupby("study")[["held", "size"]].mean()
        rows.append([target, len(columns), interval(means["held"]), f"{means['size'].mean():.1f}"])
    return table_of(["target", "classes", "in the set, by study", "classes in it"], rows)


def learners(files: list[Path]) -> dict[str, pd.DataFrame]:
    """Return the predictions of each learner."""
    found = {}
    for path in files:
        for model, rows in read(path).groupby("model"):
            found["linear" if ".linear" in path.name else str(model)] = rows
    return {name: found[name] for name in LEARNERS if name in found}


def compared(files: list[Path]) -> str:
    """Return the learners on the same ten folds of studies, and the lead over the best baseline."""
    tables = {name: possible(rows) for name, rows in learners(files).items()}
    best = max(
        (name for name in tables if name not in OURS),
        key=lambda name: by_study(tables[name]).mean(),
    )
    rows = []
    for name, table in tables.items():
        each = by_study(table)
        fluid = table["truth"].isin(FLUIDS)
        lead = "" if name == best else interval(each - by_study(tables[best]))
        rows.append(
            [
                LEARNERS[name],
                interval(each),
                f"{by_study(table[~fluid]).mean():.3f}",
                f"{by_study(table[fluid]).mean():.3f}",
                f"{calibration(table)[0]:.3f}",
                lead,
            ]
        )
    header = ["learner", "right, by study", "solid", "blood, plasma, serum"]
    return table_of([*header, "calibration error", f"lead over {best}"], rows)


def other_datasets(files: list[Path], samples: pd.DataFrame) -> str:
    """Return the learners on data sets left out, each study of them counting once.

    Studies whose runs stand in two data sets are not counted, as they were not left out.
    """
    shared = samples.groupby("study", observed=True)["dataset"].nunique()
    rows = []
    for name, table in learners(files).items():
        table = possible(table)
        table = table.assign(
            study=samples["study"].astype(str).reindex(table["sample_id"]).to_numpy()
        )
        table = table[~table["study"].isin(shared.index[shared > 1])]
        fluid = table["truth"].isin(FLUIDS)
        rows.append(
            [
                LEARNERS[name],
                table["study"].nunique(),
                interval(by_study(table)),
                f"{by_study(table[~fluid]).mean():.3f}",
                f"{by_study(table[fluid]).mean():.3f}",
                f"{calibration(table)[0]:.3f}",
                at(table, CALL),
            ]
        )
    header = ["learner", "studies", "right, by study", "solid", "blood, plasma, serum"]
    return table_of([*header, "calibration error", "called: right of share"], rows)


def transferred(files: list[Path], samples: pd.DataFrame) -> str:
    """Return the learners trained on TCGA alone, on microRNAome's bulk tissues that TCGA has."""
    rows = []
    for name, table in learners(files).items():
        probabilities = table.filter(like="prob:").astype(float).fillna(0)
        known = {c.removeprefix("prob:") for c in probabilities if (probabilities[c] > 0).any()}
        solid = ~table["truth"].isin(FLUIDS)
        bulk = table[solid & table["truth"].isin(known)]
        site = samples["study"].reindex(bulk["sample_id"]).to_numpy()
        each = bulk.assign(study=site).groupby("study")["right"].mean()
        rows.append(
            [LEARNERS[name], len(bulk), f"{bulk['right'].mean():.3f}", f"{each.mean():.3f}"]
        )
    return table_of(["learner", "samples", "right, by sample", "right, by study"], rows)


def per_study(work: Path) -> str:
    """Return each study's result for tissue."""
    rows = []
    for study, table in possible(read(work / "tissue.tsv")).groupby("study"):
        wrong = (table["truth"] + " taken for " + table["predicted"])[~table["right"]]
        often = [f"{text} ({n})" for text, n in wrong.value_counts().head(2).items()]
        truth = ", ".join(table["truth"].value_counts().index[:3])
        share = f"{table['right'].mean():.2f}"
        rows.append([study, truth, len(table), share, "; ".join(often)])
    return table_of(
        ["study left out", "tissue", "samples", "right", "mistakes"],
        sorted(rows, key=lambda r: r[1]),
    )


def doubted(path: Path) -> pd.DataFrame:
    """Return what scripts/doubt.py wrote."""
    return pd.read_csv(path, sep="\t", dtype={"study": str, "table": str})


def few_features(path: Path) -> str:
    """Return how tables with few of the features fare, studies left out."""
    table = doubted(path)
    table = table[table["possible"]]
    rows = []
    for name in table["table"].unique():
        part = table[table["table"] == name]
        weight = 1 / part.groupby("study")["right"].transform("size")
        said = (weight * part["probability"]).sum() / weight.sum()
        called = part[~part["novel"]]
        rows.append(
            [
                name,
                f"{by_study(part).mean():.3f}",
                f"{said:.3f}",
                f"{calibration(part)[0]:.3f}",
                at(called, CALL),
                f"{(weight * part['novel']).sum() / weight.sum():.2f}",
            ]
        )
    header = ["features in the table", "right, by study", "mean probability", "calibration error"]
    return table_of([*header, "called: right of share", "out of distribution"], rows)


def strangers(path: Path) -> str:
    """Return how samples that are none of the classes fare, studies left out."""
    table = doubted(path)
    whole = table[table["table"] == "all"]
    parts = {
        "cultured cells": table[table["table"] == "cultured cells"],
        "tissues that training did not have": whole[~whole["possible"]],
        "tissues that it had": whole[whole["possible"]],
    }
    rows = []
    for text, part in parts.items():
        sure = (part["probability"] >= CALL) & ~part["novel"]
        each = part.assign(called=sure).groupby("study")[["novel", "called"]].mean()
        mean = part["novel"].mean()
        rows.append([text, len(part), len(each), f"{mean:.2f}", f"{each['novel'].mean():.2f}"])
        rows[-1].append(f"{each['called'].mean():.2f}")
    header = ["what", "samples", "studies", "out of distribution", "by study"]
    return table_of([*header, "called, by study"], rows)


def main(work: Path) -> None:
    """Run what is missing, and fill in the page."""
    import anndata

    expression = work / "expression.h5ad"
    for name, (command, options) in RUNS.items():
        run(command, expression, options, work / f"{name}.tsv")
    doubt = work / "doubt.tsv"
    if not doubt.exists():
        script = Path(__file__).with_name("doubt.py")
        subprocess.run([sys.executable, script, expression, doubt], check=True)
    samples = anndata.read_h5ad(expression, backed="r").obs
    figures = {
        "shipped": shipped(work),
        "sets": sets(work),
        "studies": compared([work / f"{name}.tsv" for name in RUNS if name.startswith("studies")]),
        "datasets": other_datasets(
            [work / f"{name}.tsv" for name in RUNS if name.startswith("datasets")], samples
        ),
        "transfer": transferred(
            [work / f"{name}.tsv" for name in RUNS if name.startswith("transfer")], samples
        ),
        "each": per_study(work),
        "few": few_features(doubt),
        "strangers": strangers(doubt),
    }
    text = PAGE.read_text(encoding="utf-8")
    for name, table in figures.items():
        mark = re.compile(f"(<!-- figures: {name} -->\n)(?:.*?\n)??(<!-- end -->)", re.DOTALL)
        text, n = mark.subn(lambda m, t=table: f"{m[1]}{t}\n{m[2]}", text)
        if n != 1:
            sys.exit(f"{PAGE}: no mark '<!-- figures: {name} -->', or more than one")
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
