"""What `normalise` does: read, join metadata, collapse to one level, fit or apply a state."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import features, metadata, normalisation, reading, reading_summary
from .errors import DataError, data_of
from .expression import Expression, ExpressionTable
from .log import get_logger
from .normalisation import State
from .normalisation.methods import row_blocks

if TYPE_CHECKING:
    import pandas as pd


def normalise(
    inputs: list[str],
    metadata_path: Path | None,
    state: State | None,
    *,
    method: str,
    level: str,
    minimum_reported: float,
    format: str = "auto",
    orientation: str = "auto",
    units: str = "auto",
) -> tuple[Expression, State]:
    """Read raw tables and return normalised expression with the state used.

    Parameters
    ----------
    inputs : list of str
        Paths, or ``-``.
    metadata_path : pathlib.Path or None
        Metadata table.
    state : State or None
        Apply this; None: fit one with `method`, `level` and `minimum_reported`.
    method, level, minimum_reported
        See `srna_augment.normalisation.fit`.
    format, orientation, units : str
        See `srna_augment.reading.read_tables`.

    Raises
    ------
    DataError
        No sample has reads.
    """
    table = reading.read_tables(inputs, format=format, orientation=orientation, units=units)
    obs, _ = with_metadata(table, metadata_path)
    collapsed = features.collapse(table, state.level if state else level, reuse=True)
    with data_of(", ".join(inputs)):
        if state is None:
            state = normalisation.fit(
                collapsed, method=method, level=level, minimum_reported=minimum_reported
            )
        found = reading_summary.sample_figures(collapsed, state.features)
    # From the raw values on all is done in one memory, since a large table fits in it once.
    values, reported = normalisation.transform(collapsed, state, reuse=True)
    empty = np.asarray(~reported.any(axis=1))
    if empty.all():
        raise DataError(f"{inputs[0]}: no sample has reads in any known feature")
    kept = np.flatnonzero(~empty)
    if len(kept) < len(empty):
        names = [name for name, none in zip(table.samples, empty, strict=True) if none]
        get_logger().warning(
            "%d samples without reads in any known feature are left out: %s",
            len(names),
            ", ".join(names[:10]),
        )
        values, reported = _keep(values, kept), _keep(reported, kept)
        obs = obs.iloc[kept]
    expression = Expression(
        values=values,
        samples=[table.samples[row] for row in kept],
        features=state.features,
        obs=obs,
        var=_var(collapsed, state),
        state=state.to_json(),
        reported=None if reported.all() else reported,
        depth=found.total[kept] if found.are_counts else None,
        reading=reading_summary.summary(table, collapsed.features, state, found, kept),
    )
    return expression, state


def with_metadata(table: ExpressionTable, path: Path | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row of metadata a sample of the table, indexed by sample, and all rows given.

    Without a metadata file, what came inside the table (AnnData), or no columns.
    """
    import pandas as pd

    if path is None:
        empty = pd.DataFrame(index=pd.Index(table.samples, dtype=object))
        obs = table.obs if table.obs is not None else empty
        return obs, obs
    given = metadata.read_metadata(path)
    with data_of(str(path)):
        aligned, _ = metadata.match(table.samples, given)
    return aligned, given


def _var(collapsed: ExpressionTable, state: State) -> pd.DataFrame:
    import pandas as pd

    index = pd.Index(state.features, dtype=object)
    if collapsed.var is None:
        return pd.DataFrame(index=index)
    return collapsed.var.reindex(index)


def _keep(values: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the rows `kept`, ``(n,)`` of int in rising order, moved up within `values`."""
    for rows in row_blocks(len(kept), values.shape[1]):
        values[rows] = values[kept[rows]]
    return values[: len(kept)]
