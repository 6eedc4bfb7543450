"""The same input and seed give the same bytes: twice, on one thread and two, in any hash order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run_all(folder: Path, root: Path, threads: int, hash_seed: int, *more: str) -> dict[str, bytes]:
    """Run every tool in a process of its own; return all that it wrote, by name."""
    folder.mkdir()
    places = [str(root / "tools"), str(root / "tests")]
    subprocess.run(
        [sys.executable, "-m", "robustness.chain", str(threads), *more],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(places),
            "PYTHONHASHSEED": str(hash_seed),
            "TZ": ("UTC", "Asia/Kolkata")[hash_seed % 2],
        },
        cwd=folder, check=True, timeout=600,
    )  # fmt: skip
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    assert one.keys() == other.keys()
    return [name for name in one if one[name] != other[name]]


def test_all_tools_give_the_same_bytes(tmp_path: Path, root: Path) -> None:
    first = run_all(tmp_path / "first", root, 1, 1)
    assert {"e.h5ad", "rf.h5", "dl.h5", "scores.h5", "annotated.tsv", "page.html"} <= first.keys()
    assert len(first) > 30
    assert differing(first, run_all(tmp_path / "again", root, 1, 2)) == []
    assert differing(first, run_all(tmp_path / "two", root, 2, 3)) == []


@pytest.mark.train
@pytest.mark.slow
def test_hidden_members_of_tensorflow_too(tmp_path: Path, root: Path) -> None:
    first = run_all(tmp_path / "first", root, 1, 1, "dl")
    assert differing(first, run_all(tmp_path / "again", root, 1, 2, "dl")) == []
    assert differing(first, run_all(tmp_path / "two", root, 2, 3, "dl")) == []
