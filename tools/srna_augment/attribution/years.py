"""Age in years as a target of its own, so that it is explained like a class: in years."""

from __future__ import annotations

from dataclasses import replace

from ..model.forest import Forest
from ..model.network import Dense, Layer, Network
from ..model.target import Learner, TargetModel, Years

TARGET, OUTPUT = "age_years", "years"


def years_target(model: TargetModel) -> TargetModel | None:
    """Return the learner of years as a model of one output, in years; None without one.

    Parameters
    ----------
    model : TargetModel
        The model of age groups, whose inputs and references it shares.
    """
    if model.years is None:
        return None
    return replace(
        model, target=TARGET, classes=[OUTPUT], term_ids=[""], years=None,
        learner=_in_years(model.years),
    )  # fmt: skip


def _in_years(years: Years) -> Learner:
    """Merge centre and scale into the learner; the weights of an ensemble sum to 1."""
    if isinstance(years.learner, Forest):
        value = years.learner.value * years.scale + years.centre
        return replace(years.learner, value=value.astype("f4"))
    members = []
    for member in years.learner.members:
        last = member[-1]
        assert isinstance(last, Dense)
        scaled: Layer = Dense(
            (last.kernel * years.scale).astype("f4"),
            (last.bias * years.scale + years.centre).astype("f4"),
        )
        members.append([*member[:-1], scaled])
    return Network(members, years.learner.weights)
