"""One ``predictions.tsv``: its form is checked before its content is used."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ..errors import DataError
from ..files import open_text

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "sample_id",
    "target",
    "model",
    "scheme",
    "fold",
    "truth",
    "predicted",
    "probability",
)
NEVER_EMPTY = ("sample_id", "target", "model", "scheme", "fold")
# Read where they are there.
OPTIONAL = ("study", "distance")
PROB = "prob:"
FIRST_ROW = 2


def read_table(
    path: str | Path, more_columns: tuple[str, ...] = ()
) -> tuple[pd.DataFrame, list[str]]:
    """Read one file.

    Parameters
    ----------
    path : str or pathlib.Path
        The file, plain or gzipped; ``-`` is standard input.
    more_columns : tuple of str
        Columns that it must have besides `COLUMNS`.

    Returns
    -------
    table : pandas.DataFrame
        Text, and float64 in ``prob:`` columns; NaN where they are empty.
    classes : list of str
        Of the ``prob:`` columns.

    Raises
    ------
    DataError
        The file is no such table.
    """
    text = _text(path)
    lines = text.split("\n")
    header = _header(path, lines[0], [*COLUMNS, *more_columns])
    _check_widths(path, lines, len(header))
    probabilities = [name for name in header if name.startswith(PROB) and name != PROB]
    columns = [
        name for name in dict.fromkeys((*COLUMNS, *OPTIONAL, *more_columns)) if name in header
    ]
    table = _parsed(text, columns, probabilities)
    if table is None:
        _find_bad_number(path, lines, header, probabilities)
    if len(table) != len(lines) - 1:
        raise DataError(f'{path}: has a quotation mark (") that is not closed: remove it')
    for name in NEVER_EMPTY:
        empty = (table[name] == "").to_numpy()
        if empty.any():
            raise DataError(
                f"{path}: row {empty.argmax() + FIRST_ROW} has an empty {name}: every row needs one"
            )
    for name in OPTIONAL:
        if name not in table:
            table[name] = ""
    return table, [name.removeprefix(PROB) for name in probabilities]


def _text(path: str | Path) -> str:
    try:
        with open_text(path) as handle:
            text = handle.read().removeprefix("\ufeff").rstrip("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not a text table ({error}): give a predictions.tsv") from None
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror or error}): check the path"
        ) from None
    if not text.strip():
        raise DataError(f"{path}: is empty: the command that should have written it failed")
    return text


def _header(path: str | Path, line: str, wanted: list[str]) -> list[str]:
    """Return the names of the columns, each there once and all that are wanted among them."""
    header = next(csv.reader([line], delimiter="\t"))
    missing = [name for name in dict.fromkeys(wanted) if name not in header]
    if missing:
        raise DataError(
            f"{path}: row 1 has no column {', '.join(missing)}: give a tab-separated "
            f"predictions.tsv as train-dl and train-rf write it"
        )
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise DataError(f"{path}: row 1 has column {repeated[0]!r} twice: keep one of them")
    return header


def _check_widths(path: str | Path, lines: list[str], width: int) -> None:
    for number, line in enumerate(lines, start=1):
        if line.count("\t") != width - 1:
            raise DataError(
                f"{path}: row {number} has {line.count(chr(9)) + 1} cells, the header has "
                f"{width}: the file was cut short or edited; write it again"
            )


def _parsed(text: str, columns: list[str], numbers: list[str]) -> pd.DataFrame | None:
    """Return the table, or None where something in its columns of numbers is none."""
    import pandas as pd

    try:
        return pd.read_csv(
            io.StringIO(text),
            sep="\t",
            keep_default_na=False,
            usecols=columns + numbers,
            dtype=dict.fromkeys(columns, str) | dict.fromkeys(numbers, float),
            na_values={name: [""] for name in numbers},
            skip_blank_lines=False,
        )
    except ValueError:
        return None


def _find_bad_number(
    path: str | Path, lines: list[str], header: list[str], columns: list[str]
) -> NoReturn:
    places = [header.index(name) for name in columns]
    for row, line in enumerate(lines[1:], start=FIRST_ROW):
        cells = line.split("\t")
        for place in places:
            if cells[place] and not math.isfinite(number(cells[place])):
                raise DataError(
                    f"{path}: row {row}, column {header[place]}: {cells[place]!r} is not a "
                    f"probability: give a number from 0 to 1, or nothing"
                )
    raise DataError(f'{path}: has a quotation mark (") that is not closed: remove it')


def number(cell: str) -> float:
    """Return a cell as a number, NaN when it is none."""
    try:
        return float(cell)
    except ValueError:
        return math.nan
