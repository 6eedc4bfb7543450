"""One target's columns of the annotated table: best guess, status, call, set, check of labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .left_out_checks import LeftOut
    from .model.target import TargetModel

CALLED, WITHHELD, NOVEL = "called", "withheld", "out_of_distribution"
AGREES, DISAGREES = "agrees", "disagrees"
SUFFIXES = ("best", "probability", "status", "pred", "pred_ontology_term_id", "set", "check")
YEARS_COLUMNS = ("age_years_pred", "age_years_low", "age_years_high")
DIGITS = 4
# Probabilities come out of a table of float32, a threshold may be one of them.
ROUNDING = 1e-6


def predict_columns(
    model: TargetModel, values: np.ndarray, reported: np.ndarray, given: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the columns of one target in ``annotated.tsv``.

    Parameters
    ----------
    model : TargetModel
        The model.
    values : numpy.ndarray
        ``(n_samples, n_features)``, in the model's normalisation.
    reported : numpy.ndarray
        ``(n_samples, n_features)`` of bool.
    given : numpy.ndarray
        ``(n_samples,)`` of str: labels in the metadata as the model spells its classes, empty
        where blank or no class of the model.

    Returns
    -------
    dict
        Column name to ``(n_samples,)`` of str.
    """
    target, calibration = model.target, model.calibration
    x = model.prepare(values, model.state.features, reported)
    unreported = model.inputs.unreported(values, model.state.features, reported)
    probabilities, novel = model.predict(x, unreported)
    names = np.array(model.classes, dtype=object)
    terms = np.array(model.term_ids, dtype=object)
    best = probabilities.argmax(axis=1)
    top = probabilities[np.arange(len(best)), best]
    novel = novel | ~model.inputs.resembles(values, model.state.features, reported)
    called = calibration.called(probabilities) & ~novel
    status = np.where(novel, NOVEL, np.where(called, CALLED, WITHHELD))
    # sets were fitted on samples unlike these, so that nothing can be ruled out
    sets = calibration.sets(probabilities) | novel[:, None]
    comparable = called & (given != "")
    columns = {
        f"{target}_best": names[best],
        f"{target}_probability": np.array([_rounded_down(p) for p in top], dtype=object),
        f"{target}_status": status,
        f"{target}_pred": np.where(called, names[best], ""),
        f"{target}_pred_ontology_term_id": np.where(called, terms[best], ""),
        f"{target}_set": np.array(
            [
                "|".join(names[row][np.argsort(-p[row], kind="stable")])
                for row, p in zip(sets, probabilities, strict=True)
            ],
            dtype=object,
        ),
        f"{target}_check": np.where(
            comparable, np.where(names[best] == given, AGREES, DISAGREES), ""
        ),
    }
    if model.years is not None:
        bounds = model.years.predict_interval(model.inputs, x, unreported)
        for name, column in zip(YEARS_COLUMNS, bounds, strict=True):
            columns[name] = np.where(novel, "", [f"{value:.1f}" for value in column])
    return columns


def _rounded_down(probability: float) -> str:
    """Write a probability; what falls short of a call's must not read as if it did not."""
    steps = 10**DIGITS
    return f"{math.floor(probability * steps + ROUNDING) / steps:.{DIGITS}f}"


def check_left_out(
    columns: dict[str, np.ndarray],
    model: TargetModel,
    given: np.ndarray,
    left_out: Mapping[int, LeftOut],
) -> None:
    """Check the labels of training samples, in place, by models that did not train on them."""
    check = columns[f"{model.target}_check"]
    for i, known in left_out.items():
        if given[i] == "":
            continue
        sure = known.possible and known.probability >= model.calibration.threshold - ROUNDING
        check[i] = (AGREES if known.best == given[i] else DISAGREES) if sure else ""
