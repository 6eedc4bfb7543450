"""A toy cohort of real miRNA names, and what the tools make of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cli.running import run_main

N_SAMPLES = 24
NAMES = [
    "hsa-let-7a-5p",
    "hsa-let-7b-5p",
    "hsa-let-7c-5p",
    "hsa-let-7d-5p",
    "hsa-let-7f-5p",
    "hsa-let-7g-5p",
    "hsa-let-7i-5p",
    "hsa-miR-16-5p",
    "hsa-miR-21-5p",
    "hsa-miR-22-3p",
    "hsa-miR-23a-3p",
    "hsa-miR-24-3p",
    "hsa-miR-25-3p",
    "hsa-miR-26a-5p",
    "hsa-miR-27b-3p",
    "hsa-miR-30d-5p",
    "hsa-miR-92a-3p",
    "hsa-miR-99a-5p",
    "hsa-miR-100-5p",
    "hsa-miR-103a-3p",
    "hsa-miR-122-5p",
    "hsa-miR-124-3p",
    "hsa-miR-125b-5p",
    "hsa-miR-126-5p",
    "hsa-miR-128-3p",
    "hsa-miR-140-3p",
    "hsa-miR-143-3p",
    "hsa-miR-146a-5p",
    "hsa-miR-148a-3p",
    "hsa-miR-151a-3p",
    "hsa-miR-181a-5p",
    "hsa-miR-182-5p",
    "hsa-miR-183-5p",
    "hsa-miR-191-5p",
    "hsa-miR-192-5p",
    "hsa-miR-200c-3p",
    "hsa-miR-203a-3p",
    "hsa-miR-223-3p",
    "hsa-miR-320a-3p",
    "hsa-miR-375-3p",
    "hsa-miR-423-5p",
    "hsa-miR-451a",
    "hsa-miR-486-5p",
]
SAMPLES = [f"s{i:02d}" for i in range(N_SAMPLES)]
LIVER, BRAIN = NAMES.index("hsa-miR-122-5p"), NAMES.index("hsa-miR-124-3p")


def counts() -> np.ndarray:
    """Return counts, ``(n_samples, n_features)``: even samples are liver, odd ones brain."""
    generator = np.random.default_rng(7)
    level = generator.lognormal(5, 1.5, len(NAMES))
    values = generator.poisson(level * generator.lognormal(0, 0.2, (N_SAMPLES, len(NAMES)))) + 1
    values[::2, LIVER] += 20_000
    values[1::2, BRAIN] += 20_000
    return values


def table(samples: list[str] | None = None, n_samples: int = N_SAMPLES) -> str:
    """Return the counts as TSV, features in rows."""
    samples = samples or SAMPLES[:n_samples]
    rows = ["\t".join(["miRNA", *samples])]
    for name, row in zip(NAMES, counts().T[:, : len(samples)], strict=True):
        rows.append("\t".join([name, *map(str, row)]))
    return "\n".join(rows) + "\n"


def metadata(samples: list[str] | None = None) -> str:
    """Return metadata as TSV: labels, three studies, a blank here and there."""
    rows = ["sample_id\ttissue\tsex\tage_years\tstudy"]
    for i, name in enumerate(samples or SAMPLES):
        tissue = "" if i in (4, 9) else ("liver", "brain")[i % 2]
        rows.append(f"{name}\t{tissue}\t{('female', 'male')[i % 3 % 2]}\t{20 + i}\tst{i // 8}")
    return "\n".join(rows) + "\n"


@dataclass
class World:
    """Files of the toy cohort: raw, normalised, a forest, a network, out-of-fold predictions."""

    folder: Path
    table: Path
    metadata: Path
    expression: Path
    state: Path
    forest: Path
    network: Path
    predictions: Path
    network_predictions: Path


def build(folder: Path) -> World:
    """Write the cohort and run normalise, train-rf and train-dl (the linear path alone) on it."""
    world = World(
        folder=folder,
        table=folder / "counts.tsv",
        metadata=folder / "metadata.tsv",
        expression=folder / "expression.h5ad",
        state=folder / "state.json",
        forest=folder / "forest.h5",
        network=folder / "network.h5",
        predictions=folder / "predictions.tsv",
        network_predictions=folder / "network_predictions.tsv",
    )
    world.table.write_text(table())
    world.metadata.write_text(metadata())
    for name, *arguments in (
        (
            "normalise", world.table, "--metadata", world.metadata, "-o", world.expression,
            "--save-state", world.state,
        ),
        (
            "train-rf", world.expression, "--target", "tissue", "--trees", 8, "--folds", 3,
            "--scheme", "group", "-o", world.forest, "--predictions", world.predictions,
            "--min-samples", 2,
        ),
        (
            "train-dl", world.expression, "--target", "tissue", "--members", 0, "--folds", 3,
            "--scheme", "group", "-o", world.network, "--predictions", world.network_predictions,
            "--min-samples", 2,
        ),
    ):  # fmt: skip
        done = run_main(name, *arguments)
        assert done.code == 0, done.err
    return world
