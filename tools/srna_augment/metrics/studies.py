"""Which studies fail, and what is known of why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from .figures import number
from .predictions import ClassPredictions

MOST_MISTAKES = 5
# From here on a figure is named as what may have made a study fail; they change no prediction.
FEW_REPORTED = 0.8
FEW_READS = 100_000
SURE = 0.8
FEWEST_STUDIES = 5


def study_details(
    found: ClassPredictions, known: np.ndarray, reading: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """Describe each study beyond its accuracy.

    Parameters
    ----------
    found : ClassPredictions
        Out-of-fold predictions.
    known : numpy.ndarray
        ``(n_classes,)`` of bool: classes that training knew.
    reading : dict or None
        What `normalise` read (`srna_augment.reading_summary`).

    Returns
    -------
    list of dict
        In the order of ``found.studies``: ``truth`` (class to samples), ``mistakes``,
        ``share_known``, median ``probability``, and where they are given median ``distance``,
        ``reads`` and ``features_reported`` (share of the features in use).
    """
    samples = {sample["sample_id"]: sample for sample in reading["samples"]} if reading else {}
    kept = reading["features"]["kept"] if reading else 1
    details = []
    for study in range(found.n_studies):
        rows = np.flatnonzero(found.study == study)
        truth, predicted = found.truth[rows], found.predicted[rows]
        wrong = truth != predicted
        pairs = zip(truth[wrong].tolist(), predicted[wrong].tolist(), strict=True)
        entry: dict[str, Any] = {
            "truth": {found.classes[k]: n for k, n in _commonest(truth.tolist())},
            "mistakes": [
                {"truth": found.classes[a], "predicted": found.classes[b], "n": n}
                for (a, b), n in _commonest(pairs)[:MOST_MISTAKES]
            ],
            "share_known": float(known[truth].mean()),
            "probability": float(np.median(found.confidence[rows])),
        }
        if found.distances is not None:
            entry["distance"] = _median(found.distances[rows])
        own = [samples[name] for name in found.samples[rows] if name in samples]
        if reading:
            entry["reads"] = _median([sample["reads"] for sample in own])
            entry["features_reported"] = _median(
                [sample["features_reported"] / kept for sample in own]
            )
        details.append(entry)
    return details


def _commonest(values: Iterable[Any]) -> list[tuple[Any, int]]:
    """Count values, the commonest first, equal ones in one order whatever the order of samples."""
    return sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))


def _median(values: Any) -> float | None:
    numbers = np.array(values, dtype=float)  # None becomes NaN
    numbers = numbers[np.isfinite(numbers)]
    return number(float(np.median(numbers))) if len(numbers) else None


def reasons(study: dict[str, Any], usual: dict[str, float]) -> list[str]:
    """Say in words what may have made a study fail.

    Parameters
    ----------
    study : dict
        An entry of ``per_study``.
    usual : dict
        What `usual_figures` found of all studies.

    Returns
    -------
    list of str
        What applies; empty where nothing is conspicuous.
    """
    found = []
    if study["share_known"] < 0.5:
        found.append("training did not know its class")
    if _beyond(study.get("distance"), usual.get("distance")):
        found.append("unlike what it was trained on")
    reported = study.get("features_reported")
    if reported is not None and reported < FEW_REPORTED:
        found.append(f"reports {100 * reported:.0f} % of the features")
    reads = study.get("reads")
    if reads is not None and reads < FEW_READS:
        found.append(f"{reads / 1000:.0f} thousand reads a sample")
    if study["share_known"] >= 0.5 and study["probability"] >= SURE and study["accuracy"] < 0.5:
        found.append("sure, and wrong: it looks like another class")
    return found


def _beyond(value: float | None, limit: float | None) -> bool:
    return value is not None and limit is not None and value > limit


def usual_figures(studies: list[dict[str, Any]]) -> dict[str, float]:
    """Return limits of what is usual among studies that are mostly right.

    ``distance``: the 90th percentile over studies of which more than half is right, if there are
    five such studies or more.
    """
    right = [study for study in studies if study["accuracy"] > 0.5]
    distances = [study["distance"] for study in right if study.get("distance") is not None]
    if len(distances) < FEWEST_STUDIES:
        return {}
    return {"distance": float(np.quantile(distances, 0.9))}
