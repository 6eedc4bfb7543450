"""Files of a few megabytes that unpack to gigabytes are refused while little of it is in memory."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from checkout import ROOT, command_path

from .bad_tables import LINES, PLAIN
from .toys import World

GIBIBYTE = 1 << 30
# A gzip file may have many members, so that one of some kilobytes is packed once and repeated.
MEMBER = 32 << 20


def bomb(path: Path, start: bytes, repeated: bytes) -> Path:
    """Write a gzip file of `start`, then four gigabytes of `repeated`."""
    member = gzip.compress(repeated * (MEMBER // len(repeated)), 9)
    path.write_bytes(gzip.compress(start) + member * (4 * GIBIBYTE // MEMBER))
    return path


def run(*words: object) -> tuple[int, str, int]:
    """Run a command; return its exit code, its errors, and its peak memory in bytes."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "bin" / str(words[0])), *map(str, words[1:]), "-q"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PATH": command_path(), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert process.stderr is not None
    with process.stderr:
        errors = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, errors, used.ru_maxrss * 1024


HEADER = (LINES[0] + "\n").encode()
BOMBS = {
    "a line without end": (HEADER, b"x"),
    "a header without end": (b"", b"s\t"),
    "rows without end": (HEADER, (LINES[1] + "\n").encode()),
    "blank lines without end": (PLAIN.encode(), b"\n"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_among_tables(name: str, tmp_path: Path) -> None:
    path = bomb(tmp_path / "bomb.tsv.gz", *BOMBS[name])
    assert path.stat().st_size < 32 << 20
    code, errors, memory = run("normalise", path, "-o", tmp_path / "e.h5ad")
    assert code == 1, errors
    assert errors.startswith(f"ERROR: {path}: unpacks to more than 200 times its size")
    assert memory < 3 * GIBIBYTE
    assert not (tmp_path / "e.h5ad").exists()


@pytest.mark.parametrize("tool", ["metadata", "predictions"])
def test_bombs_among_other_files(tool: str, world: World, tmp_path: Path) -> None:
    path = bomb(tmp_path / "bomb.gz", b"sample_id\ttarget\n", b"s\tt\n")
    if tool == "metadata":
        words = ("augment", world.table, "--metadata", path, "--model", world.network)
    else:
        words = ("evaluate", path)
    code, errors, memory = run(*words, "-o", tmp_path / "out")
    assert code == 1, errors
    assert errors.startswith(f"ERROR: {path}: unpacks to more than 200 times its size")
    assert memory < 3 * GIBIBYTE
    assert not (tmp_path / "out").exists()
