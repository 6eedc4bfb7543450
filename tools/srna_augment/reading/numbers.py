"""From the text of many cells to float32, quickly, with the place of a cell that is no number."""

from __future__ import annotations

import re

import numpy as np

from srna_augment.errors import DataError

NOT_REPORTED = (
    "", "NA", "NaN", "nan", "N/A", "n/a", "na", "N.A.", "n.a.", "<NA>", "NULL", "null", "None",
    "#N/A", ".",
)  # fmt: skip
_NO_BREAK_SPACE = "\xa0".encode()


class BadCell(Exception):
    """A cell that is no number: its place among the cells, and its text."""

    def __init__(self, index: int, text: str) -> None:
        super().__init__(text)
        self.index = index
        self.text = text


def parse_cells(cells: bytes, n_cells: int) -> np.ndarray:
    """Parse numbers that stand one a line.

    One long column is what pyarrow's CSV reader is fastest at: a table of 40,000 columns takes it
    several times as long, and NumPy's reader twice as long.

    Parameters
    ----------
    cells : bytes
        The cells, a newline after each.
    n_cells : int
        How many there are.

    Returns
    -------
    numpy.ndarray
        ``(n_cells,)``, float32; NaN for empty cells and the words of `NOT_REPORTED`.

    Raises
    ------
    BadCell
        A cell is neither.
    """
    import pyarrow as pa
    from pyarrow import csv

    try:
        column = csv.read_csv(
            pa.BufferReader(cells),
            read_options=csv.ReadOptions(column_names=["x"], block_size=4 << 20),
            parse_options=csv.ParseOptions(
                ignore_empty_lines=False, quote_char=False, delimiter="\t"
            ),
            convert_options=csv.ConvertOptions(
                column_types={"x": pa.float32()}, null_values=list(NOT_REPORTED), check_utf8=False
            ),
        ).column(0)
    except pa.ArrowInvalid:
        cells = cells.replace(_NO_BREAK_SPACE, b" ")  # inside of a number it is none, either
        trimmed = b"\n".join(map(bytes.strip, cells.split(b"\n")))
        if trimmed != cells:  # blanks around a number are passed over, but not around NA
            return parse_cells(trimmed, n_cells)
        raise _first_bad_cell(cells) from None
    values = np.concatenate([chunk.to_numpy(zero_copy_only=False) for chunk in column.chunks])
    if values.size != n_cells:
        raise _first_bad_cell(cells)
    infinite = np.isinf(values)
    if infinite.any():
        index = int(np.argmax(infinite))
        raise BadCell(index, cells.split(b"\n")[index].decode("utf-8", "replace"))
    return values


def _first_bad_cell(cells: bytes) -> Exception:
    for index, cell in enumerate(cells.split(b"\n")):
        text = cell.decode("utf-8", "replace").strip()
        if text in NOT_REPORTED:
            continue
        try:
            float(text)
        except ValueError:
            return BadCell(index, text)
        if "_" in text or not text.isascii():  # Python reads 1_000 and ٣, no table means it
            return BadCell(index, text)
    return DataError("cells could not be parsed")


def bad_cell_line(where: str, line: int, column: str, text: str) -> str:
    """Say in one line which cell is no number and what may have happened."""
    hint = "give numbers only; leave a cell empty where nothing is reported"
    if re.fullmatch(r"[+-]?[\d.,]*\d[.,]\d[\d.,]*", text):
        hint = "write decimals with a point, and thousands without a mark"
    shown = text if len(text) <= 40 else text[:37] + "..."
    return f"{where}, row {line}, column {column}: '{shown}' is not a number: {hint}"
