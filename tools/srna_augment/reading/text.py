"""Lines of text tables: delimiter, quotes, header, and which axis holds the features."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from srna_augment.errors import DataError, UsageError
from srna_augment.features.names import looks_like_feature

from .annotation import (
    column_of_names,
    find_places,
    share_of_features,
    without_annotation,
    word,
)
from .numbers import NOT_REPORTED

SAMPLES_AS_ROWS = "samples"
FEATURES_AS_ROWS = "features"
ORIENTATIONS = ("auto", SAMPLES_AS_ROWS, FEATURES_AS_ROWS)
"""What the rows are."""

_DELIMITERS = (b"\t", b",", b";", b" ")
CORNERS = frozenset(
    {"mirna", "mirnas", "mirnaid", "mirnaname", "microrna", "id", "name", "names", "gene", "geneid",
     "genes", "feature", "featureid", "features", "symbol"}
)  # fmt: skip
"""What a header has above the names of features, as `word` writes it; no sample is called so."""

EMPTY = b",; \t\r"
"""A line of these alone holds nothing: spreadsheets write such ones around a table."""

MARKED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?")
"""A number with thousands marks; decimals with a comma may look the same."""

# As spreadsheets write numbers elsewhere: 1.234,5 and 1 234 and 1'234 and 1,5E+03; 1234.567,25.
_FOREIGN = re.compile(
    r"[+-]?[1-9]\d{0,2}(?:(?:\.\d{3})+,\d+|(?:\.\d{3}){2,}"
    r"|(?:[ '\u2019\xa0\u202f]\d{3})+(?:[.,]\d+)?)|[+-]?\d+,\d+[eE][+-]?\d+"
    r"|[+-]?\d+(?:\.\d+)+,\d+"
)
# What says in words that there is no number, or only that one is small; zero or not reported is
# for the user to say. Alone in a column, marks may do so as well, or leave an annotation blank.
_NO_NUMBER = re.compile(
    r"n[./]?d\.?|not (?:detected|determined|available)|undet(?:ermined|\.)?|b\.?d\.?l\.?"
    r"|<?\s*lod|<\s*\d+(?:[.,]\d+)?|#[A-Z]+[!?]|[+-]?\d+(?:[.,]\d+)?\s*%",
    re.IGNORECASE,
)
_MARK = re.compile(r"[-*?\u2013\u2014]+")
# STAR's first row of counts, where other programs have a header.
_NO_HEADER = "N_unmapped"


def decode(data: bytes) -> str:
    """Decode a piece of text: UTF-8, or else what Excel writes on Windows."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def split_line(line: bytes, delimiter: bytes, *, blanks: bool = False) -> list[str]:
    """Split one line into cells, quotes taken off.

    Outer blanks of cells are taken off, too, unless `blanks` keeps them: those of sample ids.
    """
    text = decode(line)
    if '"' in text:
        with suppress(csv.Error):  # an odd quote: taken as it stands
            reader = csv.reader([text.replace("\r", " ")], delimiter=delimiter.decode())
            cells = next(reader)
            return cells if blanks else [cell.strip() for cell in cells]
    cells = text.split(delimiter.decode())
    return cells if blanks else [cell.strip() for cell in cells]


def find_delimiter(lines: Sequence[bytes]) -> bytes:
    """Find what separates the cells: the first candidate that all lines hold equally often.

    Lines of one cell have no delimiter; tab stands in.
    """

    @cache
    def widths(delimiter: bytes) -> list[int]:
        return [len(split_line(line, delimiter)) for line in lines]

    # R leaves the header one cell short; a header of one cell may also be one that is cut nowhere,
    # since a decimal comma is in each row: those come later, and uneven lines last.
    for short, uneven in ((2, False), (1, False), (1, True)):
        for delimiter in _DELIMITERS:
            header, rows = widths(delimiter)[0], widths(delimiter)[1:] or widths(delimiter)
            even = len(set(rows)) <= 1 and (
                header == rows[-1] or (header >= short and header == rows[-1] - 1)
            )
            # the last may be a note below the table
            if max(rows, key=rows.count) > 1 and (even or uneven):
                return delimiter
    return b"\t"


def is_number(cell: str) -> bool:
    """Tell whether a cell holds a number or says that there is none."""
    if cell in NOT_REPORTED:
        return True
    try:
        float(cell)
    except ValueError:
        decimal = cell.count(",") == 1 and cell.replace(",", "").lstrip("-").isdigit()
        return decimal or MARKED.fullmatch(cell) is not None
    return True


