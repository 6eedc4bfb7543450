"""Expression tables in memory and in ``expression.h5ad``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import DataError
from .files import atomic_output, create_hdf5
from .unpacking import refuse_unsound_hdf5

if TYPE_CHECKING:
    import h5py
    import pandas as pd

UNS_KEY = "srna_augment"
_COMPRESSION = {"compression": "gzip", "compression_opts": 1}
# Values of a chunk of a matrix in the file: 1 MB in float32.
_CHUNK_VALUES = 262_144


@dataclass(frozen=True)
class Source:
    """One input as it was read, before inputs were joined.

    Attributes
    ----------
    file, title, units : str
        Its name, what it was taken for, its unit.
    n_samples : int
        Number of samples.
    features : list of str
        Feature names as the file has them.
    """

    file: str
    title: str
    units: str
    n_samples: int
    features: list[str]


@dataclass
class ExpressionTable:
    """Samples x features, as a reader found them.

    Attributes
    ----------
    values : numpy.ndarray
        ``(n_samples, n_features)``, float32, in `units`; NaN is *not reported*, which is not zero.
    samples : list of str
        Sample ids as the source wrote them.
    features : list of str
        Feature names as the source wrote them, or keys after `srna_augment.features.collapse`.
    units : str
        ``counts``, ``fractional counts``, ``rpm`` or another word of `srna_augment.units`.
    recognised : str
        One line on what the source was taken for.
    obs : pandas.DataFrame or None
        Metadata that came inside the source, indexed by sample.
    var : pandas.DataFrame or None
        What is known of each feature, indexed by feature.
    sources : list of Source
        The inputs that it was read from.
    """

    values: np.ndarray
    samples: list[str]
    features: list[str]
    units: str
    recognised: str = ""
    obs: pd.DataFrame | None = None
    var: pd.DataFrame | None = None
    sources: list[Source] = field(default_factory=list)


@dataclass
class Expression:
    """The content of ``expression.h5ad``: normalised expression with its metadata and state.

    Attributes
    ----------
    values : numpy.ndarray
        ``(n_samples, n_features)``, float32, in ``state["units"]``; no NaN once a rule filled it.
    samples, features : list of str
        Ids of rows and columns.
    obs : pandas.DataFrame
        Metadata, unchanged, indexed by sample.
    var : pandas.DataFrame
        Per feature what it was called in the source, indexed by feature.
    state : dict
        What normalisation fitted (`srna_augment.normalisation.State.to_json`).
    reported : numpy.ndarray or None
        ``(n_samples, n_features)`` of bool: False where `values` was filled; None: all reported.
    depth : numpy.ndarray or None
        ``(n_samples,)`` summed counts a sample before normalisation; NaN where unknown.
    reading : dict or None
        What was read (`srna_augment.reading_summary`), of a table that was just read.
    """

    values: np.ndarray
    samples: list[str]
    features: list[str]
    obs: pd.DataFrame
    var: pd.DataFrame
    state: dict[str, Any] = field(default_factory=dict)
    reported: np.ndarray | None = None
    depth: np.ndarray | None = None
    reading: dict[str, Any] | None = None

    def subset(self, rows: np.ndarray) -> Expression:
        """Return the samples at `rows`, ``(n,)`` of int or bool."""
        index = np.flatnonzero(rows) if rows.dtype == bool else rows
        return Expression(
            values=self.values[index],
            samples=[self.samples[i] for i in index],
            features=self.features,
            obs=self.obs.iloc[index],
            var=self.var,
            state=self.state,
            reported=None if self.reported is None else self.reported[index],
            depth=None if self.depth is None else self.depth[index],
        )


def write_expression(expression: Expression, path: str | Path, *, version: str) -> None:
    """Write ``expression.h5ad`` (AnnData), whole or not at all.

    Parameters
    ----------
    expression : Expression
        What to write.
    path : str or pathlib.Path
        Where.
    version : str
        Version of the suite, kept in ``uns``.

    Raises
    ------
    UsageError
        The output cannot be written.
    DataError
        The metadata hold something that AnnData cannot.
    """
    import anndata
    from anndata.io import write_elem

    obs = expression.obs.set_axis(expression.samples, axis=0)
    stored = [_storable(str(name), i) for i, name in enumerate(obs.columns)]
    data = anndata.AnnData(
        obs=obs.set_axis(stored, axis=1),
        var=expression.var.set_axis(expression.features, axis=0),
    )
    if expression.depth is not None:
        data.obsm["depth"] = np.asarray(expression.depth, dtype=np.float64)[:, None]
    data.uns[UNS_KEY] = {
        "version": version,
        "units": expression.state.get("units", ""),
        "level": expression.state.get("level", ""),
        "state": json.dumps(expression.state),
    }
    if stored != list(obs.columns):
        data.uns[UNS_KEY]["obs_columns"] = json.dumps([str(name) for name in obs.columns])
    with atomic_output(path, binary=True) as temporary, create_hdf5(temporary) as file:
        try:
            data.strings_to_categoricals()
            write_elem(file, "/", data, dataset_kwargs=_COMPRESSION)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"{path}: the metadata hold what AnnData cannot ({_first_line(error)}): leave that "
                f"column out"
            ) from None
        # The matrices follow by blocks, since AnnData would first make a whole copy of each.
        _write_matrix(file, "X", expression.values, np.dtype("<f4"))
        if expression.reported is not None:
            _write_matrix(file, "layers/reported", expression.reported, np.dtype("u1"))


def _write_matrix(file: h5py.File, name: str, values: np.ndarray, dtype: np.dtype) -> None:
    """Write a matrix as AnnData's ``array`` encoding has it, some samples at a time."""
    n_samples, n_features = values.shape
    step = max(1, min(n_samples, _CHUNK_VALUES // n_features))
    dataset = file.create_dataset(
        name, values.shape, dtype, chunks=(step, n_features), **_COMPRESSION
    )
    dataset.attrs["encoding-type"] = "array"
    dataset.attrs["encoding-version"] = "0.2.0"
    for start in range(0, n_samples, step):
        dataset[start : start + step] = values[start : start + step]


def _storable(name: str, position: int) -> str:
    """Return a column name as HDF5 takes it; the name itself is kept in ``obs_columns``."""
    if name in ("", ".", "_index"):
        return f"column {position + 1}"
    return name.replace("/", "\N{DIVISION SLASH}").replace("\0", "")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]


def read_expression(path: str | Path) -> Expression:
    """Read an ``expression.h5ad`` that `normalise` wrote.

    Raises
    ------
    DataError
        The file is not AnnData, or was not written by `normalise`.
    """
    import anndata
    import h5py

    from .normalisation import State

    try:
        with h5py.File(path) as file:
            refuse_unsound_hdf5(file, str(path))
        data = anndata.read_h5ad(path)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file: run normalise first") from None
    except DataError:
        raise
    except Exception as error:  # anndata and h5py raise many kinds for a damaged file
        raise DataError(
            f"{path}: not an AnnData file ({_first_line(error)}): give the output of normalise"
        ) from None
    ours = data.uns.get(UNS_KEY)
    if not isinstance(ours, Mapping) or "state" not in ours:
        raise DataError(
            f"{path}: was not written by normalise (uns has no '{UNS_KEY}'): run "
            f"'normalise {path} --output expression.h5ad' and use its output"
        )
    try:
        state = json.loads(ours["state"])
        columns = json.loads(ours.get("obs_columns", "null"))
    except (TypeError, ValueError, RecursionError):
        raise DataError(f"{path}: its state is damaged: run normalise again") from None
    State.from_json(state, str(path))
    obs = data.obs
    if isinstance(columns, list) and len(columns) == len(obs.columns):
        obs = obs.set_axis(columns, axis=1)
    for names, what in ((data.obs_names, "sample"), (data.var_names, "feature")):
        if names.has_duplicates:
            raise DataError(
                f"{path}: {what} '{names[names.duplicated()][0]}' is there twice: take one out"
            )
    values = _dense(data.X)
    if values.dtype.kind in "fiu":
        with np.errstate(over="ignore"):
            values = values.astype(np.float32, copy=False)
    if values.dtype != np.float32 or not np.isfinite(values).all():
        raise DataError(f"{path}: X holds cells that are no finite numbers: run normalise again")
    reported = data.layers.get("reported")
    depth = data.obsm.get("depth")
    return Expression(
        values=values,
        samples=[str(name) for name in data.obs_names],
        features=[str(name) for name in data.var_names],
        obs=obs,
        var=data.var,
        state=state,
        reported=None if reported is None else _dense(reported).astype(bool),
        depth=None if depth is None or not depth.shape[1] else _dense(depth)[:, 0],
    )


def _dense(matrix: Any) -> np.ndarray:
    """Return a matrix as other tools may have left it, sparse, as an array."""
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)
