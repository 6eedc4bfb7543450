"""Cross-validation and the final model of one target, for any learner.

Everything that is fitted on data (selection, centring, scaling, weights, calibration) is fitted on
the training samples of its fold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from . import ontology, splits
from .calibration import (
    Calibration,
    Novelty,
    fit_calibration,
    fit_novelty,
    novelty_threshold,
)
from .calibration.calls import SET_LEVEL
from .calibration.novelty import NEVER_NOVEL
from .errors import DataError
from .learners.covariance import Spread
from .learners.selection import select_variable
from .learners.weights import equal_unit_weights, study_class_weights
from .log import get_logger
from .model.gaps import HasLogits
from .model.inputs import (
    MINIMUM_RESEMBLANCE,
    Inputs,
    align,
    fit_inputs,
    mean_profile,
    resemblance,
)
from .model.target import Learner, TargetModel, Years
from .normalisation import State
from .predictions import OutOfFold, YearsOutOfFold

if TYPE_CHECKING:
    from .expression import Expression

MINIMUM_SAMPLES = 5
# Whose out-of-fold predictions calibrate the model that ships: those farthest from random first.
CALIBRATES = ("group", "site", "random")
SCHEME_TEXT = {
    "group": "studies left out",
    "site": "sites left out",
    "random": "random folds (optimistic on studies never seen)",
}


# prepared inputs (n, f), classes or years (n,), number of outputs, weights (n,), spread, seed
FitLearner = Callable[[np.ndarray, np.ndarray, int, np.ndarray, Spread, int], Any]


@dataclass
class Recipe:
    """A learner under its name, and how it is fitted.

    Attributes
    ----------
    name : str
        ``dl``, ``rf`` or a baseline's name, as in predictions.tsv.
    fit : callable
        `FitLearner` for classes.
    fit_years : callable or None
        `FitLearner` for years.
    views : tuple of str
        What of a sample it sees; see `srna_augment.model.inputs`.
    """

    name: str
    fit: FitLearner
    fit_years: FitLearner | None = None
    views: tuple[str, ...] = ("plain",)


@dataclass
class Labelled:
    """The labelled samples of one target.

    Attributes
    ----------
    target : str
        tissue, tissue_group, sex or age.
    expression : Expression
        The labelled samples only.
    classes : list of str
        Sorted names.
    y : numpy.ndarray
        ``(n_samples,)`` of int.
    study : numpy.ndarray
        ``(n_samples,)`` of str: what counts once and shares a laboratory.
    study_column : str
        Where `study` came from.
    votes : numpy.ndarray
        ``(n_samples,)`` of str: what has one vote on a class, a condition of a study.
    years : numpy.ndarray
        ``(n_samples,)``; NaN but for age.
    group_column : str or None
        What the scheme ``group`` leaves out, if it was named.
    strangers : Expression or None
        Samples that are known to be none of the classes, whatever their labels say.
    """

    target: str
    expression: Expression
    classes: list[str]
    y: np.ndarray
    study: np.ndarray
    study_column: str
    votes: np.ndarray
    years: np.ndarray
    group_column: str | None = None
    strangers: Expression | None = None

    def columns(self) -> tuple[np.ndarray, list[str]]:
        """Return normalised values ``(n_samples, n_features)`` and their features."""
        return self.expression.values, self.expression.features

    def subset(self, rows: np.ndarray) -> Labelled:
        """Return some of the samples, of the same classes."""
        return replace(
            self,
            expression=self.expression.subset(rows),
            y=self.y[rows],
            study=self.study[rows],
            votes=self.votes[rows],
            years=self.years[rows],
        )


def labelled(
    expression: Expression,
    target: str,
    *,
    label_column: str | None = None,
    group_column: str | None = None,
    condition_column: str | None = None,
    strangers: tuple[str, str] | None = None,
    minimum_samples: int = MINIMUM_SAMPLES,
) -> Labelled:
    """Take the samples whose label is given and frequent enough to learn.

    Parameters
    ----------
    expression : Expression
        All samples.
    target : str
        tissue, tissue_group, sex or age.
    label_column, group_column, condition_column : str, optional
        Metadata columns, if not the usual ones.
    strangers : tuple of str, optional
        A metadata column, and the value that it has for samples that are none of the classes.
    minimum_samples : int
        Classes with fewer samples are left out, and said.

    Raises
    ------
    DataError
        Fewer than two classes remain.
    """
    names = ontology.labels(expression.obs, target, label_column)
    strange = _strangers(expression, strangers)
    names[strange] = ""
    found, counts = np.unique(names[names != ""].astype(str), return_counts=True)
    rare = found[counts < minimum_samples]
    if len(rare):
        get_logger().warning(
            "%s: %d classes with fewer than %d samples are left out: %s",
            target,
            len(rare),
            minimum_samples,
            ", ".join(rare[:10]),
        )
    classes = [str(name) for name in found[counts >= minimum_samples]]
    if len(classes) < 2:
        raise DataError(_too_few(expression, target, label_column, classes, minimum_samples))
    rows = np.flatnonzero(np.isin(names.astype(str), classes))
    subset = expression.subset(rows)
    index = {name: i for i, name in enumerate(classes)}
    study, column = study_units(subset.obs, group_column)
    condition = splits.conditions(subset.obs, condition_column)
    get_logger().info(
        "%s: %d samples, %d classes, %d units by '%s'",
        target,
        len(rows),
        len(classes),
        len(set(study)),
        column,
    )
    return Labelled(
        target=target,
        expression=subset,
        classes=classes,
        y=np.array([index[name] for name in names[rows]]),
        study=study,
        study_column=column,
        votes=study if condition is None else np.char.add(study.astype(str), condition),
        years=ontology.years(subset.obs, label_column)
        if target == "age"
        else np.full(len(rows), np.nan),
        group_column=group_column,
        strangers=expression.subset(np.flatnonzero(strange)) if strange.any() else None,
    )


def _strangers(expression: Expression, wanted: tuple[str, str] | None) -> np.ndarray:
    """Tell which samples, ``(n_samples,)`` of bool, are none of the classes."""
    if wanted is None:
        return np.zeros(len(expression.samples), dtype=bool)
    column, value = wanted
    strange: np.ndarray = splits.keys(expression.obs, column, "--strangers") == value
    if not strange.any():
        raise DataError(
            f"--strangers {column}={value}: no sample has this value: check the spelling"
        )
    get_logger().info(
        "%d samples whose %s is %s are taken for none of the classes", strange.sum(), column, value
    )
    return strange


def _too_few(
    expression: Expression, target: str, column: str | None, classes: list[str], minimum: int
) -> str:
    found = ontology.find_column(expression.obs, target, column)
    if found is None and target == "tissue_group":
        found = ontology.find_column(expression.obs, "tissue")
    if found is None:
        columns = ", ".join(map(str, expression.obs.columns[:20])) or "none"
        return (
            f"target {target}: no metadata column holds it (columns: {columns}): name one with "
            f"--label-column, or give normalise the --metadata"
        )
    had = f" ({classes[0]})" if classes else ""
    return (
        f"target {target}: {len(classes)} classes with {minimum} labelled samples or more{had}, "
        f"two are needed: check column '{found}', or lower --min-samples"
    )


def study_units(obs: Any, group_column: str | None) -> tuple[np.ndarray, str]:
    """Return what counts once in figures and weights: the group column, else studies, else sites.

    Without any of them all samples are one study.
    """
    column = group_column or splits.first_column(obs, splits.STUDY_COLUMNS + splits.SITE_COLUMNS)
    if column is None:
        return np.full(len(obs), "all", dtype=object), "none"
    return splits.keys(obs, column), column


def well_measured(data: Labelled, rows: np.ndarray) -> np.ndarray:
    """Tell which samples look like small-RNA profiles at all, ``(n_rows,)`` of bool.

    Failed libraries teach nothing about a tissue. They stay in every test.
    """
    values, features = data.columns()
    reported = data.expression.reported
    aligned = align(values[rows], features, None if reported is None else reported[rows], features)
    weights = study_class_weights(data.study[rows], data.y[rows])
    alike = resemblance(aligned, mean_profile(aligned, weights)) >= MINIMUM_RESEMBLANCE
    # a table on which this rule fails is not one that it was made for
    return alike if alike.mean() > 0.5 else np.ones(len(rows), dtype=bool)


@dataclass
class Fitted:
    """A learner with its input preparation, and the distance to the classes that it saw."""

    inputs: Inputs
    novelty: Novelty
    learner: HasLogits
    years: tuple[Any, float, float] | None = None


def fit_on(
    data: Labelled,
    rows: np.ndarray,
    recipe: Recipe,
    seed: int,
    *,
    classes: bool = True,
    years: bool = False,
    strangers: Expression | None = None,
) -> Fitted:
    """Fit input preparation and learner on some of the labelled samples.

    Parameters
    ----------
    data : Labelled
        All labelled samples.
    rows : numpy.ndarray
        Indices of the training samples.
    recipe : Recipe
        The learner.
    seed : int
        Seed of the learner.
    classes, years : bool
        What to fit.
    strangers : Expression, optional
        Samples that are none of the classes, for the novelty alone.
    """
    values, features = data.columns()
    rows = rows[well_measured(data, rows)]
    reported = data.expression.reported
    reported = None if reported is None else reported[rows]
    unit = data.votes[rows]
    weights = study_class_weights(data.study[rows], data.y[rows])
    train = values[rows]
    selected = select_variable(train, weights)
    inputs, x = fit_inputs(train, features, reported, weights, selected, recipe.views)
    n_views = len(recipe.views)
    spread = Spread(x, data.y[rows], unit, n_views)
    learner = None
    if classes:
        learner = recipe.fit(x, data.y[rows], len(data.classes), weights, spread, seed)
    fitted_years = None
    if years and recipe.fit_years is not None:
        known = ~np.isnan(data.years[rows])
        if known.sum() >= 2 * MINIMUM_SAMPLES:
            age = data.years[rows][known]
            centre, scale = float(age.mean()), float(max(age.std(), 1e-3))
            alike = Spread(x[known], np.zeros(known.sum(), dtype=int), unit[known], n_views)
            machine = recipe.fit_years(
                x[known], (age - centre) / scale, 1, weights[known], alike, seed
            )
            fitted_years = (machine, centre, scale)
    strange = None
    if strangers is not None:
        given = (strangers.values, strangers.features, strangers.reported)
        sound = inputs.resembles(*given)
        study, _ = study_units(strangers.obs, data.group_column)
        strange = (inputs.prepare(*given)[sound], study[sound])
    novelty = fit_novelty(spread, strange)
    return Fitted(inputs, novelty, learner, fitted_years)  # type: ignore[arg-type]


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
        "intended_use": "Fill in missing sample metadata of human small-RNA sequencing; not for "
        "diagnosis. A withheld call is an answer.",
    }
