"""The final model of one target: trained on all samples, calibrated on those left out before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from . import ontology
from .calibration import Calibration, fit_calibration, novelty_threshold
from .calibration.calls import SET_LEVEL
from .calibration.novelty import NEVER_NOVEL
from .errors import DataError
from .fitting import Fitted, Recipe, fit_on
from .labelled import Labelled
from .learners.weights import equal_unit_weights
from .log import get_logger
from .model.target import Learner, TargetModel, Years
from .normalisation import State
from .predictions import OutOfFold, YearsOutOfFold
from .targets import WITH_BASE_RATES

# Whose out-of-fold predictions calibrate the model that ships: those farthest from random first.
CALIBRATES = ("group", "site", "random")
SCHEME_TEXT = {
    "group": "studies left out",
    "site": "sites left out",
    "random": "random folds (optimistic on studies never seen)",
}


@dataclass
class Evidence:
    """Raw out-of-fold predictions that calibrate a final model, best scheme first."""

    classes: OutOfFold | None = None
    years: YearsOutOfFold | None = None
    figures: dict[str, Any] = field(default_factory=dict)


def check_gathered(results: list[OutOfFold | YearsOutOfFold], data: Labelled, model: str) -> None:
    """Make sure that gathered predictions are of all labelled samples, by the learner at hand.

    Raises
    ------
    DataError
        They are of another target or learner, of other samples, or a fold is missing.
    """
    mine = [
        r
        for r in results
        if isinstance(r, OutOfFold) and r.target == data.target and r.model == model
    ]
    if not mine:
        found = ", ".join(
            sorted({f"{r.target} by {r.model}" for r in results if isinstance(r, OutOfFold)})
        )
        raise DataError(
            f"--calibrate-from: no predictions of {data.target} by {model}, only of {found}: give "
            f"what --predictions of the same command wrote"
        )
    wanted = set(data.expression.samples)
    for result in mine:
        if result.calibrated:
            raise DataError(
                f"--calibrate-from: {data.target}, {result.scheme}: these predictions are "
                "calibrated, which a model can only be on raw ones: give what --predictions wrote "
                "beside --fold"
            )
        given = set(result.samples)
        if given != wanted:
            raise DataError(
                f"--calibrate-from: {data.target}, {result.scheme}: {len(wanted - given)} of the "
                f"{len(wanted)} labelled samples have no prediction, and {len(given - wanted)} "
                f"predictions are of others: give all folds of the same expression file"
            )


def evidence(results: list[OutOfFold | YearsOutOfFold], target: str, model: str) -> Evidence:
    """Choose the out-of-fold predictions that calibrate the final model of a target and learner."""
    mine = [r for r in results if r.model == model and r.scheme in CALIBRATES]
    groups = [r for r in mine if isinstance(r, OutOfFold) and r.target == target]
    ages = [r for r in mine if isinstance(r, YearsOutOfFold) and target == "age"]
    groups.sort(key=lambda r: CALIBRATES.index(r.scheme))
    ages.sort(key=lambda r: CALIBRATES.index(r.scheme))
    figures = {}
    for result in groups:
        right = result.probabilities.argmax(axis=1) == result.truth_index()
        w = equal_unit_weights(result.study)
        figures[result.scheme] = {
            "n_samples": len(right),
            "n_studies": len(set(result.study)),
            "accuracy": round(float(right.mean()), 4),
            "accuracy_studies_equal": round(float((right * w).sum() / w.sum()), 4),
        }
    return Evidence(groups[0] if groups else None, ages[0] if ages else None, figures)


def final_model(
    data: Labelled, recipe: Recipe, seed: int, proof: Evidence, provenance: dict[str, Any]
) -> TargetModel:
    """Train on all labelled samples, and calibrate on out-of-fold predictions.

    Parameters
    ----------
    data : Labelled
        All labelled samples.
    recipe : Recipe
        ``dl`` or ``rf``: a learner that can be kept as arrays.
    seed : int
        Seed of the learner.
    proof : Evidence
        Raw out-of-fold predictions; without them nothing is ever called.
    provenance : dict
        Seed, versions, hashes, for the model file.
    """
    rows = np.arange(len(data.y))
    wants_years = data.target == "age" and recipe.fit_years is not None
    fitted = fit_on(data, rows, recipe, seed, years=wants_years, strangers=data.strangers)
    values, features = data.columns()
    x = fitted.inputs.prepare(values, features, data.expression.reported)
    references = {"mean": _mean(x, equal_unit_weights(data.study))}
    for i, name in enumerate(data.classes):
        at = data.y == i
        references[f"class:{name}"] = _mean(x[at], equal_unit_weights(data.study[at]))
    learner = fitted.learner
    assert isinstance(learner, Learner)
    return TargetModel(
        target=data.target,
        classes=data.classes,
        term_ids=[ontology.term_id(data.target, name) for name in data.classes],
        state=State.from_json(data.expression.state, "expression"),
        inputs=fitted.inputs,
        learner=learner,
        calibration=_calibration(data, proof),
        novelty=replace(fitted.novelty, threshold=_novelty_threshold(proof)),
        references=references,
        years=_years(fitted, proof),
        card=_card(data, recipe, proof),
        provenance=provenance,
    )


def _mean(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    mean: np.ndarray = weights @ x / weights.sum()
    return mean.astype(np.float32)


def _calibration(data: Labelled, proof: Evidence) -> Calibration:
    raw = proof.classes
    if raw is None:
        get_logger().warning(
            "%s: no out-of-fold predictions, so nothing will be called: use --scheme, or "
            "--calibrate-from",
            data.target,
        )
        return Calibration()
    if raw.classes != data.classes:
        raise DataError(
            f"target {data.target}: the out-of-fold predictions are of other classes than the "
            f"expression file's: give those of the same run"
        )
    return fit_calibration(
        raw.logits(),
        raw.distance.astype(np.float64),
        raw.truth_index(),
        equal_unit_weights(raw.study),
        raw.fold,
        fitted_on=f"{SCHEME_TEXT[raw.scheme]}: {len(raw.samples)} samples of "
        f"{len(set(raw.study))} units by '{data.study_column}'",
        base_rates=data.target in WITH_BASE_RATES,
    )


def _novelty_threshold(proof: Evidence) -> np.ndarray:
    """Return the threshold, ``(1,)``; without out-of-fold predictions nothing can be told novel."""
    raw = proof.classes
    known = np.zeros(0, dtype=bool) if raw is None else raw.truth_or_unknown() >= 0
    if raw is None or not known.any():
        return np.array([NEVER_NOVEL], dtype=np.float32)
    weights = equal_unit_weights(raw.study[known])
    return np.array([novelty_threshold(raw.distance[known], weights)], dtype=np.float32)


def _years(fitted: Fitted, proof: Evidence) -> Years | None:
    if fitted.years is None:
        return None
    machine, centre, scale = fitted.years
    if proof.years is None:  # two standard deviations of the training ages: no better than no model
        return Years(machine, centre, scale, 2 * scale, SET_LEVEL)
    error = np.abs(proof.years.predicted - proof.years.truth)
    half_width = float(np.quantile(error, SET_LEVEL, method="higher"))
    return Years(machine, centre, scale, half_width, SET_LEVEL)


def _card(data: Labelled, recipe: Recipe, proof: Evidence) -> dict[str, Any]:
    names, counts = np.unique(data.study.astype(str), return_counts=True)
    return {
        "target": data.target,
        "learner": recipe.name,
        "n_samples": len(data.y),
        "n_studies": len(names),
        "study_column": data.study_column,
        "studies": dict(zip(names.tolist(), counts.tolist(), strict=True)),
        "samples_by_class": {name: int((data.y == i).sum()) for i, name in enumerate(data.classes)},
        "n_features": len(data.expression.features),
        "normalisation": "{method}, level {level}".format(**data.expression.state),
        "out_of_fold": proof.figures,
        **({} if data.subclasses is None else {"n_subclasses": len(data.subclasses.of_class)}),
        "intended_use": "Fill in missing sample metadata of human small-RNA sequencing; not for "
        "diagnosis. A withheld call is an answer.",
    }
