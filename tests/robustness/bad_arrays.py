"""HDF5 and Parquet files as they should not be: raw tables, expression, models."""

from __future__ import annotations

import io
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd

from .toys import NAMES, SAMPLES, World, counts

Maker = Callable[[World], bytes]
Change = Callable[[h5py.File], Any]


def changed(data: bytes, change: Change) -> bytes:
    """Return an HDF5 file with something changed in it."""
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        change(file)
    return buffer.getvalue()


def put(place: str, data: Any, **settings: Any) -> Change:
    """Return what puts other data in an array's place, its attributes kept."""

    def change(file: h5py.File) -> None:
        attributes = dict(file[place].attrs)
        del file[place]
        made = file.create_dataset(place, data=data, **settings)
        made.attrs.update(attributes)

    return change


def drop(place: str) -> Change:
    def change(file: h5py.File) -> None:
        del file[place]

    return change


def attribute(place: str, name: str, value: Any) -> Change:
    return lambda file: file[place].attrs.__setitem__(name, value)


def declare(place: str, shape: tuple[int, ...], kind: Any = "f4") -> Change:
    """Return what puts an array there that declares a size and holds nothing."""

    def change(file: h5py.File) -> None:
        attributes = dict(file[place].attrs) if place in file else {}
        if place in file:
            del file[place]
        chunks = tuple(min(n, 1024) for n in shape)
        made = file.create_dataset(place, shape=shape, dtype=kind, chunks=chunks)
        made.attrs.update(attributes)

    return change


def link(place: str, target: Any) -> Change:
    def change(file: h5py.File) -> None:
        if place in file:
            del file[place]
        file[place] = target

    return change


def circle(file: h5py.File) -> None:
    file["again"] = file["/"]


def from_elsewhere(place: str, shape: tuple[int, ...], kind: str = "u1") -> Change:
    """Return what puts an array there whose bytes lie in another file of the machine."""

    def change(file: h5py.File) -> None:
        attributes = dict(file[place].attrs)
        del file[place]
        size = int(np.prod(shape)) * np.dtype(kind).itemsize
        made = file.create_dataset(place, shape=shape, dtype=kind, external=[(__file__, 0, size)])
        made.attrs.update(attributes)

    return change


def raw_anndata(values: Any = None, names: list[str] | None = None) -> bytes:
    """Return counts as AnnData."""
    values = counts().astype("f4") if values is None else values
    obs = pd.DataFrame({"tissue": ["liver", "brain"] * 12}, index=SAMPLES)
    data = anndata.AnnData(values, obs=obs, var=pd.DataFrame(index=NAMES))
    if names is not None:
        data.obs_names = names
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ids that are there twice are meant
        data.write_h5ad(Path(folder) / "x.h5ad")
        return (Path(folder) / "x.h5ad").read_bytes()


def parquet(frame: pd.DataFrame) -> bytes:
    return frame.to_parquet(None)


def frame(**columns: Any) -> pd.DataFrame:
    data = {"miRNA": NAMES, **dict(zip(SAMPLES, counts().tolist(), strict=True))}
    return pd.DataFrame({**data, **columns})


def _sparse(file: h5py.File) -> None:
    """Make X a sparse matrix that declares a hundred billion cells and holds one."""
    del file["X"]
    group = file.create_group("X")
    group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0"})
    group.attrs["shape"] = np.array([24, 4_000_000_000])
    group["data"], group["indices"] = np.ones(1, "f4"), np.zeros(1, "i4")
    group["indptr"] = np.r_[0, np.ones(24, "i4")]


def _empty_matrix(file: h5py.File) -> None:
    put("X", np.zeros((0, 43), "f4"))(file)


RAW_ARRAYS: list[tuple[str, Maker, str | None]] = [
    ("h5ad", lambda w: raw_anndata(), None),
    ("h5ad cut off", lambda w: raw_anndata()[:-900], "damaged"),
    ("h5ad of zeros", lambda w: b"\x89HDF\r\n\x1a\n" + b"\0" * 9000, "damaged"),
    ("output of normalise", lambda w: w.expression.read_bytes(), "is the output of normalise"),
    ("a model", lambda w: w.network.read_bytes(), "is HDF5 but not AnnData"),
    ("X that is text", lambda w: changed(raw_anndata(), put("X", np.array([[b"x"] * 43] * 24))),
     "X holds no numbers"),
    ("X of one dimension", lambda w: changed(raw_anndata(), put("X", np.ones(43))), "X holds no"),
    ("X of another shape", lambda w: changed(raw_anndata(), put("X", np.ones((24, 9)))), "24 x 9"),
    ("X without rows", lambda w: changed(raw_anndata(), _empty_matrix), "0 x 43"),
    ("X that is missing", lambda w: changed(raw_anndata(), drop("X")), "has no 'X'"),
    ("X with infinity", lambda w: raw_anndata(np.where(counts() > 9, np.inf, 1)), "value of inf"),
    ("X beyond float32", lambda w: raw_anndata(np.where(counts() > 9, 1e300, 1)), "value of inf"),
    ("negative X", lambda w: raw_anndata(-counts().astype("f4")), "look"),
    ("ids that are there twice", lambda w: raw_anndata(names=["a", "a", *SAMPLES[2:]]),
     "'a' is there twice"),
    ("X that declares terabytes", lambda w: changed(
        raw_anndata(), declare("X", (1 << 20, 1 << 20))), "200 times its size"),
    ("X that declares ten gigabytes", lambda w: changed(
        raw_anndata(), declare("X", (50_000, 50_000))), "200 times its size"),
    ("ids that declare gigabytes", lambda w: changed(
        raw_anndata(), declare("obs/_index", (1 << 30,), h5py.string_dtype())), "200 times"),
    ("sparse X that declares a universe", lambda w: changed(raw_anndata(), _sparse), "hardly any"),
    ("X from another file", lambda w: changed(raw_anndata(), from_elsewhere("X", (24, 43))),
     "no array of this file"),
    ("obs behind a link", lambda w: changed(raw_anndata(), link("obs", h5py.ExternalLink(
        "/etc/passwd", "/"))), "is a link"),
    ("a soft link", lambda w: changed(raw_anndata(), link("var", h5py.SoftLink("/obs"))), "a link"),
    ("a circle", lambda w: changed(raw_anndata(), circle), "under two names"),
    ("Parquet", lambda w: parquet(frame()), None),
    ("Parquet cut off", lambda w: parquet(frame())[:-100], "damaged"),
    ("Parquet without names", lambda w: parquet(frame().drop(columns="miRNA")), "no column of"),
    ("Parquet without numbers", lambda w: parquet(frame()[["miRNA"]]), "no column of numbers"),
    ("Parquet without rows", lambda w: parquet(frame().iloc[:0]), "no row"),
    ("Parquet with infinity", lambda w: parquet(frame(s00=[np.inf] * 43)), "value of inf"),
    ("Parquet with lists", lambda w: parquet(frame(s00=[[1, 2]] * 43)), None),
    ("Parquet with nulls", lambda w: parquet(frame(s00=[None] * 42 + [7.0])), None),
]  # fmt: skip

