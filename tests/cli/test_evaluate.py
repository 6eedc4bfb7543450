"""The command `evaluate`: options, exit codes, whole outputs, a quick start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

HEADER = (
    "sample_id",
    "target",
    "model",
    "scheme",
    "fold",
    "truth",
    "predicted",
    "probability",
    "study",
    "prob:liver",
    "prob:lung",
)
ROWS = (
    ("s1", "tissue", "dl", "group", "0", "liver", "liver", "0.9", "A", "0.9", "0.1"),
    ("s2", "tissue", "dl", "group", "0", "lung", "liver", "0.6", "A", "0.6", "0.4"),
    ("s3", "tissue", "dl", "group", "1", "liver", "liver", "0.7", "B", "0.7", "0.3"),
    ("s4", "tissue", "dl", "group", "1", "lung", "lung", "0.8", "B", "0.2", "0.8"),
)


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    path = tmp_path / "p.tsv"
    path.write_text("".join("\t".join(row) + "\n" for row in (HEADER, *ROWS)))
    return path


def test_a_run_writes_all_that_was_asked_for(run_command, predictions, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    done = run_command(
        "evaluate",
        predictions,
        "--output",
        out / "m.json",
        "--table",
        out / "t.tsv",
        "--plots",
        out / "deep" / "plots",
        "--multiqc",
        out / "multiqc",
        "--bootstrap",
        "100",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "accuracy_by_study 0.750" in done.stderr
    result = json.loads((out / "m.json").read_text())["results"][0]
    assert result["metrics"]["accuracy_by_study"] == 0.75
    assert result["intervals"]["accuracy_by_study"] == [0.5, 1.0]
    assert (out / "t.tsv").read_text().splitlines()[1].startswith("tissue\tdl\tgroup\t4\t2\t0.750")
    assert (out / "deep" / "plots" / "tissue.accuracy.svg").stat().st_size > 1000
    assert (out / "multiqc" / "srna_summary_mqc.json").exists()
    assert not [path for path in out.rglob("*") if path.name.endswith(".part")]


def test_options_reach_the_figures(run_command, predictions):
    done = run_command(
        "evaluate",
        predictions,
        "--output",
        "-",
        "-q",
        "--bootstrap",
        "0",
        "--precision",
        "0.7",
        "--bins",
        "2",
        "--top",
        "1",
        "--reference",
        "rf",
        "--level",
        "0.5",
        "--seed",
        "9",
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert report["settings"] == {
        "bootstrap_resamples": 0,
        "bootstrap_unit": "study",
        "interval_level": 0.5,
        "precision": 0.7,
        "calibration_bins": 2,
        "top": 1,
        "reference": "rf",
        "seed": 9,
    }
    assert len(report["results"][0]["reliability"]["n"]) == 2
    assert report["results"][0]["metrics"]["coverage_at_precision"] == 1.0


def test_table_on_stdout_is_data_only(run_command, predictions, tmp_path):
    done = run_command("evaluate", predictions, "--output", tmp_path / "m.json", "--table", "-")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [len(line) for line in lines] == [14, 14]
    assert lines[0][0] == "target"


def test_reads_standard_input(run_command, predictions):
    done = run_command("evaluate", "-", "--output", "-", "-q", input=predictions.read_text())
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["inputs"] == [{"file": "-", "rows": 4}]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["{p}"], 2, "Missing option"),
        (["--output", "{t}/m.json"], 2, "Missing argument"),
        (["{p}", "--output", "{t}/no/m.json"], 2, "does not exist"),
        (["{p}", "--output", "-", "--table", "-"], 2, "cannot both be '-'"),
        (["-", "-", "--output", "{t}/m.json"], 2, "name it once"),
        (["{p}", "--output", "{p}"], 2, "a name of its own"),
        (["{p}", "--output", "{t}/m", "--table", "{t}/m"], 2, "a name of its own"),
        (["{p}", "--output", "{t}/m", "--reading", "{p}", "--table", "{p}"], 2, "of its own"),
        (["{p}", "--output", "{t}/m.json.gz"], 2, "outputs are not gzipped: leave .gz out"),
        (["{p}", "--output", "{t}/m.json", "--plots", "{p}"], 2, "is a file"),
        (["{p}", "--output", "{t}/m.json", "--plots", "{p}/plots"], 2, "cannot be made"),
        (["{p}", "--output", "{t}/m.json", "--precision", "95"], 2, "--precision"),
        (["{t}/none.tsv", "--output", "{t}/m.json"], 1, "none.tsv: cannot be read"),
        (["{p}", "{p}", "--output", "{t}/m.json"], 1, "was already predicted"),
    ],
)
def test_errors_end_in_a_code_and_leave_nothing(
    run_command, predictions, tmp_path, arguments, code, words
):
    filled = [text.format(p=predictions, t=tmp_path) for text in arguments]
    done = run_command("evaluate", *filled)
    assert done.returncode == code
    assert words in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["p.tsv"]


def test_a_file_whose_name_is_no_text_is_read(run_command, predictions, tmp_path):
    odd = predictions.rename(tmp_path / os.fsdecode(b"caf\xe9.tsv"))
    assert run_command("evaluate", odd, "--output", tmp_path / "m.json").returncode == 0
    report = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    assert report["inputs"][0]["file"].endswith("/caf?.tsv")


def test_a_data_error_is_one_line(run_command, predictions, tmp_path):
    predictions.write_text(predictions.read_text().replace("0.9\t0.1", "0.9\thigh"))
    done = run_command("evaluate", predictions, "--output", tmp_path / "m.json")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"ERROR: {predictions}: row 2, column prob:lung: 'high' is not a probability: give a "
        f"number from 0 to 1, or nothing"
    ]


def test_an_old_result_survives_a_failed_run(run_command, predictions, tmp_path):
    output = tmp_path / "m.json"
    output.write_text("old")
    predictions.write_text("sample_id\n")
    assert run_command("evaluate", predictions, "--output", output).returncode == 1
    assert output.read_text() == "old"


def loaded(root: Path, code: str) -> set[str]:
    """Return the top names of all modules that a piece of Python loads."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        text=True,
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(root / "tools")},
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_help_loads_nothing_heavy(root):
    names = loaded(root, "import srna_augment.cli.evaluate")
    assert not names & {"numpy", "pandas", "sklearn", "scipy", "matplotlib", "tensorflow"}


def test_a_run_needs_neither_tensorflow_nor_scikit_learn(root, predictions, tmp_path):
    arguments = [
        str(predictions),
        "-q",
        "--output",
        str(tmp_path / "m.json"),
        "--plots",
        str(tmp_path / "plots"),
        "--multiqc",
        str(tmp_path / "multiqc"),
    ]
    names = loaded(
        root,
        f"from srna_augment.cli.evaluate import main\nmain({arguments!r}, standalone_mode=False)",
    )
    assert {"numpy", "matplotlib"} <= names
    assert not names & {"tensorflow", "keras", "sklearn", "scipy", "anndata", "h5py"}


def test_help_names_every_option_quickly(run_command):
    before = os.times()
    start = time.perf_counter()
    done = run_command("evaluate", "--help")
    wall = time.perf_counter() - start
    after = os.times()
    assert done.returncode == 0
    for option in (
        "--output",
        "--table",
        "--plots",
        "--multiqc",
        "--bootstrap",
        "--level",
        "--precision",
        "--bins",
        "--top",
        "--reference",
        "--seed",
    ):
        assert option in done.stdout
    # processor time: a busy machine makes the clock on the wall say little
    used = (
        after.children_user - before.children_user + after.children_system - before.children_system
    )
    assert min(used, wall) < 0.6
