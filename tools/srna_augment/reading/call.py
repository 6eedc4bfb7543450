"""One call for all inputs: recognise, read, join, settle the unit, say so."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from srna_augment.errors import UsageError
from srna_augment.expression import ExpressionTable, Source
from srna_augment.units import take_units

from .formats import read_any
from .join import join, sum_repeated_features
from .naming import names_no_sample, names_of_files
from .stream import STDIN, Stream
from .text import check_orientation
from .twins import without_twins

logger = logging.getLogger("srna_augment")

# So many inputs are told one by one; more are summed up.
_MAX_LINES = 6
# Empty cells are looked for in so many samples, and said from this share on.
_LOOKED_AT = 1000
_MANY_EMPTY = 0.1


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
    files = [str(path) for path in paths]
    if files.count(STDIN) > 1:
        raise UsageError("standard input (-) is named twice: it can only be read once")
    check_orientation(orientation)
    tables: list[ExpressionTable] = []
    titles: Counter[str] = Counter()
    for path, sample in zip(files, names_of_files(files), strict=True):
        table, title = _read_one(path, sample, format, orientation, units)
        logger.log(
            logging.INFO if len(files) <= _MAX_LINES else logging.DEBUG, "%s", table.recognised
        )
        titles[title] += 1
        tables.append(table)
    if len(tables) == 1:
        _tell_blanks(tables[0].samples)
        _tell_empty(tables[0])
        return tables[0]
    joined = join(tables)
    joined.sources = [source for table in tables for source in table.sources]
    _tell_blanks(joined.samples)
    what = ", ".join(f"{n} x {title}" for title, n in titles.most_common())
    joined.recognised = (
        f"{len(files)} inputs joined ({what}): {_shape(joined)}, {joined.units}, "
        f"{np.isnan(joined.values).mean():.1%} of the cells not reported"
    )
    logger.info("%s", joined.recognised)
    _tell_empty(joined)
    return joined


def _read_one(
    path: str, sample: str, format: str, orientation: str, units: str
) -> tuple[ExpressionTable, str]:
    stream = Stream(path)
    stream.sample = sample
    try:
        table = read_any(stream, format=format, orientation=orientation, units=units)
    finally:
        stream.close()
    # A format of counts needs no guess; everything else is judged by its values.
    asked = table.units if units == "auto" and table.units else units
    twins = without_twins(table)
    if len(table.samples) == 1 and names_no_sample(table.samples[0]):
        table.samples = [sample]
    table.units, note = take_units(table, asked, stream.name)
    # Linear by now: logarithms must not be summed, nor pass for RPM because they were.
    table = sum_repeated_features(table, stream.name)
    title = table.recognised
    table.sources = [Source(stream.name, title, table.units, len(table.samples), table.features)]
    table.recognised = f"{stream.name}: {title}, {_shape(table)}, {table.units}"
    notes = [text for text in (twins, note) if text]
    if notes:
        table.recognised += f" ({'; '.join(notes)})"
    return table, title


def _tell_blanks(samples: Sequence[str]) -> None:
    """Say that ids begin or end with blanks, which is seldom meant, but theirs."""
    found = [sample for sample in samples if sample != sample.strip()]
    if found:
        logger.warning(
            "%d sample ids begin or end with blanks, for example '%s': they are kept as they are",
            len(found),
            found[0],
        )


def _tell_empty(table: ExpressionTable) -> None:
    """Say that empty cells count as not reported where they may be what others write as 0.

    Tables that were put together from lists of what each sample has are empty elsewhere, and have
    no 0. Of the first samples only: a look, not a count.
    """
    some = table.values[:_LOOKED_AT]
    empty = np.isnan(some)
    if len(some) > 1 and empty.mean() >= _MANY_EMPTY and not (some == 0).any():
        logger.warning(
            "%.0f %% of the cells are empty and none is 0: empty is taken for not reported; if it "
            "means that nothing was read, write 0 there",
            100 * empty.mean(),
        )


def _shape(table: ExpressionTable) -> str:
    n_samples, n_features = table.values.shape
    return (
        f"{n_samples:,} sample{'s' if n_samples != 1 else ''} x "
        f"{n_features:,} feature{'s' if n_features != 1 else ''}"
    )
