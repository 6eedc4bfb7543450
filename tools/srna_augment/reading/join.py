"""Joining tables: samples below one another, features matched by name, gaps kept as gaps."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from srna_augment.errors import DataError
from srna_augment.expression import ExpressionTable
from srna_augment.features.sums import sum_columns
from srna_augment.units import RPM

logger = logging.getLogger("srna_augment")


# Rows count the same reads where so many names have two, and their totals are so near.
_FEW_NAMES = 5
_ALIKE = 0.9


def sum_repeated_features(table: ExpressionTable, where: str) -> ExpressionTable:
    """Make the columns of a table that bear the same feature name one, and say so.

    They are summed, but where most of them are nearly alike: such are miRDeep2's rows for each
    precursor when its other columns are cut off, which all count the same reads. The highest is
    taken then, as `read_mirdeep2` does.
    """
    groups: dict[str, list[int]] = {}
    for column, feature in enumerate(table.features):
        groups.setdefault(feature, []).append(column)
    if len(groups) == len(table.features):
        return table
    repeated = [feature for feature, columns in groups.items() if len(columns) > 1]
    same_reads = _count_the_same_reads(table.values, [groups[feature] for feature in repeated])
    logger.warning(
        "%s: %d features are there more than once, for example '%s': %s",
        where,
        len(repeated),
        repeated[0],
        "their values are nearly alike, so that the highest is taken"
        if same_reads
        else "their values are summed",
    )
    columns = list(groups.values())
    if same_reads:
        for first, *others in columns:
            for other in others:
                highest = np.fmax(table.values[:, first], table.values[:, other])
                table.values[:, first] = highest
        columns = [[first] for first, *_ in columns]
    table.values = sum_columns(table.values, columns, reuse=True)
    table.features = list(groups)
    return table


def _count_the_same_reads(values: np.ndarray, groups: Sequence[Sequence[int]]) -> bool:
    """Tell whether columns of one name, of most names, have nearly the same total."""
    ratios: list[float] = []
    for columns in groups:
        totals = sorted(float(np.nansum(values[:, column])) for column in columns)
        if totals[-1] > 0:
            ratios.append(totals[-2] / totals[-1])
    return len(ratios) >= _FEW_NAMES and float(np.median(ratios)) >= _ALIKE


def join(tables: Sequence[ExpressionTable]) -> ExpressionTable:
    """Join tables on their features.

    Parameters
    ----------
    tables : sequence of ExpressionTable
        Tables of different samples, or of the same samples and different features (exceRpt
        writes miRNAs, tRNAs and piRNAs apart). Their values are lost, so that they are there once.

    Returns
    -------
    ExpressionTable
        All samples x all features; NaN where a table does not have a feature.

    Raises
    ------
    DataError
        A cell is given twice, or a sample's features are counts here and RPM there.
    """
    if len(tables) == 1:
        return tables[0]
    samples: dict[str, int] = {}
    features: dict[str, int] = {}
    for table in tables:
        for sample in table.samples:
            samples.setdefault(sample, len(samples))
        for feature in table.features:
            features.setdefault(feature, len(features))
    values = np.empty((len(samples), len(features)), dtype=np.float32)
    filled: dict[int, list[ExpressionTable]] = {}
    for table in tables:
        rows = [samples[sample] for sample in table.samples]
        columns = [features[feature] for feature in table.features]
        # A row at its first table and not before: memory that is not touched is not taken.
        values[[row for row in rows if row not in filled]] = np.nan
        for sample, row in zip(table.samples, rows, strict=True):
            for other in filled.setdefault(row, []):
                common = set(other.features) & set(table.features)
                if common:
                    raise DataError(
                        f"sample '{sample}' has feature '{min(common)}' in two tables "
                        f"({_name(other)} and {_name(table)}): give each sample once"
                    )
                if (other.units == RPM) != (table.units == RPM):
                    raise DataError(
                        f"sample '{sample}' has {other.units} in {_name(other)} and {table.units} "
                        f"in {_name(table)}, which are no parts of one library: give all its "
                        "features in one unit"
                    )
            filled[row].append(table)
        values[np.ix_(rows, columns)] = table.values
        table.values = np.empty((0, 0), dtype=np.float32)
    units = {table.units for table in tables}
    if len(units) > 1:
        logger.warning(
            "inputs are in different units (%s): fine for relative abundances",
            ", ".join(sorted(units)),
        )
    return ExpressionTable(
        values=values,
        samples=list(samples),
        features=list(features),
        units=units.pop() if len(units) == 1 else RPM if RPM in units else "fractional counts",
        recognised=f"{len(tables)} tables joined",
    )


def _name(table: ExpressionTable) -> str:
    return table.recognised.split(":", 1)[0]
