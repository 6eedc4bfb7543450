"""Model files: damaged ones open or are refused in one line; those of every release are known.

`SRNA_AUGMENT_MUTATIONS=10000 python -m pytest tests/robustness/test_model_files.py` tries as many.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from srna_augment.errors import DataError
from srna_augment.model.file import FORMAT_VERSION, load_models

from .toys import World

COUNT = int(os.environ.get("SRNA_AUGMENT_MUTATIONS", "400"))
RELEASED = sorted((Path(__file__).parent.parent / "data").glob("model-format-*.h5"))


def run_mutations(model: Path, folder: Path, root: Path, first: int, last: int):
    """Return how a process that tried mutations ended, and the last that it came to."""
    places = [str(root / "tools"), str(root / "tests")]
    done = subprocess.run(
        [
            sys.executable, "-m", "robustness.model_mutations", model, folder, str(first),
            str(last - first),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False, timeout=1200,
    )  # fmt: skip
    return done, int((folder / "seed").read_text())


@pytest.mark.parametrize("kind", ["network", "forest"])
def test_damaged_models_open_or_are_refused(kind: str, world: World, tmp_path: Path, root) -> None:
    first, last = 0, COUNT // 2
    found: list[dict] = []
    endless: list[int] = []
    while first < last:
        done, seed = run_mutations(getattr(world, kind), tmp_path, root, first, last)
        found += map(json.loads, done.stdout.splitlines())
        first = seed + 1
        if done.returncode == -signal.SIGALRM:
            endless.append(seed)
            continue
        assert done.returncode == 0, f"ended with {done.returncode} at seed {seed}: {done.stderr}"
    assert [each for each in found if "seed" in each] == []
    # The HDF5 library goes round in circles on some damaged files, where nothing can interrupt it.
    print(f"{len(endless)} of {last} do not end: seeds {endless}")
    assert len(endless) <= last / 500
    # both ways out were taken, so the mutations neither all miss nor all destroy
    if not endless:
        assert found[-1]["opened"] > COUNT // 20
        assert found[-1]["refused"] > COUNT // 20


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.stem)
def test_models_of_released_formats_are_read_or_refused_with_the_way_out(path: Path) -> None:
    with h5py.File(path) as file:
        version = int(file.attrs["format_version"])
    assert path.stem == f"model-format-{version}"
    if version == FORMAT_VERSION:
        (model,) = load_models(path)
        assert model.classes == ["brain", "liver"]
        return
    with pytest.raises(DataError, match="install the srna-augment that made it, or train anew"):
        load_models(path)


def test_a_model_of_the_first_format_is_kept() -> None:
    assert RELEASED[0].stem == "model-format-1"


def test_nothing_in_the_package_can_run_what_a_file_holds(root: Path) -> None:
    ways = re.compile(
        r"\b(pickle|cPickle|dill|joblib|cloudpickle|marshal|shelve)\b|allow_pickle=True|\beval\(|"
        r"\bexec\(|yaml\.(load|unsafe_load)\(|shell=True|os\.(system|popen)\(|torch\.load|"
        r"load_model\(|np\.load\("
    )
    sources = [*(root / "tools").rglob("*.py"), *(root / "bin").iterdir()]
    found = [
        f"{path.relative_to(root)}: {match[0]}"
        for path in sources
        if path.is_file() and (match := ways.search(path.read_text(encoding="utf-8")))
    ]
    assert len(sources) > 100
    assert found == []
