#!/usr/bin/env python3
"""The whole job as one would write it by hand; benchmarks/whole_job.py runs it.

    python benchmarks/by_hand.py FOLDER OUTPUT.tsv TARGET...

FOLDER has the tables and metadata.tsv of assets/demo. With pandas and scikit-learn: log2 RPM, a
random forest of 1,000 trees, five folds of patients and five of sites, the blanks filled in with
the most probable class. Printed is one JSON object: processor seconds of each step, peak GiB so
far, and accuracy.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedGroupKFold

TREES, FOLDS, RESAMPLES = 1000, 5, 1000
HELD_OUT = {"random": "patient_id", "group": "site"}


def used() -> float:
    """Return the processor seconds of this process."""
    now = resource.getrusage(resource.RUSAGE_SELF)
    return now.ru_utime + now.ru_stime


def read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return log2 RPM and metadata, one row a sample."""
    tables = [pd.read_csv(path, sep="\t", index_col=0) for path in sorted(folder.glob("*.tsv.gz"))]
    counts = pd.concat(tables).fillna(0)
    rpm = counts.div(counts.sum(axis=1), axis=0) * 1e6
    metadata = pd.read_csv(folder / "metadata.tsv", sep="\t", index_col=0)
    return np.log2(rpm + 1), metadata.loc[counts.index]


def forest() -> RandomForestClassifier:
    """Return the learner."""
    return RandomForestClassifier(TREES, random_state=1, n_jobs=1)


def interval(right: np.ndarray, study: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of the accuracy, each study counting once."""
    means = pd.Series(right).groupby(study).mean().to_numpy()
    drawn = np.random.default_rng(1).choice(means, (RESAMPLES, len(means))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def main(folder: Path, output: Path, targets: list[str]) -> None:
    """Do the whole job, and print what each step took."""
    steps: dict[str, list[float]] = {}

    def step(name: str, start: float) -> float:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        spent = used() - start + steps.get(name, [0.0])[0]
        steps[name] = [spent, peak]
        return used()

    x, metadata = read(folder)
    start = step("read and normalise", 0.0)
    accuracy = {}
    for target in targets:
        known = metadata[target].notna().to_numpy()
        y = metadata[target][known].to_numpy()
        found = {}
        for scheme, column in HELD_OUT.items():
            groups = metadata[column][known].fillna("").to_numpy()
            predicted = np.empty(len(y), dtype=object)
            for train, test in StratifiedGroupKFold(FOLDS).split(x[known], y, groups):
                fitted = forest().fit(x[known].iloc[train], y[train])
                predicted[test] = fitted.predict(x[known].iloc[test])
            found[scheme] = predicted
        whole = forest().fit(x[known], y)
        start = step("train", start)
        for scheme, predicted in found.items():
            accuracy[f"{target} {scheme}"] = accuracy_score(y.astype(str), predicted.astype(str))
            interval(predicted == y, metadata["site"][known].to_numpy())
        start = step("evaluate", start)
        if not known.all():
            metadata.loc[~known, target] = whole.predict(x[~known])
        start = step("fill in", start)
    metadata.to_csv(output, sep="\t")
    step("fill in", start)
    print(json.dumps({"steps": steps, "accuracy": accuracy}))


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
