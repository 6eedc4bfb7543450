"""All figures of one learner's predictions, for any weighting of studies at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from .classification import (
    StudyCounts,
    auroc,
    balanced_accuracy,
    by_study,
    divide,
    in_top,
    macro,
    macro_f1,
    mean,
    sample_log_loss,
)
from .coverage import selective
from .predictions import ClassPredictions, Predictions, YearPredictions
from .reliability import bin_by_study, expected_calibration_error
from .settings import Settings
from .years import median_error, r2_and_pearson, study_moments

Figures = dict[str, np.ndarray]
Formulas = dict[str, Callable[[], np.ndarray]]


def figures(
    predictions: Predictions,
    weights: np.ndarray,
    settings: Settings,
    names: Sequence[str] | None = None,
) -> Figures:
    """Compute the figures that fit the kind of target.

    Parameters
    ----------
    predictions : ClassPredictions or YearPredictions
        Out-of-fold predictions of one target, scheme and learner.
    weights : numpy.ndarray
        ``(n_weightings, n_studies)``: how often each study counts. Figures that end in
        ``_by_study`` divide it by the size of the study, so that each study has one vote.
    settings : Settings
        Bins, precision, top.
    names : sequence of str or None
        Which figures; None for all.

    Returns
    -------
    dict of str to numpy.ndarray
        ``(n_weightings,)`` each; NaN where undefined.
    """
    if isinstance(predictions, ClassPredictions):
        formulas = _class_formulas(predictions, weights, settings)
    else:
        assert isinstance(predictions, YearPredictions)
        formulas = _year_formulas(predictions, weights)
    return {name: formulas[name]() for name in names or formulas}


def headline(predictions: Predictions) -> str:
    """Return the name of the figure that speaks first."""
    return "accuracy_by_study" if isinstance(predictions, ClassPredictions) else "mae_by_study"


def _class_formulas(found: ClassPredictions, weights: np.ndarray, settings: Settings) -> Formulas:
    study, n_studies = found.study, found.n_studies
    equal = weights / found.study_sizes
    correct = found.correct.astype(np.float64)
    counts = StudyCounts.of(found.truth, found.predicted, study, n_studies, len(found.classes))
    bins = bin_by_study(found.confidence, found.correct, study, n_studies, settings.bins)

    @cache
    def selected(by_study: bool) -> tuple[np.ndarray, np.ndarray]:
        return selective(
            found.confidence,
            found.correct,
            study,
            equal if by_study else weights,
            settings.precision,
        )

    formulas: Formulas = {
        "accuracy_by_study": lambda: mean(correct, study, n_studies, equal),
        "accuracy": lambda: mean(correct, study, n_studies, weights),
        "balanced_accuracy": lambda: balanced_accuracy(counts, weights),
        "macro_f1": lambda: macro_f1(counts, weights),
        **_probability_formulas(found, weights, settings),
        "ece": lambda: expected_calibration_error(bins, weights),
        "ece_by_study": lambda: expected_calibration_error(bins, equal),
        "risk_coverage_area": lambda: selected(False)[0],
        "coverage_at_precision": lambda: selected(False)[1],
        "coverage_at_precision_by_study": lambda: selected(True)[1],
    }
    return formulas


def _probability_formulas(
    found: ClassPredictions, weights: np.ndarray, settings: Settings
) -> Formulas:
    """Figures that need the probability of every class."""
    study, n_studies, probabilities = found.study, found.n_studies, found.probabilities
    if probabilities is None:
        undefined = np.full(len(weights), np.nan)
        return dict.fromkeys(("top_accuracy", "auroc", "log_loss"), lambda: undefined)
    top = in_top(found.truth, probabilities, settings.top) | found.correct
    loss = sample_log_loss(found.truth, probabilities)
    return {
        "top_accuracy": lambda: mean(top.astype(np.float64), study, n_studies, weights),
        "auroc": lambda: macro(auroc(found.truth, probabilities, study, weights)),
        "log_loss": lambda: mean(loss, study, n_studies, weights),
    }


def _year_formulas(found: YearPredictions, weights: np.ndarray) -> Formulas:
    study, n_studies = found.study, found.n_studies
    equal = weights / found.study_sizes
    error = np.abs(found.truth - found.predicted)
    moments = study_moments(found.truth, found.predicted, study, n_studies)

    def within(years: int, counted: np.ndarray) -> np.ndarray:
        return mean((error <= years).astype(np.float64), study, n_studies, counted)

    return {
        "mae_by_study": lambda: mean(error, study, n_studies, equal),
        "mae": lambda: mean(error, study, n_studies, weights),
        "median_absolute_error": lambda: median_error(error, study, weights),
        "r2": lambda: r2_and_pearson(moments, weights)[0],
        "pearson": lambda: r2_and_pearson(moments, weights)[1],
        "within_5_years_by_study": lambda: within(5, equal),
        "within_5_years": lambda: within(5, weights),
        "within_10_years_by_study": lambda: within(10, equal),
        "within_10_years": lambda: within(10, weights),
    }


def per_study(predictions: Predictions) -> list[dict[str, object]]:
    """List each study with its size and its own headline figure."""
    sizes = predictions.study_sizes
    if isinstance(predictions, ClassPredictions):
        name, values = "accuracy", predictions.correct.astype(np.float64)
    else:
        assert isinstance(predictions, YearPredictions)
        name, values = "mae", np.abs(predictions.truth - predictions.predicted)
    means = by_study(values, predictions.study, predictions.n_studies) / sizes
    return [
        {"study": study, "n": int(n), name: float(value)}
        for study, n, value in zip(predictions.studies, sizes, means, strict=True)
    ]


def per_class(found: ClassPredictions, known: np.ndarray) -> list[dict[str, object]]:
    """List each class with its samples, precision, recall, F1 and AUROC; None where undefined."""
    n_classes = len(found.classes)
    counts = StudyCounts.of(found.truth, found.predicted, found.study, found.n_studies, n_classes)
    truth, predicted, hits = (
        array.sum(axis=0) for array in (counts.truth, counts.predicted, counts.hits)
    )
    areas = np.full(n_classes, np.nan)
    if found.probabilities is not None:
        ones = np.ones((1, found.n_studies))
        areas = auroc(found.truth, found.probabilities, found.study, ones)[0]
    columns = {
        "precision": divide(hits, predicted),
        "recall": divide(hits, truth),
        "f1": divide(2 * hits, truth + predicted),
        "auroc": areas,
    }
    return [
        {
            "class": name,
            "n": int(truth[k]),
            "n_studies": int((counts.truth[:, k] > 0).sum()),
            "n_predicted": int(predicted[k]),
            "known": bool(known[k]),
            **{key: number(values[k]) for key, values in columns.items()},
        }
        for k, name in enumerate(found.classes)
    ]


def confusion(found: ClassPredictions) -> dict[str, object]:
    """Count pairs of truth (rows) and prediction (columns)."""
    n = len(found.classes)
    cells = np.bincount(found.truth * n + found.predicted, minlength=n * n).reshape(n, n)
    return {"classes": found.classes, "counts": cells.tolist()}


def number(value: float) -> float | None:
    """Return a number for JSON, which has no NaN."""
    return float(value) if np.isfinite(value) else None
