"""The workflow run as a stub: every task and every result, without the work."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.pipeline

SUBMITTED = re.compile(r"Submitted process > ([\w:]+)")
RESULTS = 20


@pytest.mark.parametrize("parser", ["v1", "v2"])
def test_stub_runs_through(nextflow: Callable, workflow: Path, tmp_path: Path, parser: str) -> None:
    done = nextflow(
        "run", workflow, "-stub", "-profile", "demo", "--targets", "sex", "--folds", "3",
        "--folds_per_task", "2", "--schemes", "random,group,transfer", "--train_on", "TCGA-KIRC",
        cwd=tmp_path, parser=parser,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    tasks = SUBMITTED.findall(done.stdout)
    # folds 0-1 and fold 2 of two schemes, and the transfer
    assert tasks.count("CROSS_VALIDATE:TRAIN_DL") == 5
    assert tasks.count("CROSS_VALIDATE:TRAIN_DL_FINAL") == 1
    results = tmp_path / "results"
    header, *rows = (results / "annotated.tsv").read_text().splitlines()
    assert header.startswith("sample_id\ttissue_best\t")
    assert rows == []
    header, *rows = (results / "index.csv").read_text().splitlines()
    assert len(rows) == RESULTS
    check_crate(results, workflow.parent / "assets" / "demo")


def check_crate(results: Path, demo: Path) -> None:
    """Check that the run crate has every result and input, each with the SHA-256 of its content."""
    graph = json.loads((results / "ro-crate-metadata.json").read_text())["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert len(entities) == len(graph)
    (action,) = (entity for entity in graph if entity["@type"] == "CreateAction")
    assert entities[action["instrument"]["@id"]]["softwareVersion"] == "0.1.0"
    made = [reference["@id"] for reference in action["result"]]
    assert len(made) == RESULTS
    for name in made:
        path = results / name
        assert path.is_dir() or entities[name]["sha256"] == sha256(path)
    used = {r["@id"] for r in action["object"] if r["@id"].startswith("file:")}
    inputs = [*demo.glob("*.tsv.gz"), demo / "metadata.tsv"]
    assert used == {f"file://{path}" for path in inputs}
    for path in inputs:
        assert entities[f"file://{path}"]["sha256"] == sha256(path)
    assert entities["#parameter-targets"]["value"] == "sex"
    assert entities["#software-augment"]["softwareVersion"]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
