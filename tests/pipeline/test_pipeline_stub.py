"""The workflow run as a stub: every task and every result, without the work."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.pipeline

SUBMITTED = re.compile(r"Submitted process > ([\w:]+)")
RESULTS = 17


@pytest.mark.parametrize("parser", ["v1", "v2"])
def test_stub_runs_through(nextflow: Callable, workflow: Path, tmp_path: Path, parser: str) -> None:
    done = nextflow(
        "run", workflow, "-stub", "-profile", "demo", "--targets", "sex", "--folds", "3",
        "--folds_per_task", "2", cwd=tmp_path, parser=parser,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    tasks = SUBMITTED.findall(done.stdout)
    # folds 0-1 and fold 2 of two schemes
    assert tasks.count("CROSS_VALIDATE:TRAIN_DL") == 4
    assert tasks.count("CROSS_VALIDATE:TRAIN_DL_FINAL") == 1
    results = tmp_path / "results"
    header, *rows = (results / "annotated.tsv").read_text().splitlines()
    assert header.startswith("sample_id\ttissue_best\t")
    assert rows == []
    header, *rows = (results / "index.csv").read_text().splitlines()
    assert len(rows) == RESULTS
