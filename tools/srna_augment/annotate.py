"""What `augment` does: raw tables and models in, the annotated table out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import features, normalisation, ontology, reading
from .deciding import Deciding, deciding
from .errors import DataError, UsageError, data_of
from .expression import ExpressionTable
from .files import sha256
from .log import get_logger
from .model.file import load_models
from .model.target import TargetModel
from .normalise import with_metadata
from .sample_map import place
from .targets import TARGETS

if TYPE_CHECKING:
    import pandas as pd

    from .left_out_checks import Checks, ChecksOfRows, LeftOut

CALLED, WITHHELD, NOVEL = "called", "withheld", "out_of_distribution"
AGREES, DISAGREES = "agrees", "disagrees"
SUFFIXES = ("best", "probability", "status", "pred", "pred_ontology_term_id", "set", "check")
YEARS_COLUMNS = ("age_years_pred", "age_years_low", "age_years_high")
DIGITS = 4
# Probabilities come out of a table of float32, a threshold may be one of them.
ROUNDING = 1e-6


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


def shipped_models() -> list[Path]:
    """Return the model files that come with the suite.

    Raises
    ------
    UsageError
        This installation has none.
    """
    package = Path(str(files(__package__)))
    for folder in (package / "models", package.parent.parent / "models"):
        found = sorted(folder.glob("*.h5"))
        if found:
            return found
    raise UsageError("this installation has no model of its own: name one with --model")


def choose_models(paths: list[Path], wanted: list[str]) -> list[TargetModel]:
    """Load models, one a target, in the order of the targets.

    Parameters
    ----------
    paths : list of pathlib.Path
        Model files, each with one or more targets.
    wanted : list of str
        Targets to keep; empty: all.

    Raises
    ------
    UsageError
        Two files hold the same target, or none a wanted one.
    """
    chosen: dict[str, tuple[TargetModel, Path]] = {}
    for path in paths:
        digest = sha256(path)
        for model in load_models(path):
            if model.target in chosen:
                raise UsageError(
                    f"--model: both {chosen[model.target][1]} and {path} predict {model.target}: "
                    f"name one of them"
                )
            model.card["model_file"], model.card["model_sha256"] = path.name, digest
            chosen[model.target] = (model, path)
    missing = [target for target in wanted if target not in chosen]
    if missing:
        raise UsageError(
            f"--target {missing[0]}: the models predict {', '.join(chosen)}: name a model of it"
        )
    order = [t for t in TARGETS if t in chosen] + sorted(set(chosen) - {*TARGETS})
    return [chosen[target][0] for target in order if not wanted or target in wanted]


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
    result = obs.astype(object).where(obs.notna(), "").astype(str)
    if metadata_path is None:
        result = _without_other_ids(result, table.samples)
    if "sample_id" not in result.columns:
        result.insert(0, "sample_id", table.samples)
    # a sample without metadata has a row of blanks: its id must not be one of them
    result["sample_id"] = np.where(result["sample_id"] == "", table.samples, result["sample_id"])
    _refuse_overwriting(result, models, metadata_path)
    result = result.reset_index(drop=True)
    tables: dict[str, ExpressionTable] = {}
    drawn: np.ndarray | None = None
    known = {
        target: {row: of[sample] for row, sample in enumerate(table.samples) if sample in of}
        for target, of in (left_out or {}).items()
    }
    label_columns = {model.target: model.label_column(obs.columns) for model in models}
    one_level = len({model.state.level for model in models}) == 1
    normalised: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for model in models:
        level, key = model.state.level, json.dumps(model.state.to_json())
        if level not in tables:
            tables[level] = features.collapse(table, level, reuse=one_level)
        if key not in normalised:
            with data_of(", ".join(inputs)):
                normalised[key] = normalisation.transform(tables[level], model.state)
        values, reported = normalised[key]
        if places and model is models[0]:
            x = model.prepare(values, model.state.features, reported)
            drawn = place(model.learner.logits(x))
        given = ontology.as_classes(
            ontology.labels(obs, model.target, label_columns[model.target], chosen_from=whole),
            model.classes,
        )
        columns = predict_columns(model, values, reported, given)
        _check_left_out(columns, model, given, known.get(model.target, {}))
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


def _why(
    result: pd.DataFrame,
    models: list[TargetModel],
    normalised: dict[str, tuple[np.ndarray, np.ndarray]],
    explained: int,
) -> dict[str, dict[int, list[Deciding]]]:
    """Explain some samples: target to row to what decided."""
    if not explained:
        return {}
    checks = [result[f"{model.target}_check"] == DISAGREES for model in models]
    calm = ~np.logical_or.reduce(checks)
    rows = np.argsort(calm, kind="stable")[:explained]
    found = {}
    for model in models:
        values, reported = normalised[json.dumps(model.state.to_json())]
        best = result[f"{model.target}_best"].to_numpy()[rows]
        entries = deciding(model, values[rows], reported[rows], best)
        found[model.target] = dict(zip(rows.tolist(), entries, strict=True))
    return found


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


def _check_left_out(
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
