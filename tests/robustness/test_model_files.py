"""Model files: damaged ones open or are refused in one line; those of every release are known.

`SRNA_AUGMENT_MUTATIONS=10000 python -m pytest tests/robustness/test_model_files.py` tries as many.
"""

from __future__ import annotations

import json
import os
import re
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


@pytest.mark.parametrize("kind", ["network", "forest"])
def test_damaged_models_open_or_are_refused(kind: str, world: World, tmp_path: Path, root) -> None:
    places = [str(root / "tools"), str(root / "tests")]
    done = subprocess.run(
        [
            sys.executable, "-m", "robustness.model_mutations", getattr(world, kind), tmp_path,
            "0", str(COUNT // 2),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False, timeout=1200,
    )  # fmt: skip
    last = (tmp_path / "seed").read_text()
    assert done.returncode == 0, f"ended with {done.returncode} at seed {last}: {done.stderr}"
    *failures, numbers = map(json.loads, done.stdout.splitlines())
    assert failures == []
    # both ways out were taken, so the mutations neither all miss nor all destroy
    assert numbers["opened"] > COUNT // 20
    assert numbers["refused"] > COUNT // 20


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
