"""Putting ``predictions.tsv`` files together, however they were split."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..errors import DataError
from ..log import get_logger
from ..ontology import AGE_GROUPS
from .names import LEARNERS, SCHEMES, TARGETS, YEARS_TARGET, ordered
from .predictions import ClassPredictions, Predictions, PredictionSet, YearPredictions
from .table_file import COLUMNS, FIRST_ROW, OPTIONAL, PROB, number, read_table

if TYPE_CHECKING:
    import pandas as pd

# probabilities are written rounded, and a softmax in float32 is not exactly 1
ROUNDING = 0.01
Key = tuple[str, str, str]


@dataclass
class _Chunk:
    """The rows of one file that belong to one target, scheme and learner."""

    path: str
    lines: np.ndarray
    cells: pd.DataFrame
    classes: list[str]
    probabilities: np.ndarray


def read_predictions(paths: Sequence[str | Path]) -> PredictionSet:
    """Read and put together any number of ``predictions.tsv``, plain or gzipped.

    Parameters
    ----------
    paths : sequence of str or pathlib.Path
        Files, split by fold, scheme, target or learner as it pleases; ``-`` is standard input.

    Returns
    -------
    PredictionSet
        One element for each target, scheme and learner.

    Raises
    ------
    DataError
        A column is missing, a cell cannot be used, a row is there twice, or the truth of a sample
        differs between rows.
    """
    chunks: dict[Key, list[_Chunk]] = {}
    rows: dict[str, int] = {}
    for path in paths:
        table, classes = read_table(path)
        rows[str(path)] = len(table)
        if not len(table):
            get_logger().warning("%s: has a header but no rows", path)
        columns = [PROB + name for name in classes]
        groups = table.groupby(["target", "scheme", "model"], sort=False).indices
        for key, index in groups.items():
            part = table.iloc[index]
            chunks.setdefault(cast(Key, key), []).append(
                _Chunk(
                    str(path),
                    np.asarray(index) + FIRST_ROW,
                    part,
                    classes,
                    part[columns].to_numpy(float),
                )
            )
    if not chunks:
        raise DataError("no predictions: the files given have no rows")
    _check_truth_agrees(chunks)

    found: list[Predictions] = []
    skipped: dict[str, int] = {}
    for target, scheme, model in _ordered_keys(chunks):
        parts = chunks[target, scheme, model]
        _check_unique(parts, target, scheme, model)
        blank = sum(int((part.cells["truth"] == "").sum()) for part in parts)
        if blank:
            skipped[target] = skipped.get(target, 0) + blank
            get_logger().info(
                "%s, %s, %s: %d rows without a truth are left out", target, scheme, model, blank
            )
            parts = [_with_truth(part) for part in parts]
        if not sum(len(part.lines) for part in parts):
            get_logger().warning("%s, %s, %s: no row has a truth", target, scheme, model)
            continue
        make = _year_predictions if target == YEARS_TARGET else _class_predictions
        found.append(make(target, scheme, model, parts))
    if not found:
        raise DataError("no row has a truth: evaluate needs samples whose label is known")
    return PredictionSet(found, skipped, rows)


def _ordered_keys(keys: Iterable[Key]) -> list[Key]:
    keys = list(keys)
    places = [
        {name: place for place, name in enumerate(ordered((key[i] for key in keys), known))}
        for i, known in enumerate((TARGETS, SCHEMES, LEARNERS))
    ]
    return sorted(keys, key=lambda key: tuple(p[k] for p, k in zip(places, key, strict=True)))


def _with_truth(part: _Chunk) -> _Chunk:
    rows = (part.cells["truth"] != "").to_numpy()
    return _Chunk(
        part.path, part.lines[rows], part.cells[rows], part.classes, part.probabilities[rows]
    )


def _check_unique(parts: list[_Chunk], target: str, scheme: str, model: str) -> None:
    import pandas as pd

    samples = pd.concat([part.cells["sample_id"] for part in parts], ignore_index=True)
    again = samples.duplicated().to_numpy()
    if not again.any():
        return
    places = [(part.path, line) for part in parts for line in part.lines]
    second = int(again.argmax())
    first = int((samples == samples[second]).to_numpy().argmax())
    raise DataError(
        f"{places[second][0]}: row {places[second][1]}: sample {samples[second]!r} was already "
        f"predicted for {target} by {model} under {scheme} ({places[first][0]}, row "
        f"{places[first][1]}): give each prediction once"
    )


def _check_truth_agrees(chunks: dict[Key, list[_Chunk]]) -> None:
    """Refuse truths of one sample that differ: they cannot depend on who predicted it."""
    import pandas as pd

    for target in sorted({key[0] for key in chunks}):
        parts = [part for key, found in chunks.items() if key[0] == target for part in found]
        cells = pd.concat(
            [
                part.cells[["sample_id", "truth"]].assign(path=part.path, line=part.lines)
                for part in parts
            ],
            ignore_index=True,
        )
        cells = cells[cells["truth"] != ""]
        first = cells.drop_duplicates("sample_id").set_index("sample_id")
        differs = first["truth"].reindex(cells["sample_id"]).to_numpy() != cells["truth"].to_numpy()
        if target == YEARS_TARGET and differs.any():  # 60 and 60.0 are the same age
            differs &= np.array(
                [
                    number(a) != number(b)
                    for a, b in zip(
                        first["truth"].reindex(cells["sample_id"]), cells["truth"], strict=True
                    )
                ]
            )
        if differs.any():
            row = cells.iloc[int(differs.argmax())]
            other = first.loc[row["sample_id"]]
            raise DataError(
                f"{row['path']}: row {row['line']}: {target} of sample {row['sample_id']!r} is "
                f"{row['truth']!r}, but {other['truth']!r} in {other['path']}, row "
                f"{other['line']}: give predictions made from one metadata table"
            )


def _common(
    target: str, scheme: str, model: str, parts: list[_Chunk]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Put the parts together; returns the cells and what every `Predictions` has."""
    import pandas as pd

    cells = pd.concat([part.cells[[*COLUMNS, *OPTIONAL]] for part in parts], ignore_index=True)
    unit = cells["study"].to_numpy(dtype=object)
    without = unit == ""
    study_unit = "study"
    if without.any():
        unit = np.where(without, "fold " + cells["fold"].to_numpy(dtype=object), unit)
        study_unit = "fold" if without.all() else "study, else fold"
        get_logger().info(
            "%s, %s, %s: %d of %d rows name no study: their fold counts as one",
            target,
            scheme,
            model,
            without.sum(),
            len(cells),
        )
    studies, study = np.unique(unit.astype(str), return_inverse=True)
    return cells, {
        "target": target,
        "scheme": scheme,
        "model": model,
        "samples": cells["sample_id"].to_numpy(dtype=object),
        "folds": cells["fold"].to_numpy(dtype=object),
        "studies": studies.tolist(),
        "study": study,
        "study_unit": study_unit,
    }


