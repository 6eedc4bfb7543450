"""What `normalise` does: read, join metadata, collapse to one level, fit or apply a state."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import features, metadata, normalisation, reading
from .errors import DataError, data_of
from .expression import Expression, ExpressionTable
from .log import get_logger
from .normalisation import State

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
    obs = with_metadata(table, metadata_path)
    collapsed = features.collapse(table, state.level if state else level)
    with data_of(", ".join(inputs)):
        if state is None:
            state = normalisation.fit(
                collapsed, method=method, level=level, minimum_reported=minimum_reported
            )
        values, reported = normalisation.transform(collapsed, state)
    empty = np.asarray(~reported.any(axis=1))
    if empty.all():
        raise DataError(f"{inputs[0]}: no sample has reads in any known feature")
    if empty.any():
        names = [name for name, none in zip(table.samples, empty, strict=True) if none]
        get_logger().warning(
            "%d samples without reads in any known feature are left out: %s",
            len(names),
            ", ".join(names[:10]),
        )
    kept = np.flatnonzero(~empty)
    expression = Expression(
        values=values,
        samples=table.samples,
        features=state.features,
        obs=obs,
        var=_var(collapsed, state),
        state=state.to_json(),
        reported=None if reported[kept].all() else reported,
        depth=_depth(collapsed),
    )
    return expression.subset(kept) if empty.any() else expression, state


def with_metadata(table: ExpressionTable, path: Path | None) -> pd.DataFrame:
    """Return one row of metadata a sample of the table, indexed by sample.

    Without a metadata file, what came inside the table (AnnData), or no columns.
    """
    import pandas as pd

    if path is None:
        empty = pd.DataFrame(index=pd.Index(table.samples, dtype=object))
        return table.obs if table.obs is not None else empty
    aligned, _ = metadata.match(table.samples, metadata.read_metadata(path))
    return aligned


def _var(collapsed: ExpressionTable, state: State) -> pd.DataFrame:
    import pandas as pd

    index = pd.Index(state.features, dtype=object)
    if collapsed.var is None:
        return pd.DataFrame(index=index)
    return collapsed.var.reindex(index)


def _depth(collapsed: ExpressionTable) -> np.ndarray | None:
    if "counts" not in collapsed.units:
        return None
    return np.asarray(np.nansum(collapsed.values, axis=1, dtype=np.float64))
