"""What `augment` does: raw tables and models in, the annotated table out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import features, normalisation, ontology, reading
from .calling import (
    CALLED,
    DISAGREES,
    NOVEL,
    SUFFIXES,
    WITHHELD,
    YEARS_COLUMNS,
    check_left_out,
    predict_columns,
)
from .deciding import Deciding, deciding
from .errors import DataError, data_of
from .expression import ExpressionTable
from .log import get_logger
from .model.target import TargetModel
from .normalise import with_metadata
from .sample_map import place

if TYPE_CHECKING:
    import pandas as pd

    from .left_out_checks import Checks, ChecksOfRows


@dataclass
class Annotation:
    """The result of `annotate`.

    Attributes
    ----------
    table : pandas.DataFrame
        ``annotated.tsv``: metadata untouched, then the columns of each target; all strings.
    targets : list of str
        Targets in order.
    label_columns : dict
        Target to the metadata column that its model learnt labels from, where one was named; None:
        labels are where they usually are (`ontology.label_source`).
    cards : dict
        Target to the card of its model.
    recognised : str
        What the input was taken for.
    places : numpy.ndarray or None
        ``(n_samples, 2)``, the map of samples by the model of the first target, if asked for; NaN
        for those that were not drawn.
    why : dict
        Target to row to the sRNAs that decided there, of the samples that were to be explained.
    left_out : dict
        Target to row to what the label of a training sample was checked by
        (`srna_augment.left_out_checks`).
    """

    table: pd.DataFrame
    targets: list[str]
    label_columns: dict[str, str | None]
    cards: dict[str, dict[str, Any]]
    recognised: str
    places: np.ndarray | None = None
    why: dict[str, dict[int, list[Deciding]]] = field(default_factory=dict)
    left_out: ChecksOfRows = field(default_factory=dict)


def annotate(
    inputs: list[str],
    metadata_path: Path | None,
    models: list[TargetModel],
    *,
    format: str = "auto",
    orientation: str = "auto",
    units: str = "auto",
    places: bool = False,
    left_out: Checks | None = None,
    explained: int = 0,
) -> Annotation:
    """Fill the blanks of metadata, each call with its probability, or say that there is none.

    Parameters
    ----------
    inputs : list of str
        Raw expression tables; ``-`` is standard input.
    metadata_path : pathlib.Path or None
        Metadata, any columns.
    models : list of TargetModel
        One a target; normalisation comes from them.
    format, orientation, units : str
        See `srna_augment.reading.read_tables`.
    places : bool
        Draw the map of samples, too.
    left_out : dict, optional
        What `read_left_out` read: labels of these samples are checked against it.
    explained : int
        Say of so many samples what decided, those first whose label is contradicted.

    Raises
    ------
    DataError
        The table cannot be read, has too few of the features, or the metadata has columns that
        would be overwritten.
    """
    table = reading.read_tables(inputs, format=format, orientation=orientation, units=units)
    obs, whole = with_metadata(table, metadata_path)
    result = _metadata_columns(obs, table.samples, named=metadata_path is not None)
    _refuse_overwriting(result, models, metadata_path)
    known = {
        target: {row: of[sample] for row, sample in enumerate(table.samples) if sample in of}
        for target, of in (left_out or {}).items()
    }
    label_columns = {model.target: model.label_column(obs.columns) for model in models}
    normalised = _Normalised(table, models, ", ".join(inputs))
    drawn: np.ndarray | None = None
    for model in models:
        values, reported = normalised.of(model)
        if places and model is models[0]:
            drawn = place(
                model.learner.logits(model.prepare(values, model.state.features, reported))
            )
        given = ontology.as_classes(
            ontology.labels(obs, model.target, label_columns[model.target], chosen_from=whole),
            model.classes,
        )
        columns = predict_columns(model, values, reported, given)
        check_left_out(columns, model, given, known.get(model.target, {}))
        result = _with_columns(result, columns)
        _log(model.target, columns[f"{model.target}_status"])
    return Annotation(
        table=result,
        targets=[model.target for model in models],
        label_columns=label_columns,
        cards={model.target: model.described() for model in models},
        recognised=table.recognised,
        places=drawn,
        why=_why(result, models, normalised, explained),
        left_out=known,
    )


class _Normalised:
    """A table as each model wants it; what several of them want alike is made once.

    Parameters
    ----------
    table : ExpressionTable
        As it was read; its values are lost where no two levels need them.
    models : list of TargetModel
        All that will ask.
    source : str
        Where the table is from, for messages.
    """

    def __init__(self, table: ExpressionTable, models: list[TargetModel], source: str) -> None:
        self.table, self.source = table, source
        self.one_level = len({model.state.level for model in models}) == 1
        self.collapsed: dict[str, ExpressionTable] = {}
        self.made: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def of(self, model: TargetModel) -> tuple[np.ndarray, np.ndarray]:
        """Return values in a model's normalisation and which are reported.

        Both are ``(n_samples, n_features)``.
        """
        level, key = model.state.level, json.dumps(model.state.to_json())
        if level not in self.collapsed:
            self.collapsed[level] = features.collapse(self.table, level, reuse=self.one_level)
        if key not in self.made:
            with data_of(self.source):
                self.made[key] = normalisation.transform(self.collapsed[level], model.state)
        return self.made[key]


def _metadata_columns(obs: pd.DataFrame, samples: list[str], *, named: bool) -> pd.DataFrame:
    """Return the metadata as the table begins with them: text, ``sample_id`` in each row."""
    result = obs.astype(object).where(obs.notna(), "").astype(str)
    if not named:
        result = _without_other_ids(result, samples)
    if "sample_id" not in result.columns:
        result.insert(0, "sample_id", samples)
    # a sample without metadata has a row of blanks: its id must not be one of them
    result["sample_id"] = np.where(result["sample_id"] == "", samples, result["sample_id"])
    return result.reset_index(drop=True)


def _why(
    result: pd.DataFrame, models: list[TargetModel], normalised: _Normalised, explained: int
) -> dict[str, dict[int, list[Deciding]]]:
    """Explain some samples: target to row to what decided."""
    if not explained:
        return {}
    checks = [result[f"{model.target}_check"] == DISAGREES for model in models]
    calm = ~np.logical_or.reduce(checks)
    rows = np.argsort(calm, kind="stable")[:explained]
    found = {}
    for model in models:
        values, reported = normalised.of(model)
        best = result[f"{model.target}_best"].to_numpy()[rows]
        entries = deciding(model, values[rows], reported[rows], best)
        found[model.target] = dict(zip(rows.tolist(), entries, strict=True))
    return found


def _with_columns(frame: pd.DataFrame, columns: dict[str, np.ndarray]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([frame, pd.DataFrame(columns, dtype=object)], axis=1)


def _without_other_ids(frame: pd.DataFrame, samples: list[str]) -> pd.DataFrame:
    """Rename a column `sample_id` of an AnnData file that holds other ids than its index."""
    if "sample_id" not in frame.columns:
        return frame
    ids = frame["sample_id"].to_numpy()
    if ((ids == "") | (ids == np.array(samples, dtype=object))).all():
        return frame
    free = "given_sample_id"
    while free in frame.columns:
        free += "_"
    get_logger().warning(
        "column sample_id of the input is not the ids of its samples: it is written as %s", free
    )
    return frame.rename(columns={"sample_id": free})


def _refuse_overwriting(
    frame: pd.DataFrame, models: list[TargetModel], metadata_path: Path | None
) -> None:
    new = [f"{model.target}_{suffix}" for model in models for suffix in SUFFIXES]
    new += YEARS_COLUMNS if any(model.years is not None for model in models) else ()
    taken = [name for name in new if name in frame.columns]
    if taken:
        raise DataError(
            f"{metadata_path or 'the input'}: the metadata already have a column '{taken[0]}', "
            f"which augment writes: rename or drop it"
        )


def _log(target: str, status: np.ndarray) -> None:
    counts = {name: int((status == name).sum()) for name in (CALLED, WITHHELD, NOVEL)}
    get_logger().info(
        "%s: %d called, %d withheld, %d out of distribution", target, *counts.values()
    )
