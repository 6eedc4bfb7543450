"""Text matrices: names on two axes, numbers between; TSV or CSV, either orientation.

nf-core/smrnaseq (``mirna.tsv``, ``mature_counts.csv``, ``mature_normalized_CPM.txt``), miRge3,
exceRpt's merged tables, seqcluster's ``counts_mirna.tsv`` and most tables of papers are of this
shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from srna_augment.errors import DataError
from srna_augment.expression import ExpressionTable
from srna_augment.features.names import looks_like_feature, looks_like_mature, parse_mirna

from .annotation import share_of_features
from .columns import without_other_numbers
from .marks import Marks
from .numbers import BadCell, bad_cell_line, parse_cells
from .stream import Block, Stream
from .text import (
    EMPTY,
    FEATURES_AS_ROWS,
    Layout,
    decode,
    find_layout,
    find_orientation,
    is_number,
    split_line,
)


def read_matrix(stream: Stream, *, orientation: str) -> ExpressionTable:
    """Read a text matrix.

    Parameters
    ----------
    stream : Stream
        The input.
    orientation : str
        One of `srna_augment.reading.ORIENTATIONS`.

    Returns
    -------
    ExpressionTable
        ``(n_samples, n_features)``; its memory follows the rows of the file. `units` is empty.

    Raises
    ------
    DataError
        The table has no values, uneven rows, text among the values, or samples without a name or
        with the same one.
    """
    name = stream.name
    head = enumerate(stream.head_lines(12), stream.first_line)
    numbered = [(number, line) for number, line in head if line.strip(EMPTY)]
    lines = [line for _, line in numbered]
    layout = find_layout(lines, [number for number, _ in numbered], name)
    row_names = [split_line(line, layout.delimiter)[layout.names] for line in lines[1:]]
    if (
        len(layout.columns) == 1
        and share_of_features(row_names) < 0.2
        and any(_names_features(line, layout) for line in lines[1:])
    ):
        raise _long(name)
    found = find_orientation(row_names, layout.columns, orientation, name)
    layout = without_other_numbers(layout, found, name)
    rows, values = read_rows(stream, layout)
    if found == FEATURES_AS_ROWS and layout.left_out and all(map(is_number, rows)):
        raise DataError(
            f"{name}: has numbers where the names of the features should be, such as '{rows[0]}' "
            f"in row 2, and columns of text ({', '.join(layout.left_out[:4])}): put the names into "
            "the first column"
        )
    if len(layout.columns) == 1 and layout.left_out and len(set(rows)) < len(rows):
        raise _long(name)
    if found == FEATURES_AS_ROWS:
        samples, features = layout.columns, without_precursors([row.strip() for row in rows])
        values = values.T
        unnamed = len(samples) == 1 and not samples[0].strip()
        samples = [stream.sample] if unnamed else samples
        axis = "column"
    else:
        if looks_like_feature(layout.corner) and all(map(is_number, rows)):
            raise DataError(
                f"{name}, row 2: has the number '{rows[0]}' of feature '{layout.corner}' where the "
                "name of a sample should be: put the names of the samples into the first column"
            )
        samples, features = rows, [column.strip() for column in layout.columns]
        axis = "row"
    check_samples(samples, axis, name)
    return ExpressionTable(
        values=values,
        samples=list(samples),
        features=list(features),
        units="",
        recognised=_title(layout, found) + _left_out(layout),
    )


def _names_features(line: bytes, layout: Layout) -> bool:
    """Tell whether a cell beside the row's name names a feature."""
    cells = split_line(line, layout.delimiter)
    return any(looks_like_feature(cell) for i, cell in enumerate(cells) if i != layout.names)


def _long(where: str) -> DataError:
    return DataError(
        f"{where}: has a row for each sample and feature (a long table): spread it to a column for "
        "each sample first, as tidyr's pivot_wider or pandas' pivot do"
    )


