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


@pytest.mark.parametrize(
    "arguments",
    [
        [
            "--targets", "sex,sex", "--learners", "rf, rf", "--schemes", "random,random",
            "--max_cpus", "9999", "--max_memory", "999.TB", "-output-dir", "elsewhere",
        ],
        ["--input", "{one,two[1]}.tsv"],
        ["--input", "two[1].tsv", "--outdir", "out [1]"],
    ],
    ids=["twice-and-more-than-there-is-elsewhere", "braces", "brackets"],
)  # fmt: skip
def test_odd_but_right_calls_run_through(
    nextflow: Callable, workflow: Path, tmp_path: Path, arguments: list[str]
) -> None:
    for name in ("one.tsv", "two[1].tsv", "two1.tsv"):
        (tmp_path / name).touch()
    done = nextflow(
        "run", workflow, "-stub", "-profile", "demo", "--targets", "sex", "--learners", "rf",
        *arguments, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(SUBMITTED.findall(done.stdout)) == 5
    assert "ERROR" not in done.stdout
    folder = {"--outdir": "out [1]", "-output-dir": "elsewhere"}.get(arguments[-2], "results")
    assert (tmp_path / folder / "ro-crate-metadata.json").exists()


def test_quoted_truth_is_understood(nextflow: Callable, workflow: Path, tmp_path: Path) -> None:
    """Quotes make a text of false in a file of parameters, and a text is true to Groovy."""
    (tmp_path / "params.yaml").write_text('baselines: "false"\n')
    done = nextflow(
        "run", workflow, "-stub", "-profile", "demo,debug", "--targets", "sex", "--learners", "rf",
        "-params-file", "params.yaml", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (options,) = re.findall(r"task\.ext\.args=(--folds .*)\]", done.stdout)
    assert "--baselines" not in options


def test_a_run_that_its_parameters_stop_leaves_what_an_earlier_one_wrote(
    nextflow: Callable, workflow: Path, tmp_path: Path
) -> None:
    arguments = ["run", workflow, "-stub", "-profile", "demo", "--train", "false"]
    done = nextflow(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    info = tmp_path / "results" / "pipeline_info"
    before = {path: path.read_bytes() for path in info.iterdir()}
    assert {path.name.split("_20")[0].split(".")[0] for path in before} == {
        "dag", "report", "timeline", "trace", "parameters", "software_versions",
    }  # fmt: skip
    tasks = (info / "trace.tsv").read_text().splitlines()[1:]
    assert len(tasks) == len(SUBMITTED.findall(done.stdout)) == 2
    done = nextflow(*arguments, "--foldz", "3", cwd=tmp_path)
    assert done.returncode == 1
    assert {path: path.read_bytes() for path in before} == before


def test_machine_of_one_processor_runs_the_test_profile(
    nextflow: Callable, workflow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NXF_JVM_ARGS", "-XX:ActiveProcessorCount=1")
    done = nextflow(
        "run", workflow, "-stub", "-profile", "test", "--targets", "sex", "--learners", "rf",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


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
