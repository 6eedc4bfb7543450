"""One learner against another on the same samples, with the doubt about the difference."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..log import get_logger
from .bootstrap import interval, with_resamples
from .figures import figures, number
from .predictions import ClassPredictions, Predictions, YearPredictions
from .settings import Settings

CLASS_FIGURES = ("accuracy_by_study", "accuracy", "balanced_accuracy", "macro_f1", "log_loss")
YEAR_FIGURES = ("mae_by_study", "mae", "within_10_years_by_study")
LOWER_IS_BETTER = frozenset({"log_loss", "mae_by_study", "mae"})


def comparisons(found: list[Predictions], settings: Settings) -> list[dict[str, Any]]:
    """Compare the reference learner with every other of the same target and scheme.

    Parameters
    ----------
    found : list of Predictions
        All predictions.
    settings : Settings
        The reference, resamples and level.

    Returns
    -------
    list of dict
        Empty when the reference learner is not there.
    """
    references = {(one.target, one.scheme): one for one in found if one.model == settings.reference}
    if not references:
        get_logger().info(
            "no learner is named %r: nothing is compared in pairs", settings.reference
        )
    pairs = [
        (references[one.target, one.scheme], one)
        for one in found
        if one.model != settings.reference and (one.target, one.scheme) in references
    ]
    return [compare(reference, other, settings) for reference, other in pairs]


def compare(reference: Predictions, other: Predictions, settings: Settings) -> dict[str, Any]:
    """Compare two learners on the samples that both predicted.

    Studies are those of `reference`, and each resample draws the same studies for both, so that
    what is hard for both does not count as doubt.

    Returns
    -------
    dict
        Per figure the ``difference`` (reference minus other), its ``interval``, and
        ``share_better``: in what share of resamples the reference was better.
    """
    a, b = _aligned(reference, other)
    names = CLASS_FIGURES if isinstance(reference, ClassPredictions) else YEAR_FIGURES
    result: dict[str, Any] = {
        "target": reference.target,
        "scheme": reference.scheme,
        "reference": reference.model,
        "model": other.model,
        "n": a.n_samples,
        "n_studies": a.n_studies,
        "differences": {},
    }
    if not a.n_samples:
        get_logger().warning(
            "%s, %s: %s and %s share no sample: they cannot be compared",
            reference.target,
            reference.scheme,
            reference.model,
            other.model,
        )
        return result
    missed = max(reference.n_samples, other.n_samples) - a.n_samples
    if missed:
        get_logger().info(
            "%s, %s: %s and %s are compared on the %d samples that both predicted",
            reference.target,
            reference.scheme,
            reference.model,
            other.model,
            a.n_samples,
        )
    weights = with_resamples(a.n_studies, settings.resamples, settings.seed)
    of_a, of_b = figures(a, weights, settings, names), figures(b, weights, settings, names)
    for name in names:
        difference = of_a[name] - of_b[name]
        better = np.sign(difference[1:]) == (-1 if name in LOWER_IS_BETTER else 1)
        result["differences"][name] = {
            "difference": number(difference[0]),
            "interval": interval(difference[1:], settings.level),
            "share_better": float(better.mean()) if len(better) else None,
        }
    return result


def _aligned(reference: Predictions, other: Predictions) -> tuple[Predictions, Predictions]:
    _, rows, rows_other = np.intersect1d(
        reference.samples.astype(str),
        other.samples.astype(str),
        assume_unique=True,
        return_indices=True,
    )
    assert isinstance(reference, ClassPredictions | YearPredictions)
    assert isinstance(other, ClassPredictions | YearPredictions)
    a, b = reference.subset(rows), other.subset(rows_other)
    b.study, b.studies = a.study, a.studies
    return a, b
