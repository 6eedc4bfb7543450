"""All tools write the same inside the image as outside of it."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from container_harness import ROOT

pytestmark = [pytest.mark.container, pytest.mark.train]

# On one thread; members of the network that TensorFlow trains are among what is made.
CHAIN = ("-m", "robustness.chain", "1", "dl")
MODELS = ("rf.h5", "dl.h5", "sex.h5")


def written(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder by name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def replace(files: dict[str, bytes], pairs: list[tuple[str, str]]) -> dict[str, bytes]:
    """Put each second word in the place of the first one in all files."""
    for old, new in pairs:
        assert len(old) == len(new), "the files would have another layout"
        files = {name: data.replace(old.encode(), new.encode()) for name, data in files.items()}
    return files


def test_image_and_host_write_the_same_bytes(
    tmp_path: Path, docker: str, images: Callable[[str], str]
) -> None:
    """Only which Python trained a model may differ, and with it the digests of models."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    tests = str(ROOT / "tests")
    container = [
        docker, "run", "--rm", "--user", f"{os.getuid()}:{os.getgid()}", "--network", "none",
        "--volume", f"{tests}:{tests}:ro", "--volume", f"{inside}:{inside}",
        "--workdir", str(inside), "--env", f"PYTHONPATH={tests}",
        # the processor that OpenBLAS is told of: another gives other last digits
        "--env", "OPENBLAS_CORETYPE", images("train"), "python3",
    ]  # fmt: skip
    asked = [*container, "-c", "import platform; print(platform.python_version())"]
    theirs_python = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    ours_python = platform.python_version()
    if len(theirs_python) != len(ours_python):
        pytest.skip(f"Python {theirs_python} and {ours_python}: their names differ in length")
    subprocess.run([*container, *CHAIN], check=True, timeout=600)
    subprocess.run(
        [sys.executable, *CHAIN],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "tools"), tests))},
        cwd=outside, check=True, timeout=600,
    )  # fmt: skip

    ours, theirs = written(outside), written(inside)
    assert {"e.h5ad", *MODELS, "scores.h5", "annotated.tsv", "page.html"} <= ours.keys()
    assert ours.keys() == theirs.keys()
    digests = [
        (hashlib.sha256(theirs[name]).hexdigest(), hashlib.sha256(ours[name]).hexdigest())
        for name in MODELS
    ]
    theirs = replace(theirs, [(f'"{theirs_python}"', f'"{ours_python}"'), *digests])
    assert [name for name in ours if ours[name] != theirs[name]] == []
