"""What models that did not train on a sample say of it, to check its label against.

A model has learnt the labels of its own training samples, wrong ones too: it agrees with them
nearly always. A swap among them only shows in predictions out of fold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import DataError
from .predictions import OutOfFold, read_out_of_fold
from .training import CALIBRATES

if TYPE_CHECKING:
    from .model.target import TargetModel


@dataclass
class LeftOut:
    """The best class of one sample out of fold.

    Attributes
    ----------
    best : str
        The class.
    probability : float
        Its calibrated probability.
    possible : bool
        Whether the fold's training samples had the class that the sample is labelled with.
    """

    best: str
    probability: float
    possible: bool


# by target, and by sample id or row of the annotated table
Checks = Mapping[str, Mapping[str, LeftOut]]
ChecksOfRows = Mapping[str, Mapping[int, LeftOut]]


def read_left_out(paths: list[Path], models: list[TargetModel]) -> Checks:
    """Read predictions of the models' own training samples.

    Parameters
    ----------
    paths : list of pathlib.Path
        What `train-dl` or `train-rf` wrote by ``--predictions`` beside the models.
    models : list of TargetModel
        One a target.

    Returns
    -------
    dict
        Target to sample id to `LeftOut`; of several schemes, the one that calibrates: studies left
        out before sites, and these before random folds.

    Raises
    ------
    DataError
        A file is no predictions, or none of them is of a target and learner of the models.
    """
    found = [part for part in read_out_of_fold(paths) if isinstance(part, OutOfFold)]
    checks: dict[str, dict[str, LeftOut]] = {}
    for model in models:
        wanted = (model.target, model.card.get("learner"))
        mine = [part for part in found if (part.target, part.model) == wanted]
        if not all(part.calibrated for part in mine):
            raise DataError(
                f"--out-of-fold {', '.join(map(str, paths))}: the predictions of {model.target} "
                "are raw, as --fold writes them: give what --calibrate-from made of all folds"
            )
        if mine:
            # a transfer says nothing of the samples that were trained on
            folded = [part for part in mine if part.scheme in CALIBRATES]
            folded.sort(key=lambda part: CALIBRATES.index(part.scheme))
            checks[model.target] = _by_sample(folded[0]) if folded else {}
    if not checks:
        there = sorted({f"{part.target} by {part.model}" for part in found})
        known = ", ".join(f"{model.target} by {model.card.get('learner')}" for model in models)
        raise DataError(
            f"--out-of-fold {', '.join(map(str, paths))}: holds {', '.join(there) or 'nothing'}, "
            f"and the models are {known}: give what --predictions wrote beside them"
        )
    return checks


def _by_sample(part: OutOfFold) -> dict[str, LeftOut]:
    best = part.probabilities.argmax(axis=1)
    possible = part.truth_or_unknown() >= 0
    rows = zip(part.samples, best, part.probabilities.max(axis=1), possible, strict=True)
    return {
        str(sample): LeftOut(part.classes[i], float(probability), bool(can))
        for sample, i, probability, can in rows
    }