EXPRESSIONS: list[tuple[str, Maker, str]] = [
    ("empty", lambda w: b"", "not an AnnData file"),
    ("text", lambda w: w.table.read_bytes(), "not an AnnData file"),
    ("cut off", lambda w: w.expression.read_bytes()[:-2000], "not an AnnData file"),
    ("a model", lambda w: w.network.read_bytes(), "AnnData"),
    ("raw AnnData", lambda w: raw_anndata(), "was not written by normalise"),
    ("another expression file", lambda w: changed(
        w.expression.read_bytes(), drop("uns/srna_augment")), "was not written by normalise"),
    ("a state that is no JSON", lambda w: changed(
        w.expression.read_bytes(), put("uns/srna_augment/state", "oops")), "state is damaged"),
    ("a state that is a list", lambda w: changed(
        w.expression.read_bytes(), put("uns/srna_augment/state", "[]")), "normalis"),
    ("a state that is empty", lambda w: changed(
        w.expression.read_bytes(), put("uns/srna_augment/state", "{}")), "normalis"),
    ("X with NaN", lambda w: changed(
        w.expression.read_bytes(), lambda f: f["X"].__setitem__((0, 0), np.nan)), "no finite"),
    ("X with infinity", lambda w: changed(
        w.expression.read_bytes(), lambda f: f["X"].__setitem__((0, 0), np.inf)), "no finite"),
    ("X of another shape", lambda w: changed(
        w.expression.read_bytes(), put("X", np.ones((24, 9), "f4"))), "AnnData"),
    ("reported of another shape", lambda w: changed(
        w.expression.read_bytes(), lambda f: f.create_group("layers") if "layers" not in f else
        f["layers"].create_dataset("reported", data=np.ones((3, 3), "u1"))), "AnnData"),
    ("X that declares terabytes", lambda w: changed(
        w.expression.read_bytes(), declare("X", (1 << 20, 1 << 20))), "200 times"),
    ("X from another file", lambda w: changed(
        w.expression.read_bytes(), from_elsewhere("X", (24, 42))), "no array of this file"),
    ("obs behind a link", lambda w: changed(
        w.expression.read_bytes(), link("obs", h5py.ExternalLink("/etc/passwd", "/"))), "a link"),
    ("a circle", lambda w: changed(w.expression.read_bytes(), circle), "under two names"),
]  # fmt: skip


def model(change: Change) -> Maker:
    return lambda w: changed(w.network.read_bytes(), change)


MODELS: list[tuple[str, Maker, str]] = [
    ("empty", lambda w: b"", "cannot be read as a model"),
    ("text", lambda w: w.table.read_bytes(), "cannot be read as a model"),
    ("pickle", lambda w: b"\x80\x04cos\nsystem\n(S'touch hacked'\ntR.", "cannot be read as"),
    ("cut off", lambda w: w.network.read_bytes()[:-3000], "cannot be read as a model"),
    ("expression", lambda w: w.expression.read_bytes(), "not a model of this suite"),
    ("a later version", model(attribute("/", "format_version", 99)), "install the srna-augment"),
    ("an earlier version", model(attribute("/", "format_version", 0)), "install the srna-augment"),
    ("a version that is text", model(attribute("/", "format_version", "new")), "not a sound model"),
    ("no targets", model(drop("targets/tissue")), "no target"),
    ("no targets at all", model(drop("targets")), "not a sound model"),
    ("a circle", model(circle), "under two names"),
    ("a soft link", model(link("x", h5py.SoftLink("/targets"))), "is a link"),
    ("an external link", model(link("x", h5py.ExternalLink("/etc/passwd", "/"))), "is a link"),
    ("terabytes", model(declare("targets/tissue/x", (1 << 40,))), "times its size"),
    ("objects", model(declare("targets/tissue/x", (4,), h5py.string_dtype())), "plain array"),
    ("bytes from another file", model(from_elsewhere("targets/tissue/classes", (20,))),
     "no array of this file"),
    ("not finite", model(put("targets/tissue/inputs/profile", np.full(42, np.nan))), "not finite"),
    ("a learner that is unknown", model(attribute("targets/tissue/learner", "kind", "pickle")),
     "unknown kind"),
]  # fmt: skip
