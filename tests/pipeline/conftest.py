"""How the workflow's tests run Nextflow, and the small real data that they run it on."""

from __future__ import annotations

import csv
import gzip
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

# Those whose name in the metadata is the name of their class.
TISSUES = ("breast", "kidney", "lung")
SAMPLES_A_TISSUE = 40
BLANKED_EVERY = 10

Nextflow = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def nextflow() -> Nextflow:
    """Return a function that runs ``nextflow`` in a folder, with the suite's commands on PATH."""

    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program = shutil.which("nextflow", path=path)
    if program is None:
        pytest.skip("there is no nextflow on PATH or in .venv/bin (make setup installs it)")

    def run(*arguments: object, cwd: Path, parser: str = "v1") -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "PATH": path,
            "NXF_ANSI_LOG": "false",
            "NXF_SYNTAX_PARSER": parser,
            "OMP_NUM_THREADS": "1",
        }
        return subprocess.run(
            [program, *map(str, arguments)],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def workflow(root: Path) -> Path:
    """Return the path of the workflow."""
    return root / "main.nf"


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, demo_data: Path) -> Path:
    """Return a folder with a table and metadata of a few real tissues, every tenth label blank.

    ``truth`` keeps the labels as they were.
    """
    folder = tmp_path_factory.mktemp("small")
    with (demo_data / "metadata.tsv").open(newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    found: Counter[str] = Counter()
    kept = []
    for row in rows:
        if row["tissue"] in TISSUES and row["sex"] and found[row["tissue"]] < SAMPLES_A_TISSUE:
            found[row["tissue"]] += 1
            kept.append(row)
    assert all(found[name] == SAMPLES_A_TISSUE for name in TISSUES)
    for name in ("truth", "metadata"):
        with (folder / f"{name}.tsv").open("w", newline="") as handle:
            writer = csv.DictWriter(handle, rows[0], delimiter="\t", lineterminator="\n")
            writer.writeheader()
            for number, row in enumerate(kept):
                blank = name == "metadata" and number % BLANKED_EVERY == 0
                writer.writerow({**row, "tissue": "", "sex": ""} if blank else row)
    wanted = {row["sample_id"] for row in kept}
    with gzip.open(demo_data / "tcga.tsv.gz", "rt") as source:
        header, *lines = source
    with gzip.open(folder / "counts.tsv.gz", "wt") as target:
        target.writelines([header, *(line for line in lines if line.split("\t", 1)[0] in wanted)])
    return folder