def _place(parts: list[_Chunk], row: int) -> str:
    """Say in which file and row the `row`-th sample of all parts stands."""
    for part in parts:
        if row < len(part.lines):
            return f"{part.path}: row {part.lines[row]}"
        row -= len(part.lines)
    raise IndexError(row)


def _numbers(cells: pd.DataFrame, column: str) -> np.ndarray:
    """Return a column as float64, ``(n,)``; NaN where it is not a number."""
    import pandas as pd

    return pd.to_numeric(cells[column], errors="coerce").to_numpy(dtype=float)


def _year_predictions(target: str, scheme: str, model: str, parts: list[_Chunk]) -> YearPredictions:
    cells, common = _common(target, scheme, model, parts)
    numbers: dict[str, Any] = {}
    for column in ("truth", "predicted"):
        numbers[column] = _numbers(cells, column)
        bad = ~np.isfinite(numbers[column])
        if bad.any():
            row = int(bad.argmax())
            raise DataError(
                f"{_place(parts, row)}, column {column}: {cells[column][row]!r} is not an age in "
                f"years: give a number"
            )
    return YearPredictions(**common, **numbers)


def _class_predictions(
    target: str, scheme: str, model: str, parts: list[_Chunk]
) -> ClassPredictions:
    cells, common = _common(target, scheme, model, parts)
    empty = (cells["predicted"] == "").to_numpy()
    if empty.any():
        raise DataError(
            f"{_place(parts, int(empty.argmax()))} has an empty predicted: give the most probable "
            f"class, sure or not"
        )
    confidence = _numbers(cells, "probability")
    bad = ~((confidence >= 0) & (confidence <= 1))
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            f"{_place(parts, row)}, column probability: {cells['probability'][row]!r} is not a "
            f"probability: give a number from 0 to 1"
        )
    with_column = sorted(
        {
            name
            for part in parts
            for name, given in zip(
                part.classes, ~np.isnan(part.probabilities).all(axis=0), strict=True
            )
            if given
        }
    )
    # age groups go from young to old, all else by alphabet
    classes = ordered(
        {*with_column, *cells["truth"], *cells["predicted"]}, (group.name for group in AGE_GROUPS)
    )
    code = {name: i for i, name in enumerate(classes)}
    truth = cells["truth"].map(code).to_numpy(dtype=int)
    predicted = cells["predicted"].map(code).to_numpy(dtype=int)
    probabilities = None
    if with_column:
        probabilities = np.concatenate([_spread(part, code) for part in parts])
        _check_probabilities(parts, target, cells, probabilities, predicted, confidence)
        probabilities = np.nan_to_num(probabilities, nan=0.0)
    else:
        get_logger().warning(
            "%s, %s, %s: no %s columns: no AUROC, log loss or top-k accuracy",
            target,
            scheme,
            model,
            PROB,
        )
    return ClassPredictions(
        **common,
        classes=classes,
        truth=truth,
        predicted=predicted,
        confidence=confidence,
        probabilities=probabilities,
        distances=_numbers(cells, "distance"),
    )


