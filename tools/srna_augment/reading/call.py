"""One call for all inputs: recognise, read, join, settle the unit, say so."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from srna_augment.errors import UsageError
from srna_augment.expression import ExpressionTable
from srna_augment.units import take_units
from .join import join, sum_repeated_features
from .matrix import read_matrix
from .stream import Stream

logger = logging.getLogger("srna_augment")

FORMATS = ("auto", "matrix")


def read_tables(
    paths: Sequence[str | Path] | str | Path,
    *,
    format: str = "auto",
    orientation: str = "auto",
    units: str = "auto",
) -> ExpressionTable:
    """Read one or several expression tables as their tools wrote them.

    Parameters
    ----------
    paths : sequence of str or pathlib.Path
        Files, plain or gzipped; ``-`` is standard input. Several are joined on features.
    format : str
        One of `FORMATS`; ``auto`` looks at the content, never at the name.
    orientation : str
        One of `ORIENTATIONS`.
    units : str
        One of `srna_augment.units.UNITS`; anything but ``auto`` is taken as told.

    Returns
    -------
    ExpressionTable
        ``(n_samples, n_features)``, float32, linear (``counts``, ``fractional counts`` or ``rpm``);
        NaN where a file does not report a feature, zero where it reports zero. The memory order
        is that of the file.

    Raises
    ------
    DataError
        The data cannot be used; the line says where and how to mend it.
    UsageError
        No file, or no such format, orientation or unit.
    """
    if isinstance(paths, (str, Path)):
        paths = [paths]
    if not paths:
        raise UsageError("no input: name at least one table, or - for standard input")
    if format not in FORMATS:
        raise UsageError(
            f"--format {format}: there is no such format: use one of {', '.join(FORMATS)}"
        )
    tables = []
    for path in paths:
        stream = Stream(path)
        try:
            stream.refuse_other_formats()
            table = read_matrix(stream, orientation=orientation)
        finally:
            stream.close()
        table = sum_repeated_features(table, stream.name)
        table.units, note = take_units(table.values, units, stream.name)
        shape = f"{len(table.samples):,} samples x {len(table.features):,} features"
        table.recognised = f"{stream.name}: {table.recognised}, {shape}, {table.units}" + (
            f" ({note})" if note else ""
        )
        logger.info("%s", table.recognised)
        tables.append(table)
    return join(tables)