@dataclass(frozen=True)
class Layout:
    """Where things are in a text table.

    Attributes
    ----------
    delimiter : bytes
        What separates cells.
    width : int
        Cells of a line.
    names : int
        Position of the cell that names the row.
    values : list of int
        Positions of the cells with values.
    columns : list of str
        Their names in the header, outer blanks and all.
    left_out : list of str
        Names of columns of text that hold no values.
    corner : str
        The header cell above the names.
    n_open : int
        Columns at the end without a name or a value so far: nothing may stand in them.
    """

    delimiter: bytes
    width: int
    names: int
    values: list[int]
    columns: list[str]
    left_out: list[str]
    corner: str
    n_open: int = 0

    @property
    def plain(self) -> bool:
        """Whether a line is its name and values, and nothing else."""
        return self.names == 0 and len(self.values) == self.width - 1


def find_layout(lines: Sequence[bytes], numbers: Sequence[int], where: str) -> Layout:
    """Find the layout of a matrix from its first lines, the header first.

    Parameters
    ----------
    lines : sequence of bytes
        ``(n_lines,)``, none of them blank.
    numbers : sequence of int
        ``(n_lines,)``, their numbers in the file.
    where : str
        The table's name, for messages.

    Raises
    ------
    DataError
        There is no header, no column of values, or no row.
    """
    if len(lines) < 2:
        raise DataError(
            f"{where}: has a header and no row: the program that wrote it found nothing"
        )
    delimiter = find_delimiter(lines)
    header = split_line(lines[0], delimiter)
    columns = split_line(lines[0], delimiter, blanks=True)
    rows = [split_line(line, delimiter) for line in lines[1:]]
    width = len(rows[0])
    whole = [row for row in rows if len(row) == width]
    short = len(header) == width - 1
    if short and width > 2 and all(row[-1] == "" for row in whole):
        short = False  # were it R's, the names of the samples would move by one
        header, columns = [*header, ""], [*columns, ""]
    elif short:  # R's write.table names no column of row names
        header, columns = ["", *header], ["", *columns]
    last = _without_open_end(header, whole, width)
    if width < 2:
        raise DataError(
            f"{where}: has one column: cells must be separated by tabs, commas, semicolons or "
            "spaces"
        )
    _refuse_other_head(header, rows, numbers, where)
    if len(header) != width:
        raise DataError(
            f"{where}, row {numbers[1]}: has {width} cells where the header has "
            f"{len(header)}: check for a delimiter in a name or number, or a cut line"
        )
    text = [
        column
        for column in range(last)
        if all(len(row) > column for row in rows) and _is_text([row[column] for row in rows])
    ]
    text = _without_samples(text, whole, last)
    places = find_places(whole, header, text)
    names = column_of_names(whole, header, text, places, where)
    if _is_row(header, whole, names, text):
        raise DataError(
            f"{where}, row {numbers[0]}: holds values where the names of the samples should be: "
            "add a header line"
        )
    values = [column for column in range(last) if column not in {*text, names}]
    beside = [column for column in text if column != names and (column or names)]
    if share_of_features([header[column] for column in values]) < 0.2:  # not samples as rows
        kept = without_annotation(whole, header, names, values, places, where)
        beside = sorted({*beside, *values} - {*kept, names})
        values = kept
    if not values:
        raise DataError(
            f"{where}, row {numbers[1]}, column {header[1] or 2}: '{rows[0][1]}' is not a number, "
            "and no other column holds numbers: give a table of counts"
        )
    if short and values[0] == 1 and word(header[1]) in CORNERS:
        raise DataError(
            f"{where}, row {numbers[0]}: has {width - 1} cells where the rows have {width}, so "
            f"that '{header[1]}' would be a sample: check for names without a delimiter between "
            "them"
        )
    return Layout(
        delimiter=delimiter,
        width=width,
        names=names,
        values=values,
        columns=[columns[column] for column in values],
        left_out=[header[column] or str(column + 1) for column in beside],
        corner=header[names],
        n_open=width - last,
    )


def _without_open_end(header: list[str], rows: list[list[str]], width: int) -> int:
    """Return the number of columns without delimiters at the end of each line."""
    last = width
    while 2 < last <= len(header) and not header[last - 1] and not any(r[last - 1] for r in rows):
        last -= 1
    return last


def _is_row(header: list[str], rows: list[list[str]], names: int, text: Sequence[int]) -> bool:
    """Tell whether the first line holds values, as the others do."""
    others = [cell for column, cell in enumerate(header) if column not in {*text, names}]
    named = (
        header[names] == _NO_HEADER
        or looks_like_feature(header[names])
        or any(
            header[column] and header[column] in [row[column] for row in rows] for column in text
        )
    )
    return named and all(map(is_number, others))