def read_rows(
    stream: Stream, layout: Layout, *, header: bool = True
) -> tuple[list[str], np.ndarray]:
    """Read the lines of a table.

    Parameters
    ----------
    stream : Stream
        The input.
    layout : Layout
        Where names and values are.
    header : bool
        Whether the first line is a header to pass over.

    Returns
    -------
    names : list of str
        ``(n_rows,)``, outer blanks and all.
    values : numpy.ndarray
        ``(n_rows, n_columns)``, float32.

    Raises
    ------
    DataError
        A row is uneven, a cell is no number, or there is no row.
    """
    n_columns = len(layout.columns)
    names: list[str] = []
    values = np.empty((0, n_columns), dtype=np.float32)
    first = stream.first_line + header
    shown = [
        name.strip() or str(column + 1)
        for name, column in zip(layout.columns, layout.values, strict=True)
    ]
    marks = Marks(layout.delimiter, shown, stream.name)
    for block in stream.blocks():
        block_names, block_values = _parse_block(block, layout, first, marks, stream.name)
        if not block_names:
            continue
        n_rows = len(names)
        names.extend(block_names)
        # Growing in place moves pages and copies nothing, so that the peak is the table itself.
        values.resize((len(names), n_columns), refcheck=False)
        values[n_rows:] = block_values
    if not names:
        raise DataError(
            f"{stream.name}: has a header and no row: the program that wrote it found nothing"
        )
    marks.settle(values)
    return names, values


