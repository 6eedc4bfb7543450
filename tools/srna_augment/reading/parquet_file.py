"""Parquet tables: one column of names, the rest values; either orientation."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

import numpy as np

from srna_augment.errors import DataError
from srna_augment.expression import ExpressionTable
from srna_augment.unpacking import refuse_implausible

from .annotation import (
    column_of_names,
    find_places,
    share_of_features,
    without_annotation,
)
from .columns import are_other_numbers
from .matrix import check_samples
from .naming import ID_COLUMNS
from .stream import STDIN, Stream
from .text import FEATURES_AS_ROWS, find_orientation

MAGIC = b"PAR1"

# Columns read together; bounds the memory beside the table itself.
_COLUMNS_AT_ONCE = 256
# What is looked at to tell names and values from what describes features.
_ROWS_GLANCED, _COLUMNS_GLANCED = 11, 64


def read_parquet(stream: Stream, *, orientation: str) -> ExpressionTable:
    """Read a Parquet table.

    Parameters
    ----------
    stream : Stream
        The input.
    orientation : str
        One of `srna_augment.reading.ORIENTATIONS`.

    Returns
    -------
    ExpressionTable
        ``(n_samples, n_features)``, float32; null is *not reported*.

    Raises
    ------
    DataError
        The file is damaged, or has no column of names or of values.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    where = stream.name
    try:
        source: Any = stream.path
        size = stream.n_bytes
        if stream.path == STDIN or stream.gzipped:
            data = stream.read_all()
            source, size = io.BytesIO(data), len(data)
        file = pq.ParquetFile(source)
        cells = file.metadata.num_rows * file.metadata.num_columns
        refuse_implausible(size, cells * np.dtype(np.float32).itemsize, where)
        names_column, columns, left_out = _columns(file, where)
        rows = [str(x) for x in file.read(columns=[names_column]).column(0).to_pylist()]
        if not rows:
            raise DataError(
                f"{where}: has columns and no row: the program that wrote it found nothing"
            )
        found = find_orientation(rows, columns, orientation, where)
        other = are_other_numbers(columns, found, where)
        left_out += [name for name, is_other in zip(columns, other, strict=True) if is_other]
        columns = [name for name, is_other in zip(columns, other, strict=True) if not is_other]
        values = np.empty((len(columns), len(rows)), dtype=np.float32)
        for start in range(0, len(columns), _COLUMNS_AT_ONCE):
            part = columns[start : start + _COLUMNS_AT_ONCE]
            table = file.read(columns=part)
            for offset, column in enumerate(part):
                floats = table.column(column).cast(pa.float32(), safe=False)
                values[start + offset] = floats.to_numpy()
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise DataError(
            f"{where}: the Parquet file is damaged ({reason}): write it again"
        ) from None
    by_row = values.T
    if found == FEATURES_AS_ROWS:
        by_row, samples, features = values, columns, rows
    else:
        samples, features = rows, columns
    check_samples(samples, "column" if found == FEATURES_AS_ROWS else "row", where)
    note = f" (columns left out: {', '.join(left_out[:5])})" if left_out else ""
    return ExpressionTable(
        values=by_row,
        samples=samples,
        features=features,
        units="",
        recognised=f"Parquet, {found} as rows{note}",
    )


def _columns(file: Any, where: str) -> tuple[str, list[str], list[str]]:
    """Find the column of names, the columns of values, and those that are neither."""
    import pyarrow as pa

    schema = file.schema_arrow
    for name, n in Counter(schema.names).items():
        if n > 1:
            raise DataError(
                f"{where}: column '{name}' is there {n} times: take out or rename all but one"
            )
    numeric: list[int] = []
    text: list[int] = []
    for position, field in enumerate(schema):
        kind = field.type
        is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
        (numeric if is_number or pa.types.is_decimal(kind) else text).append(position)
    metadata = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    index = [name for name in metadata.get("index_columns", []) if isinstance(name, str)]
    known = [schema.names[i] for i in text if schema.names[i].lower() in ID_COLUMNS]
    rows = _first_rows(file, text)
    places = find_places(rows, schema.names, text) if rows else []
    if index or known:
        if (index or known)[0] not in schema.names:
            raise _no_names(where)
        names = schema.names.index((index or known)[0])
    elif text:
        names = column_of_names(rows, schema.names, text, places, where) if rows else 0
        names = names if names or 0 in text else text[0]
    else:
        raise _no_names(where)
    values = [i for i in numeric if i != names]
    if rows and share_of_features([schema.names[i] for i in values]) < 0.2:  # features as rows
        values = without_annotation(rows, schema.names, names, values, places, where)
    if not values:
        raise DataError(f"{where}: has no column of numbers: give a table of counts")
    kept = {names, *values}
    left_out = [name for i, name in enumerate(schema.names) if i not in kept]
    return schema.names[names], [schema.names[i] for i in values], left_out


def _first_rows(file: Any, text: list[int]) -> list[list[str]]:
    """Return some rows: text, what stands beside it, and the first columns; others empty."""
    names = file.schema_arrow.names
    near = {*text, *(i + step for i in text for step in (1, 2)), *range(_COLUMNS_GLANCED)}
    wanted = [names[i] for i in sorted(near) if i < len(names)]
    for batch in file.iter_batches(batch_size=_ROWS_GLANCED, columns=wanted):
        cells = batch.to_pydict()
        nothing = [None] * batch.num_rows
        columns = [cells.get(name, nothing) for name in names]
        return [
            ["" if cell is None else str(cell) for cell in row]
            for row in zip(*columns, strict=True)
        ]
    return []


def _no_names(where: str) -> DataError:
    return DataError(
        f"{where}: has no column of names: add one, the first, with the ids of the rows"
    )
