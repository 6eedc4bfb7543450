"""Thousands marks, ``1,234``: taken out where they can be nothing else, and refused elsewhere."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

import numpy as np

from srna_augment.errors import DataError

from .numbers import bad_cell_line
from .text import MARKED, decode, split_line

logger = logging.getLogger("srna_augment")

# Spreadsheets put blanks around, to line up columns.
_MARKED_CELL = re.compile(rb"^[ \t]*" + MARKED.pattern.encode() + rb"[ \t]*$", re.MULTILINE)
_POINT = re.compile(rb"\.\d")


class Marks:
    """What the commas in a table's numbers are, as far as it was read.

    ``5,259`` is five thousand or five and a bit. A comma-separated file quotes it, as American
    programs do; some of its numbers are below a thousand and have no mark, whereas decimals that
    are all written to three places have one each. In a file of other delimiters it takes a number
    with two marks, or one with a point, to know that a comma is none.

    Parameters
    ----------
    delimiter : bytes
        What separates cells.
    columns : sequence of str
        Names of the columns of values, as messages show them; kept in `columns`.
    where : str
        The table's name, for messages.
    """

    def __init__(self, delimiter: bytes, columns: Sequence[str], where: str) -> None:
        self._delimiter = delimiter
        self.columns = columns
        self._where = where
        self._n_marked = 0
        self._proven = False
        self._first: tuple[int, str, str] | None = None  # row, column and text of the first
        self._comma = self._point = False

    def unquoted(self, cells: bytes, row: int) -> bytes:
        """Take the quotes off the values of a line.

        Raises
        ------
        DataError
            Quotes hold a delimiter that is no thousands mark.
        """
        between = b'"' + self._delimiter + b'"'
        if cells.count(between) == cells.count(self._delimiter) and b'""' not in cells:
            return cells.translate(None, b'"')  # all cells are quoted, none holds a delimiter
        pieces = cells.split(b'"')
        if self._delimiter not in b"".join(pieces[1::2]):
            return cells.translate(None, b'"')
        closed = len(pieces) % 2 == 1
        return self.joined(split_line(cells, self._delimiter), row, closed=closed)

    def joined(self, cells: Sequence[str], row: int, *, closed: bool) -> bytes:
        """Join the values of a line, which may hold the delimiter as a thousands mark.

        Parameters
        ----------
        cells : sequence of str
            The values, without their quotes.
        row : int
            Number of the line.
        closed : bool
            Whether the line has as many quotes that end as that begin.

        Raises
        ------
        DataError
            One holds a delimiter that is no thousands mark, or a quote is not closed.
        """
        delimiter = self._delimiter.decode()
        clean = list(cells)
        for column, cell in enumerate(cells):
            if delimiter not in cell:
                continue
            shown = self.columns[column] if column < len(self.columns) else f"{column + 2}"
            if not closed:
                raise DataError(
                    f"{self._where}, row {row}, column {shown}: '{cell[:40]}' has a quote that is "
                    "not closed: close it, or take it out"
                )
            if delimiter != "," or not MARKED.fullmatch(cell):
                raise DataError(bad_cell_line(self._where, row, shown, cell))
            self._note(row, shown, cell)
            clean[column] = cell.replace(",", "")
        return delimiter.join(clean).encode()

    def without(self, text: bytes, rows: Sequence[int]) -> bytes:
        """Take the marks out of many cells, a newline after each.

        Commas that are no thousands marks stay: they are no numbers. Where cells are separated by
        semicolons the comma is the decimal mark, and becomes a point.

        Parameters
        ----------
        text : bytes
            The cells, line by line.
        rows : sequence of int
            Numbers of the lines.

        Raises
        ------
        DataError
            A table with semicolons has decimals with a comma and others with a point.
        """
        if self._delimiter == b";":
            self._comma |= b"," in text
            self._point |= b"." in text and _POINT.search(text) is not None
            if self._comma and self._point:
                raise DataError(
                    f"{self._where}: has numbers with a comma and others with a point, which "
                    "cannot both be decimal marks: write decimals with a point, and thousands "
                    "without a mark"
                )
            return text.replace(b",", b".")
        if b"," not in text:
            return text

        def without_marks(found: re.Match[bytes]) -> bytes:
            if self._first is None:
                index = text.count(b"\n", 0, found.start())
                row, column = divmod(index, len(self.columns))
                self._note(rows[row], self.columns[column], decode(found[0]).strip())
            else:
                self._note(0, "", decode(found[0]))
            return found[0].replace(b",", b"")

        return _MARKED_CELL.sub(without_marks, text)

    def settle(self, values: np.ndarray) -> None:
        """Say which marks were taken out, when all values are read.

        Raises
        ------
        DataError
            They may be decimal commas as well.
        """
        if self._first is None:
            return
        row, column, cell = self._first
        proven = self._proven or any(bool(np.any(np.mod(line, 1) > 0)) for line in values)
        if not proven and self._delimiter == b",":
            proven = int(np.count_nonzero(~np.isnan(values))) > self._n_marked
        if not proven:
            raise DataError(
                f"{self._where}, row {row}, column {column}: '{cell}' may have a mark of thousands "
                "or of decimals: write thousands without a mark, decimals with a point"
            )
        logger.info(
            "%s: marks of thousands taken out (%s of the numbers), such as in '%s' in row %d, "
            "column %s",
            self._where,
            f"{self._n_marked:,}",
            cell,
            row,
            column,
        )

    def _note(self, row: int, column: str, cell: str) -> None:
        self._n_marked += 1
        self._proven |= cell.count(",") > 1 or "." in cell
        if self._first is None:
            self._first = row, column, cell
