"""Toy predictions: rows known by hand, or drawn at random."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from srna_augment.metrics.predictions import ClassPredictions, YearPredictions

COLUMNS = (
    "sample_id",
    "target",
    "model",
    "scheme",
    "fold",
    "truth",
    "predicted",
    "probability",
    "study",
)

# study A: 2 of 3 right; B: 0 of 1; C: 1 of 1
TOY = [
    # sample, fold, truth, predicted, study, prob:liver, prob:lung
    ("s1", "0", "liver", "liver", "A", 0.9, 0.1),
    ("s2", "0", "liver", "liver", "A", 0.8, 0.2),
    ("s3", "0", "lung", "liver", "A", 0.6, 0.4),
    ("s4", "1", "liver", "lung", "B", 0.3, 0.7),
    ("s5", "1", "lung", "lung", "C", 0.05, 0.95),
]


def toy_rows(**changes: str) -> list[dict[str, object]]:
    """Return the rows of the toy; `changes` replace a column everywhere."""
    return [
        {
            "sample_id": sample,
            "target": "tissue",
            "model": "dl",
            "scheme": "group",
            "fold": fold,
            "truth": truth,
            "predicted": predicted,
            "probability": max(liver, lung),
            "study": study,
            "prob:liver": liver,
            "prob:lung": lung,
        }
        | changes
        for sample, fold, truth, predicted, study, liver, lung in TOY
    ]


def age_rows(**changes: str) -> list[dict[str, object]]:
    """Return ages with errors 0, 4 and 12 years in study A, 8 years in B."""
    ages = [("s1", 30, 30, "A"), ("s2", 40, 44, "A"), ("s3", 50, 38, "A"), ("s4", 60, 68, "B")]
    return [
        {
            "sample_id": sample,
            "target": "age_years",
            "model": "dl",
            "scheme": "group",
            "fold": "0",
            "truth": truth,
            "predicted": predicted,
            "probability": "",
            "study": study,
        }
        | changes
        for sample, truth, predicted, study in ages
    ]


def write_rows(path: Path, rows: list[dict[str, object]]) -> Path:
    """Write rows as predictions.tsv; a column that a row lacks is an empty cell."""
    header = list(dict.fromkeys([*COLUMNS, *(name for row in rows for name in row)]))
    lines = ["\t".join(header)]
    lines += ["\t".join(str(row.get(name, "")) for name in header) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def random_classes(
    seed: int = 0, n: int = 400, n_classes: int = 6, n_studies: int = 9, decimals: int = 2
) -> ClassPredictions:
    """Draw predictions with ties (probabilities are rounded) and studies of unequal size."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_classes, size=n)
    logits = rng.normal(size=(n, n_classes)) + 1.5 * (truth[:, None] == np.arange(n_classes))
    probabilities = np.exp(logits)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    probabilities = probabilities.round(decimals) + 1e-9
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    sizes = rng.dirichlet(np.ones(n_studies))
    study = rng.choice(n_studies, size=n, p=sizes)
    study[:n_studies] = np.arange(n_studies)
    return ClassPredictions(
        target="tissue",
        scheme="group",
        model="dl",
        samples=np.array([f"s{i}" for i in range(n)], dtype=object),
        folds=(study % 3).astype(str).astype(object),
        studies=[f"study {i}" for i in range(n_studies)],
        study=study,
        study_unit="study",
        classes=[f"class {k}" for k in range(n_classes)],
        truth=truth,
        predicted=probabilities.argmax(axis=1),
        confidence=probabilities.max(axis=1),
        probabilities=probabilities,
    )


def random_years(seed: int = 0, n: int = 300, n_studies: int = 7) -> YearPredictions:
    """Draw ages and predictions that follow them loosely."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(1, 90, n).round()
    study = rng.integers(n_studies, size=n)
    study[:n_studies] = np.arange(n_studies)
    return YearPredictions(
        target="age_years",
        scheme="group",
        model="dl",
        samples=np.array([f"s{i}" for i in range(n)], dtype=object),
        folds=np.full(n, "0", dtype=object),
        studies=[f"study {i}" for i in range(n_studies)],
        study=study,
        study_unit="study",
        truth=truth,
        predicted=0.5 * truth + 20 + rng.normal(0, 10, n),
    )


def repeated(predictions, draws: np.ndarray):
    """Return the predictions with each study there as often as drawn: a resample, the slow way."""
    rows = np.concatenate(
        [
            np.tile(np.flatnonzero(predictions.study == study), int(times))
            for study, times in enumerate(draws)
        ]
    )
    return predictions.subset(rows)
