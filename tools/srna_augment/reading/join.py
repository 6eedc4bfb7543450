"""Joining tables: samples below one another, features matched by name, gaps kept as gaps."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from srna_augment.errors import DataError
from srna_augment.expression import ExpressionTable
from srna_augment.features.sums import sum_columns

logger = logging.getLogger("srna_augment")


def sum_repeated_features(table: ExpressionTable, where: str) -> ExpressionTable:
    """Sum the columns of a table that bear the same feature name, and say so."""
    groups: dict[str, list[int]] = {}
    for column, feature in enumerate(table.features):
        groups.setdefault(feature, []).append(column)
    if len(groups) == len(table.features):
        return table
    repeated = [feature for feature, columns in groups.items() if len(columns) > 1]
    logger.warning(
        "%s: %d features are there more than once, for example '%s': their values are summed",
        where,
        len(repeated),
        repeated[0],
    )
    table.values = sum_columns(table.values, list(groups.values()), reuse=True)
    table.features = list(groups)
    return table


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
        A cell is given twice.
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
        units=units.pop() if len(units) == 1 else "rpm" if "rpm" in units else "fractional counts",
        recognised=f"{len(tables)} tables joined",
    )


def _name(table: ExpressionTable) -> str:
    return table.recognised.split(":", 1)[0]
