"""``METRICS.json``: every figure, comparison and choice that `evaluate` makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..log import get_logger
from .bootstrap import interval, with_resamples
from .comparison import comparisons
from .coverage import curve, threshold_at_precision
from .figures import confusion, figures, headline, number, per_class, per_study
from .known import known_classes
from .names import SCHEMES, TARGETS, ordered
from .predictions import ClassPredictions, Predictions, PredictionSet
from .reliability import bin_by_study, diagram
from .settings import Settings
from .studies import study_details

# MAJOR.MINOR: MINOR grows when something is added, MAJOR when something is taken away or changes
SCHEMA_VERSION = "1.1"
HEADLINE_RULE = (
    "the scheme is 'group' (studies never seen) when there is one, else 'site', 'transfer', "
    "'random' or the first by name, in that order; learners are ranked by accuracy_by_study, the "
    "mean over studies of the share that is right (age_years: by mae_by_study, lowest first); "
    "equal ones by balanced accuracy, then by name"
)
KNOWN_FIGURES = (
    "accuracy_by_study",
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "top_accuracy",
    "auroc",
    "log_loss",
    "ece",
)
FEW_STUDIES = 5


def build_report(
    found: PredictionSet,
    settings: Settings,
    *,
    version: str,
    reading: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Compute the content of ``METRICS.json``.

    Parameters
    ----------
    found : PredictionSet
        All predictions.
    settings : Settings
        The user's choices.
    version : str
        Version of the suite.
    reading : dict or None
        What `normalise` read of the same samples (`srna_augment.reading_summary`).

    Returns
    -------
    dict
        See docs/evaluate.md and metrics.schema.json.
    """
    results = []
    for predictions in found.predictions:
        results.append(_result(predictions, settings, reading))
        name = headline(predictions)
        get_logger().info(
            "%s, %s, %s: %s %.3f (%d samples, %d studies)",
            predictions.target,
            predictions.scheme,
            predictions.model,
            name,
            results[-1]["metrics"][name],
            predictions.n_samples,
            predictions.n_studies,
        )
    return {
        "schema_version": SCHEMA_VERSION,
        "suite_version": version,
        "settings": {
            "bootstrap_resamples": settings.resamples,
            "bootstrap_unit": "study",
            "interval_level": settings.level,
            "precision": settings.precision,
            "calibration_bins": settings.bins,
            "top": settings.top,
            "reference": settings.reference,
            "seed": settings.seed,
        },
        "inputs": [{"file": path, "rows": rows} for path, rows in found.rows.items()],
        "skipped_without_truth": found.skipped,
        "results": results,
        "comparisons": comparisons(found.predictions, settings),
        "best_model_rule": HEADLINE_RULE,
        "best_model": best_models(results),
    }


def _result(
    predictions: Predictions, settings: Settings, reading: dict[str, Any] | None
) -> dict[str, Any]:
    n_studies = predictions.n_studies
    if settings.resamples and n_studies < FEW_STUDIES:
        get_logger().warning(
            "%s, %s, %s: with %d studies, too few, intervals cannot be relied on",
            predictions.target,
            predictions.scheme,
            predictions.model,
            n_studies,
        )
    result: dict[str, Any] = {
        "target": predictions.target,
        "scheme": predictions.scheme,
        "model": predictions.model,
        "kind": "classes" if isinstance(predictions, ClassPredictions) else "years",
        "n": predictions.n_samples,
        "n_studies": n_studies,
        "n_folds": len(set(predictions.folds)),
        "study_unit": predictions.study_unit,
        "headline": headline(predictions),
        **_with_intervals(predictions, settings),
    }
    if isinstance(predictions, ClassPredictions):
        result |= _class_details(predictions, result, settings)
    studies = per_study(predictions)
    if isinstance(predictions, ClassPredictions):
        known, _ = known_classes(predictions)
        more = study_details(predictions, known, reading)
        studies = [one | details for one, details in zip(studies, more, strict=True)]
    return result | {"per_study": studies}


def _with_intervals(
    predictions: Predictions, settings: Settings, names: Sequence[str] | None = None
) -> dict[str, dict[str, Any]]:
    """Return ``metrics`` and their ``intervals``."""
    weights = with_resamples(predictions.n_studies, settings.resamples, settings.seed)
    found = figures(predictions, weights, settings, names)
    return {
        "metrics": {name: number(values[0]) for name, values in found.items()},
        "intervals": {name: interval(values[1:], settings.level) for name, values in found.items()},
    }


def _class_details(
    predictions: ClassPredictions, result: dict[str, Any], settings: Settings
) -> dict[str, Any]:
    known, rule = known_classes(predictions)
    bins = bin_by_study(
        predictions.confidence,
        predictions.correct,
        predictions.study,
        predictions.n_studies,
        settings.bins,
    )
    return {
        "n_classes": len(np.unique(predictions.truth)),
        "known": _known(predictions, known, result, settings) | {"rule": rule},
        "threshold_at_precision": threshold_at_precision(
            predictions.confidence, predictions.correct, settings.precision
        ),
        "per_class": per_class(predictions, known),
        "confusion": confusion(predictions),
        "risk_coverage": curve(predictions.confidence, predictions.correct),
        "reliability": diagram(bins, settings.bins),
    }


def _known(
    predictions: ClassPredictions, known: np.ndarray, result: dict[str, Any], settings: Settings
) -> dict[str, Any]:
    """Figures over the samples whose class training knew; those of `result` when it knew all."""
    rows = np.flatnonzero(known[predictions.truth])
    part = predictions.subset(rows)
    unknown = sorted(predictions.classes[k] for k in np.unique(predictions.truth) if not known[k])
    if unknown:
        get_logger().info(
            "%s, %s, %s: %d samples are of classes that training did not know (%s)",
            predictions.target,
            predictions.scheme,
            predictions.model,
            predictions.n_samples - part.n_samples,
            ", ".join(unknown),
        )
    sizes: dict[str, Any] = {
        "n": part.n_samples,
        "n_studies": part.n_studies,
        "n_classes": len(np.unique(part.truth)),
        "unknown_classes": unknown,
    }
    if not unknown:
        return sizes | {
            key: {name: result[key][name] for name in KNOWN_FIGURES}
            for key in ("metrics", "intervals")
        }
    if not part.n_samples:
        return sizes | {key: dict.fromkeys(KNOWN_FIGURES) for key in ("metrics", "intervals")}
    return sizes | _with_intervals(part, settings, KNOWN_FIGURES)


def best_models(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Choose the learner of each target by `HEADLINE_RULE`.

    Returns
    -------
    dict
        Per target: ``model``, ``scheme``, ``metric``, ``value`` and the ``ranking`` of all
        learners, best first.
    """
    best = {}
    for target in ordered({result["target"] for result in results}, TARGETS):
        own = [result for result in results if result["target"] == target]
        scheme = ordered({result["scheme"] for result in own}, SCHEMES)[0]
        ranked = sorted((r for r in own if r["scheme"] == scheme), key=_rank)
        metric = ranked[0]["headline"]
        ranking = [
            {"model": result["model"], "value": result["metrics"][metric]} for result in ranked
        ]
        best[target] = {
            "model": ranking[0]["model"],
            "scheme": scheme,
            "metric": metric,
            "value": ranking[0]["value"],
            "ranking": ranking,
        }
    return best


def _rank(result: dict[str, Any]) -> tuple[float, float, str]:
    metrics = result["metrics"]
    if result["kind"] == "years":
        return metrics["mae_by_study"], 0.0, result["model"]
    return -metrics["accuracy_by_study"], -metrics["balanced_accuracy"], result["model"]
