"""AnnData ``.h5ad``: dense or sparse, integers or floats, counts in X or in a layer."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from srna_augment.errors import DataError
from srna_augment.expression import UNS_KEY, ExpressionTable
from srna_augment.unpacking import refuse_unsound_hdf5

from .annotation import share_of_features
from .matrix import check_samples
from .stream import STDIN, Stream
from .text import FEATURES_AS_ROWS, SAMPLES_AS_ROWS

if TYPE_CHECKING:
    import h5py
    import pandas as pd

MAGIC = b"\x89HDF\r\n\x1a\n"

# Where single-cell and bulk tools keep counts when X holds something made of them.
COUNT_LAYERS = ("counts", "raw_counts", "count")

_BLOCK_VALUES = 8_000_000
# A sparse matrix that is emptier, and larger, is none: it would fill the memory with zeros.
_MAXIMUM_SPARSITY = 1000
_FREE_CELLS = 250_000_000


def read_anndata(stream: Stream, *, orientation: str, units: str) -> ExpressionTable:
    """Read an AnnData file.

    Parameters
    ----------
    stream : Stream
        The input.
    orientation : str
        ``features`` where obs holds the features; else obs holds the samples, unless the names say
        otherwise.
    units : str
        What the user insists on: decides whether the output of `normalise` is taken.

    Returns
    -------
    ExpressionTable
        ``(n_samples, n_features)``, float32. `obs` is the file's own metadata.

    Raises
    ------
    DataError
        The file is not AnnData, damaged, empty, or the output of `normalise`.
    """
    import h5py
    from anndata.io import read_elem

    name = stream.name
    try:
        source: Any = stream.path
        if stream.path == STDIN or stream.gzipped:
            source = io.BytesIO(stream.read_all())
        with h5py.File(source, "r") as file:
            refuse_unsound_hdf5(file, name)
            missing = [key for key in ("X", "obs", "var") if key not in file]
            if missing:
                raise DataError(
                    f"{name}: is HDF5 but not AnnData (it has no '{missing[0]}'): give an .h5ad "
                    "file, or the table as text"
                )
            if units == "auto" and f"uns/{UNS_KEY}" in file:
                raise DataError(
                    f"{name}: is the output of normalise, with filled values: give the tables "
                    "that it was made of"
                )
            obs, var = read_elem(file["obs"]), read_elem(file["var"])
            layer = next((key for key in COUNT_LAYERS if f"layers/{key}" in file), None)
            values = _read_matrix(file[f"layers/{layer}" if layer else "X"], name)
    except DataError:
        raise
    except Exception as error:  # anndata and h5py raise many kinds for a damaged file
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise DataError(f"{name}: the AnnData file is damaged ({reason}): write it again") from None
    return _table(values, obs, var, orientation, layer, name)


def _table(
    values: np.ndarray,
    obs: pd.DataFrame,
    var: pd.DataFrame,
    orientation: str,
    layer: str | None,
    where: str,
) -> ExpressionTable:
    rows, columns = [str(x) for x in obs.index], [str(x) for x in var.index]
    if values.shape != (len(rows), len(columns)) or not values.size:
        raise DataError(
            f"{where}: holds {values.shape[0]} x {values.shape[1]} values for {len(rows)} obs and "
            f"{len(columns)} var: write it again"
        )
    if orientation == "auto":
        turned = share_of_features(rows) > max(0.2, share_of_features(columns))
        orientation = FEATURES_AS_ROWS if turned else SAMPLES_AS_ROWS
    if orientation == FEATURES_AS_ROWS:
        values, rows, columns, obs = values.T, columns, rows, var
    check_samples(rows, "row", where)
    what = f"AnnData, layer '{layer}'" if layer else "AnnData"
    return ExpressionTable(
        values=values,
        samples=rows,
        features=columns,
        units="",
        recognised=what + (" with features in obs" if orientation == FEATURES_AS_ROWS else ""),
        obs=obs.set_axis(rows, axis=0) if len(obs.columns) else None,
    )


def _read_matrix(node: h5py.Dataset | h5py.Group, where: str) -> np.ndarray:
    """Read X or a layer block by block: ``(n_obs, n_var)``, float32."""
    if hasattr(node, "dtype"):
        if node.dtype.kind not in "iufb" or node.ndim != 2:
            raise DataError(f"{where}: X holds no numbers in two dimensions: give counts")
        values = np.empty(node.shape, dtype=np.float32)
        step = max(1, _BLOCK_VALUES // max(1, node.shape[1]))
        with np.errstate(over="ignore"):  # what becomes infinite is refused with its place
            for start in range(0, node.shape[0], step):
                values[start : start + step] = node[start : start + step]
        return values
    return _read_sparse(node)


def _read_sparse(node: h5py.Group) -> np.ndarray:
    from scipy import sparse

    encoding = str(node.attrs.get("encoding-type", "csr_matrix"))
    n_rows, n_columns = (int(n) for n in node.attrs["shape"])
    by_row = encoding.startswith("csr")
    n_lines, width = (n_rows, n_columns) if by_row else (n_columns, n_rows)
    pointers = node["indptr"][:]
    if n_rows * n_columns > max(_FREE_CELLS, _MAXIMUM_SPARSITY * len(node["data"])):
        raise ValueError(f"{n_rows} x {n_columns} cells of which hardly any holds a value")
    lines = np.empty((n_lines, width), dtype=np.float32)
    step = max(1, _BLOCK_VALUES // max(1, width))
    for start in range(0, n_lines, step):
        stop = min(start + step, n_lines)
        part = slice(int(pointers[start]), int(pointers[stop]))
        block = sparse.csr_matrix(
            (
                node["data"][part].astype(np.float32),
                node["indices"][part],
                pointers[start : stop + 1] - pointers[start],
            ),
            shape=(stop - start, width),
        )
        lines[start:stop] = block.toarray()
    return lines if by_row else lines.T