def _spread(part: _Chunk, code: dict[str, int]) -> np.ndarray:
    """Put a part's probabilities into the columns of all classes; NaN where there is none."""
    spread = np.full((len(part.lines), len(code)), np.nan)
    taken = [i for i, name in enumerate(part.classes) if name in code]
    spread[:, [code[part.classes[i]] for i in taken]] = part.probabilities[:, taken]
    return spread


def _check_probabilities(
    parts: list[_Chunk],
    target: str,
    cells: pd.DataFrame,
    probabilities: np.ndarray,
    predicted: np.ndarray,
    confidence: np.ndarray,
) -> None:
    outside = ((probabilities < 0) | (probabilities > 1)).any(axis=1)
    if outside.any():
        raise DataError(
            f"{_place(parts, int(outside.argmax()))}: a {PROB} column is not between 0 and 1: "
            f"give probabilities, not logits or percent"
        )
    total = np.nansum(probabilities, axis=1)
    off = np.abs(total - 1) > ROUNDING
    if off.any():
        row = int(off.argmax())
        raise DataError(
            f"{_place(parts, row)}: the {PROB} columns of {target} sum to {total[row]:.3g}, not "
            f"1: write the probabilities of all classes"
        )
    own = np.nan_to_num(probabilities[np.arange(len(predicted)), predicted], nan=-1.0)
    differs = np.abs(own - confidence) > ROUNDING
    if differs.any():
        row = int(differs.argmax())
        name = cells["predicted"][row]
        value = "empty" if own[row] < 0 else f"{own[row]:.3g}"
        raise DataError(
            f"{_place(parts, row)}: probability is {confidence[row]:.3g} but {PROB}{name} is "
            f"{value}: both must give the probability of the predicted class"
        )