def sum_rows(names: Sequence[str], values: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Sum the rows of each name; what is not reported counts as zero.

    Parameters
    ----------
    names : sequence of str
        ``(n_rows,)``, outer blanks and all.
    values : numpy.ndarray
        ``(n_rows, n_columns)``.

    Returns
    -------
    names : list of str
        Each once, in the order in which they come, without outer blanks.
    sums : numpy.ndarray
        ``(n_names, n_columns)``, float32.
    """
    order: dict[str, int] = {}
    rows = np.array([order.setdefault(name.strip(), len(order)) for name in names])
    sums = np.zeros((len(order), values.shape[1]))
    np.add.at(sums, rows, np.nan_to_num(values, nan=0.0))
    return list(order), sums.astype(np.float32)


def _parse_block(
    block: Block, layout: Layout, first: int, marks: Marks, where: str
) -> tuple[list[str], np.ndarray]:
    delimiter = layout.delimiter
    plain, n_delimiters = layout.plain, layout.width - 1
    names: list[str] = []
    rests: list[bytes] = []
    numbers: list[int] = []  # of the lines, for messages
    for number, line in _lines(block, first):
        if plain:
            if line[:1] == b'"':
                name, rest = _split_quoted(line, delimiter)
            else:
                name, _, rest = line.partition(delimiter)
            if b'"' in rest:
                rest = marks.unquoted(rest, number)
            n_found = rest.count(delimiter) + 1
        else:
            cells = _split_cells(line, delimiter)
            n_found = len(cells) - 1
            if n_found == n_delimiters:
                for column in range(layout.width - layout.n_open, layout.width):
                    if cells[column].strip():
                        raise DataError(
                            f"{where}, row {number}: has a value in column {column + 1}, which the "
                            "header does not name: give the header a cell for each column"
                        )
                name = cells[layout.names]
                chosen = [cells[column] for column in layout.values]
                rest = delimiter.join(chosen)
                if b'"' in line:
                    closed = line.count(b'"') % 2 == 0
                    rest = marks.joined([cell.decode() for cell in chosen], number, closed=closed)
        if n_found != n_delimiters:
            n_cells = n_found + 1 if delimiter in line else 1
            raise DataError(
                f"{where}, row {number}: has {n_cells} cells where the header has "
                f"{layout.width}: check for a delimiter in a name or number, or a cut line"
            )
        names.append(decode(name))
        rests.append(rest)
        numbers.append(number)
    n_columns = len(layout.columns)
    if not names:
        return [], np.empty((0, n_columns), dtype=np.float32)
    text = b"\n".join(rests).replace(delimiter, b"\n") + b"\n"
    del rests
    if delimiter == b";" or (delimiter != b"," and b"," in text):
        text = marks.without(text, numbers)
    try:
        values = parse_cells(text, len(names) * n_columns)
    except BadCell as bad:
        row, column = divmod(bad.index, n_columns)
        raise DataError(
            bad_cell_line(where, numbers[row], marks.columns[column], bad.text)
        ) from None
    return names, values.reshape(len(names), n_columns)


def _lines(block: Block, first: int) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(block.data.split(b"\n"), block.first_line):
        if number >= first and line.strip(EMPTY):
            yield number, line[:-1] if line.endswith(b"\r") else line


def _split_cells(line: bytes, delimiter: bytes) -> list[bytes]:
    if b'"' in line:
        return [cell.encode() for cell in split_line(line, delimiter)]
    return line.split(delimiter)


def _split_quoted(line: bytes, delimiter: bytes) -> tuple[bytes, bytes]:
    end = line.find(b'"', 1)
    while end > 0 and line[end + 1 : end + 2] == b'"':  # a quote in the name, written twice
        end = line.find(b'"', end + 2)
    if end < 0:
        return line.strip(b'"'), b""
    behind, _, rest = line[end + 1 :].partition(delimiter)
    return line[1:end].replace(b'""', b'"') + behind, rest


def without_precursors(features: list[str]) -> list[str]:
    """Cut names of a mature and its precursor to the mature, where most names are such pairs.

    Scripts make one name of the two columns of miRDeep2: ``hsa-let-7a-5p hsa-let-7a-1``. All rows
    of a mature count the same reads, and must bear one name to be known as such.
    """
    matures = [_mature_of_pair(feature) for feature in features]
    if sum(mature is not None for mature in matures) < len(features) / 2:
        return features
    return [mature or feature for mature, feature in zip(matures, features, strict=True)]


def _mature_of_pair(name: str) -> str | None:
    parts = re.split(r"[ |;,]", name)
    if len(parts) != 2 or not looks_like_mature(parts[0]) or looks_like_mature(parts[1]):
        return None
    return parts[0] if parse_mirna(parts[1]) else None


def check_samples(samples: Sequence[str], axis: str, where: str) -> None:
    """Refuse samples without a name, or with the same one.

    Raises
    ------
    DataError
        The line says which.
    """
    seen: dict[str, int] = {}
    for number, sample in enumerate(samples, 1):
        if not sample.strip():
            raise DataError(
                f"{where}: sample {number} (by {axis}) has no name: name it in the table"
            )
        if sample in seen:
            raise DataError(
                f"{where}: sample '{sample}' is there twice (samples {seen[sample]} and "
                f"{number}, by {axis}): take one out or rename it"
            )
        seen[sample] = number


def _title(layout: Layout, orientation: str) -> str:
    if orientation == FEATURES_AS_ROWS and layout.corner == "miRNA":
        if layout.delimiter == b",":
            return "table like miRge3's"
        if layout.delimiter == b"\t":
            return "table like nf-core/smrnaseq's mirna.tsv"
    if orientation == FEATURES_AS_ROWS and layout.corner == "mirna":
        return "seqcluster miRNA table"
    words = {b"\t": "tab-separated", b",": "comma-separated", b";": "semicolon-separated"}
    shape = "features as rows" if orientation == FEATURES_AS_ROWS else "samples as rows"
    return f"{words.get(layout.delimiter, 'space-separated')} matrix, {shape}"


def _left_out(layout: Layout) -> str:
    if not layout.left_out:
        return ""
    some = ", ".join(layout.left_out[:5]) + (" and more" if len(layout.left_out) > 5 else "")
    return f" (columns left out: {some})"
