"""A small real cohort, and models trained on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srna_augment.model.file import load_models, save_models

from .running import Here, run_main

TISSUES = ("brain", "kidney", "liver", "prostate")
TARGETS = ("tissue", "tissue_group", "sex", "age")
PER_TISSUE = 8


@dataclass
class Cohort:
    """Eight TCGA samples of each of four tissues.

    `table` and `metadata` are files; `counts` is samples x precursors, `labels` the metadata.
    """

    folder: Path
    table: Path
    metadata: Path
    counts: pd.DataFrame
    labels: pd.DataFrame
    expression: Path = Path()
    models: dict[str, Path] = field(default_factory=dict)
    predictions: dict[str, Path] = field(default_factory=dict)


def write(frame: pd.DataFrame, path: Path) -> Path:
    """Write counts, samples in rows, ids in the first column."""
    frame.to_csv(path, sep="\t")
    return path


@pytest.fixture(scope="session")
def here() -> Here:
    return run_main


@pytest.fixture(scope="session")
def cohort(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    counts = pd.read_csv(demo_data / "tcga.tsv.gz", sep="\t", index_col=0)
    labels = pd.read_csv(demo_data / "metadata.tsv", sep="\t", dtype=str, keep_default_na=False)
    labels = labels[labels["tissue"].isin(TISSUES) & labels["sample_id"].isin(counts.index)]
    labels = labels.groupby("tissue").head(PER_TISSUE).set_index("sample_id", drop=False)
    counts = counts.loc[labels.index]
    folder = tmp_path_factory.mktemp("cohort")
    table, metadata = write(counts, folder / "counts.tsv"), folder / "metadata.tsv"
    labels.to_csv(metadata, sep="\t", index=False)
    return Cohort(folder, table, metadata, counts, labels)


@pytest.fixture(scope="session")
def trained(cohort: Cohort) -> Cohort:
    """Add the cohort's expression file and a forest of each target."""
    cohort.expression = cohort.folder / "expression.h5ad"
    done = run_main(
        "normalise", cohort.table, "--metadata", cohort.metadata, "-o", cohort.expression
    )
    assert done.code == 0, done.err
    for target in TARGETS:
        cohort.models[target] = cohort.folder / f"{target}.h5"
        cohort.predictions[target] = cohort.folder / f"{target}.tsv"
        done = run_main(
            "train-rf", cohort.expression, "--target", target, "--trees", 20, "--folds", 3,
            "-o", cohort.models[target], "--predictions", cohort.predictions[target],
        )  # fmt: skip
        assert done.code == 0, done.err
    call_from(cohort.models["tissue"], 0)
    call_from(cohort.models["sex"], 1.01)
    return cohort


def call_from(path: Path, threshold: float) -> None:
    """Set the probability from which a model calls, and let it take any sample that has reads.

    So few training samples prove no threshold good, and teach little about what is novel.
    """
    (model,) = load_models(path)
    for name, value in vars(model.calibration).items():
        if name.startswith("threshold"):  # one a class, or one for all
            each = [threshold] * len(model.classes)
            setattr(model.calibration, name, each if isinstance(value, list) else threshold)
    assert model.novelty is not None
    model.novelty.threshold = np.array([1e6], dtype=np.float32)
    save_models([model], path, version="test")
