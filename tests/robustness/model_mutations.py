"""Damage a small model in as many ways as asked, open each, and use what opens.

Run by itself, so that a crash of the HDF5 library is seen as what it is::

    python -m robustness.model_mutations MODEL FOLDER FIRST_SEED COUNT

It prints a line of JSON for each mutation that ended in anything but a model or one line of
refusal, and one with the numbers at the end.
"""

from __future__ import annotations

import collections
import json
import random
import signal
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from srna_augment.calling import predict_columns
from srna_augment.errors import DataError
from srna_augment.model.file import load_models

SECONDS = 10
ODD_VALUES: list[Any] = [
    None, True, -1, 0, 1, 2**63, 1e308, -1e308, float("inf"), float("nan"), "", "x" * 10_000,
    "\0", "../../etc/passwd", [], {}, [[]], [None], ["a", "a"], {"a": 1},
]  # fmt: skip


def flip_bytes(data: bytes, g: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(g.choice([1, 1, 2, 8, 64])):
        changed[g.randrange(len(changed))] = g.randrange(256)
    return bytes(changed)


def flip_structure(data: bytes, g: random.Random) -> bytes:
    """Change bytes next to one of HDF5's own signatures, where its structure is."""
    marks = [b"TREE", b"HEAP", b"SNOD", b"OHDR", b"\x89HDF"]
    places = [i for mark in marks for i in _find(data, mark)]
    start = g.choice(places)
    changed = bytearray(data)
    for _ in range(g.choice([1, 2, 4])):
        place = min(start + g.randrange(64), len(data) - 1)
        changed[place] = g.choice([0, 1, 0x7F, 0xFF, g.randrange(256)])
    return bytes(changed)


def _find(data: bytes, mark: bytes) -> list[int]:
    places, at = [], data.find(mark)
    while at >= 0:
        places.append(at)
        at = data.find(mark, at + 1)
    return places


def cut(data: bytes, g: random.Random) -> bytes:
    return data[: g.randrange(len(data))]


def move_block(data: bytes, g: random.Random) -> bytes:
    size = g.choice([8, 64, 512])
    a, b = (g.randrange(len(data) - size) for _ in range(2))
    return data[:a] + data[b : b + size] + data[a + size :]


def blank_block(data: bytes, g: random.Random) -> bytes:
    size = g.choice([8, 64, 512])
    a = g.randrange(len(data) - size)
    return data[:a] + g.choice([b"\0", b"\xff"]) * size + data[a + size :]


BYTES = (flip_bytes, flip_structure, cut, move_block, blank_block)


def _datasets(file: h5py.File) -> list[str]:
    names: list[str] = []
    file.visititems(lambda name, item: names.append(name) if hasattr(item, "dtype") else None)
    return names


def _replace(file: h5py.File, name: str, data: Any) -> None:
    del file[name]
    file.create_dataset(name, data=data)


def other_shape(file: h5py.File, g: random.Random) -> None:
    name = g.choice(_datasets(file))
    data = file[name][...]
    size = data.size
    shapes = [(), (0,), (size + 1,), (1, size), (size, 1), data.shape[::-1], (*data.shape, 1)]
    _replace(file, name, np.resize(data, g.choice(shapes)))


def other_kind(file: h5py.File, g: random.Random) -> None:
    name = g.choice(_datasets(file))
    kind = g.choice(["u1", "i1", "i8", "u8", "f2", "f8", ">f4", "c8", "S4", "?"])
    with np.errstate(all="ignore"):
        _replace(file, name, file[name][...].astype(kind))


def other_range(file: h5py.File, g: random.Random) -> None:
    name = g.choice(_datasets(file))
    data = np.array(file[name][...])
    if not data.size:
        return
    where = g.choice([slice(None), g.randrange(data.size)])
    value = g.choice([0, -1, 1, 255, 2**31 - 1, -(2**31), 1e30, -1e30, np.nan, np.inf, 1e-30])
    kind = np.iinfo(data.dtype) if data.dtype.kind in "iu" else np.finfo(data.dtype)
    if np.isfinite(value) or data.dtype.kind in "iu":
        value = int(min(max(np.nan_to_num(value), float(kind.min)), float(kind.max)) * 0.99)
    data.reshape(-1)[where] = value
    _replace(file, name, data)


def other_json(file: h5py.File, g: random.Random) -> None:
    names = [name for name in _datasets(file) if file[name].dtype == np.uint8]
    name = g.choice(names)
    content = json.loads(file[name][...].tobytes())
    content = _with_odd_value(content, g)
    text = json.dumps(content).encode()
    if g.random() < 0.1:
        text = g.choice([b"", b"[" * 5000, b"{", b"\xff\xfe", text[:-1], b"NaN", b"1" * 5000])
    _replace(file, name, np.frombuffer(text, np.uint8))


def _with_odd_value(content: Any, g: random.Random) -> Any:
    if isinstance(content, dict) and content and g.random() < 0.9:
        key = g.choice(sorted(content))
        if g.random() < 0.15:
            del content[key]
        else:
            content[key] = _with_odd_value(content[key], g)
        return content
    if isinstance(content, list) and content and g.random() < 0.8:
        place = g.randrange(len(content))
        if g.random() < 0.2:
            del content[place]
        elif g.random() < 0.2:
            content.append(content[place])
        else:
            content[place] = _with_odd_value(content[place], g)
        return content
    return g.choice(ODD_VALUES)


def other_attribute(file: h5py.File, g: random.Random) -> None:
    holders: list[Any] = [file]
    file.visititems(lambda name, item: holders.append(item) if len(item.attrs) else None)
    item = g.choice(holders)
    values = [0, -1, 2**40, 1.5, "x", "", "network", "forest", "dense", "relu", b"\xff", [1, 2]]
    name = g.choice([*item.attrs, "more"])
    if g.random() < 0.2 and name in item.attrs:
        del item.attrs[name]
    else:
        item.attrs[name] = g.choice(values)


def other_tree(file: h5py.File, g: random.Random) -> None:
    """Take something away, put it elsewhere, or put a link or a group in its place."""
    names: list[str] = []
    file.visit(names.append)
    name, other = g.choice(names), g.choice(names)
    what = g.randrange(6)
    if what == 0:
        del file[name]
    elif what == 1 and not other.startswith(name):
        del file[name]
        file[name] = file[other]
    elif what == 2:
        del file[name]
        file.create_group(name)
    elif what == 3:
        del file[name]
        file[name] = h5py.SoftLink(f"/{other}")
    elif what == 4:
        del file[name]
        file[name] = h5py.ExternalLink(__file__, "/")
    else:
        file[f"{g.choice(['targets', 'x', 'targets/tissue/x'])}/y"] = file["/"]


STRUCTURE = (
    other_shape,
    other_kind,
    other_range,
    other_json,
    other_json,
    other_attribute,
    other_tree,
)


def mutate(data: bytes, path: Path, seed: int) -> str:
    """Write the model to `path` with one thing changed; return what it was."""
    g = random.Random(seed)
    if g.random() < 0.5:
        change = g.choice(BYTES)
        path.write_bytes(change(data, g))
        return change.__name__
    change = g.choice(STRUCTURE)
    path.write_bytes(data)
    with h5py.File(path, "r+") as file:
        change(file, g)
    return change.__name__


def use(path: Path) -> str:
    """Open a model and predict with it; return how it went, or raise."""
    try:
        models = load_models(path)
    except DataError as error:
        if "\n" in str(error) or str(path) not in str(error):
            raise AssertionError(f"not one line with its place: {error}") from None
        return "refused"
    for model in models:
        n = len(model.state.features)
        values = np.linspace(0, 15, 3 * n, dtype=np.float32).reshape(3, n)
        columns = predict_columns(model, values, values > 1, np.array(["liver", "", "brain"]))
        if not all(len(column) == 3 for column in columns.values()):
            raise AssertionError("columns of another length")
    return "opened"


def main(source: str, folder: str, first: int, count: int) -> None:
    """Run mutations `first` to ``first + count - 1``."""
    data, path = Path(source).read_bytes(), Path(folder) / "mutated.h5"
    warnings.simplefilter("error")
    numbers: collections.Counter[str] = collections.Counter()
    for seed in range(first, first + count):
        Path(folder, "seed").write_text(str(seed))
        signal.alarm(SECONDS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            what = mutate(data, path, seed)
        try:
            numbers[use(path)] += 1
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            print(json.dumps({
                "seed": seed, "what": what, "error": f"{type(error).__name__}: {error}"[:300],
                "where": f"{Path(where.filename).name}:{where.lineno}",
            }), flush=True)  # fmt: skip
            numbers["failed"] += 1
    print(json.dumps(dict(numbers)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
