"""Sum the features of a table into the keys of a level."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from srna_augment.errors import DataError, UsageError
from srna_augment.expression import ExpressionTable

from .names import MIRNA
from .resolve import LEVELS, Resolution, Resolved, resolve
from .sums import sum_columns
from .told import tell

if TYPE_CHECKING:
    import pandas as pd

# Reads under unknown names are looked for in so many samples.
LOOKED_AT = 1000


def collapse(table: ExpressionTable, level: str, *, reuse: bool = False) -> ExpressionTable:
    """Sum a table's features into keys that tables of other releases and levels share.

    Parameters
    ----------
    table : ExpressionTable
        ``(n_samples, n_features)`` of linear values (counts, fractional counts or RPM).
    level : str
        ``mature`` (arms apart), ``precursor`` (copies apart) or ``stem`` (arms and copies of a
        hairpin summed: the one level that precursor and mature tables both have).
    reuse : bool
        Sum in the memory of `table`, whose values are lost: for callers that need them no more.

    Returns
    -------
    ExpressionTable
        ``(n_samples, n_keys)``, keys in the order in which the table first has them. A value is the
        sum of the parts that are reported, and NaN where none is. `var` has for each key
        ``source_names`` (joined by a bar), ``n_merged``, ``kind``, ``species``.

    Raises
    ------
    UsageError
        No such level.
    DataError
        The values are logarithms, whose sum has no meaning, or no feature is left.

    Notes
    -----
    Stems that reads cannot tell apart share one key (``hsa-let-7a/7c``), whether or not the table
    has them apart, since one tool merges them, another splits their reads at random, and a third
    counts them twice. Only so do tables of different tools mean the same.

    A merged name of other members is its oldest member's. In samples that report it, the keys of
    the other members are NaN even where another row speaks of them, since most of their reads are
    elsewhere and a small sum would pass for low expression.
    """
    if level not in LEVELS:
        raise UsageError(f"level '{level}': there is no such level: use one of {', '.join(LEVELS)}")
    if table.units.startswith(("log", "ln")):
        raise DataError(
            f"values are in {table.units}: arms and copies can only be summed before the "
            "logarithm: give counts or RPM"
        )
    resolution = resolve(table.features)
    columns: dict[str, list[int]] = {}
    for column, key in enumerate(resolution.keys(level)):
        if key:
            columns.setdefault(key, []).append(column)
    if not columns:
        raise DataError("no feature is left: the table holds read statistics only")
    absent, blanks = _absent(table, resolution, level, columns.keys())
    lost = _lost(table, resolution)
    values = sum_columns(table.values, list(columns.values()), reuse=reuse)
    if blanks and values is table.values and not reuse:
        values = values.copy(order="K")  # what is blanked below is the result's, not the caller's
    for column, key in enumerate(columns):
        if key in blanks:
            values[blanks[key], column] = np.nan
    result = ExpressionTable(
        values=values,
        samples=table.samples,
        features=list(columns),
        units=table.units,
        recognised=table.recognised,
        obs=table.obs,
        var=_describe(columns, resolution),
    )
    tell(resolution, level, len(columns), absent, lost)
    return result


def _lost(table: ExpressionTable, resolution: Resolution) -> tuple[float, str]:
    """Return the share of the miRNAs' reads under names of no release, and the most of them.

    Of the first samples only: a look, not a count.
    """
    unknown = set(resolution.unknown)
    if not unknown:
        return 0.0, ""
    reads = np.zeros(len(table.features))
    for sample in table.values[:LOOKED_AT]:  # one at a time, as a large table is there once
        reads += np.nan_to_num(sample)
    names = zip(resolution.names, resolution.resolved, reads, strict=True)
    of_mirnas = {name: number for name, item, number in names if item.kind == MIRNA}
    total = sum(of_mirnas.values())
    under = {name: of_mirnas[name] for name in unknown}
    return sum(under.values()) / total if total > 0 else 0.0, max(under, key=lambda n: under[n])


def _absent(
    table: ExpressionTable, resolution: Resolution, level: str, keys: Collection[str]
) -> tuple[list[str], dict[str, np.ndarray]]:
    """Find what counts as *not reported* since its reads are under a merged name of another key.

    Parameters
    ----------
    table : ExpressionTable
        The table before it is summed.
    resolution : Resolution
        What its features mean.
    level : str
        The level of the keys.
    keys : collection of str
        The keys that the table has at that level.

    Returns
    -------
    names : list of str
        Keys that some sample loses, in the table or not.
    blanks : dict
        Those in the table, each with the ``(n_samples,)`` samples that lose it, as bool.
    """
    owners = {item.key(level) for item in resolution.resolved if item.others}
    names: set[str] = set()
    blanks: dict[str, np.ndarray] = {}
    for column, item in enumerate(resolution.resolved):
        lost = {other.key(level) for other in item.others} - owners
        if not lost:
            continue
        names |= lost
        merged = ~np.isnan(table.values[:, column])
        for key in lost.intersection(keys):
            blanks[key] = blanks[key] | merged if key in blanks else merged
    return sorted(names), blanks


def _describe(columns: dict[str, list[int]], resolution: Resolution) -> pd.DataFrame:
    import pandas as pd

    first: list[Resolved] = [resolution.resolved[group[0]] for group in columns.values()]
    return pd.DataFrame(
        {
            "source_names": [
                "|".join(resolution.names[column] for column in group) for group in columns.values()
            ],
            "n_merged": np.array([len(group) for group in columns.values()], dtype=np.int32),
            "kind": [item.kind for item in first],
            "species": [item.species for item in first],
        },
        index=pd.Index(list(columns), dtype=str),
    )