def _is_text(cells: Sequence[str]) -> bool:
    """Tell whether cells, of which some may be empty, are text; one text alone may be an error.

    Numbers of other countries are none, nor what stands for a number: they are refused by their
    place, and no sample is lost.
    """
    known = [cell for cell in cells if cell not in NOT_REPORTED]
    if known and all(_FOREIGN.fullmatch(cell) or _NO_NUMBER.fullmatch(cell) for cell in known):
        return False
    return not any(map(is_number, known)) and (len(known) > 1 or len(known) == len(cells))


def _without_samples(text: Sequence[int], rows: Sequence[Sequence[str]], last: int) -> list[int]:
    """Take columns that hold marks alone for samples, where such stand on both sides."""
    values = sorted({*range(1, last)} - {*text})
    return [
        column
        for column in text
        if not (values and values[0] < column < values[-1])
        or not all(_MARK.fullmatch(row[column]) for row in rows)
    ]


def _refuse_other_head(
    header: list[str], rows: list[list[str]], numbers: Sequence[int], where: str
) -> None:
    """Refuse what papers put above a table: a title, or groups above the samples' names.

    Raises
    ------
    DataError
        The line says which.
    """
    # A row of blanks alone is one that nobody reports.
    text_alone = [has_text(row) and not has_numbers(row) for row in rows]
    widest = _n_filled(header)
    for i, row in enumerate(rows[:-1]):
        if text_alone[i] and has_numbers(rows[i + 1]) and _n_filled(row) > widest:
            raise DataError(
                f"{where}, row {numbers[i + 1]}: looks like the header, with other lines above it: "
                "take out those lines"
            )
        widest = max(widest, _n_filled(row))
    if len(rows[0]) > 2 and header[0] and not any(header[1:]):
        raise DataError(
            f"{where}, row {numbers[0]}: has one cell, as a title: take out the lines above the "
            "samples' names"
        )
    if len(rows) > 1 and text_alone[0] and all(map(has_numbers, rows[1:])):
        raise DataError(
            f"{where}, row {numbers[1]}: has text alone, as a second header: keep one line with "
            "the samples' names above the values"
        )


def _n_filled(row: Sequence[str]) -> int:
    return sum(map(bool, row[1:]))


def has_numbers(row: Sequence[str]) -> bool:
    """Tell whether a row has numbers, or says that there are none, behind its first cell."""
    return any(cell and (is_number(cell) or _FOREIGN.fullmatch(cell)) for cell in row[1:])


def has_text(row: Sequence[str]) -> bool:
    """Tell whether a row has other cells behind its first."""
    return any(cell and not is_number(cell) and not _FOREIGN.fullmatch(cell) for cell in row[1:])


def check_orientation(orientation: str) -> None:
    """Refuse what is not one of `ORIENTATIONS`.

    Raises
    ------
    UsageError
        No such orientation.
    """
    if orientation not in ORIENTATIONS:
        raise UsageError(
            f"--orientation {orientation}: there is no such orientation: use one of "
            f"{', '.join(ORIENTATIONS)}"
        )


def find_orientation(
    row_names: Sequence[str], column_names: Sequence[str], orientation: str, where: str
) -> str:
    """Tell which axis holds the features, by the look of the names on both.

    Parameters
    ----------
    row_names, column_names : sequence of str
        Some names of each axis.
    orientation : str
        One of `ORIENTATIONS`; anything but ``auto`` is taken as it is.
    where : str
        The table's name, for messages.

    Returns
    -------
    str
        ``samples-as-rows`` or ``features-as-rows``.

    Raises
    ------
    DataError
        Neither axis looks like small RNAs, or both do.
    UsageError
        No such orientation.
    """
    check_orientation(orientation)
    if orientation != "auto":
        return orientation
    rows, columns = share_of_features(row_names), share_of_features(column_names)
    if rows > columns and rows >= 0.2:
        return FEATURES_AS_ROWS
    if columns > rows and columns >= 0.2:
        return SAMPLES_AS_ROWS
    problem = (
        "neither rows nor columns have"
        if max(rows, columns) < 0.2
        else "rows and columns both have"
    )
    unnamed = "name the rows in the first column, or " if all(map(is_number, row_names)) else ""
    raise DataError(
        f"{where}: cannot tell samples from features, since {problem} names of small RNAs (rows "
        f"such as '{_first(row_names)}', columns such as '{_first(column_names)}'): {unnamed}say "
        f"with --orientation what the rows are, {SAMPLES_AS_ROWS} or {FEATURES_AS_ROWS}"
    )


def _first(names: Sequence[str]) -> str:
    return next((name for name in names if name), "")
