"""`--scheme transfer`: beside folds, alone, and through tasks that run apart."""

from __future__ import annotations

import csv
from pathlib import Path

from srna_augment.model.file import load_models

from .running import Done, run_main

SIDES = ("--group", "sex", "--train-on", "female", "--test-on", "male")


def forest(expression: Path, *arguments: object) -> Done:
    return run_main(
        "train-rf", expression, "--target", "tissue", "--trees", 10, "--folds", 2, *arguments
    )


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def test_only_the_named_side_is_tested(trained, tmp_path):
    done = forest(
        trained.expression, "--scheme", "transfer", *SIDES, "--predictions", tmp_path / "p.tsv"
    )
    assert done.code == 0, done.err
    men = trained.labels.index[trained.labels["sex"] == "male"]
    rows = read(tmp_path / "p.tsv")
    assert {row["scheme"] for row in rows} == {"transfer"}
    assert sorted(row["sample_id"] for row in rows) == sorted(men)
    assert 0 < len(men) < len(trained.labels)


def test_gathered_with_folds_that_were_run_apart(trained, tmp_path):
    """A table of transfer goes through the last task unchanged, and calibrates nothing."""
    everything = ("--scheme", "random", "--scheme", "transfer", *SIDES)
    one = forest(
        trained.expression, *everything, "-o", tmp_path / "one.h5",
        "--predictions", tmp_path / "one.tsv",
    )  # fmt: skip
    assert one.code == 0, one.err
    parts = {name: tmp_path / f"{name}.part.tsv" for name in ("0", "1", "transfer")}
    for name, path in parts.items():
        which = ("--scheme", "transfer", *SIDES)
        if name != "transfer":
            which = ("--scheme", "random", "--group", "sex", "--fold", name)
        done = forest(trained.expression, *which, "--predictions", path)
        assert done.code == 0, done.err
    given = [word for path in parts.values() for word in ("--calibrate-from", path)]
    apart = forest(
        trained.expression, "--group", "sex", *given, "-o", tmp_path / "apart.h5",
        "--predictions", tmp_path / "apart.tsv",
    )  # fmt: skip
    assert apart.code == 0, apart.err
    rows = read(tmp_path / "one.tsv")
    assert {row["scheme"] for row in rows} == {"random", "transfer"}
    assert read(tmp_path / "apart.tsv") == rows
    calibrated = [load_models(tmp_path / f"{name}.h5")[0].calibration for name in ("one", "apart")]
    assert calibrated[0] == calibrated[1]


def test_a_scheme_that_cannot_be_run_is_said_before_another_is(trained, tmp_path):
    sides = ("--group", "sex", "--train-on", "female", "--test-on", "nobody")
    done = forest(
        trained.expression, "--scheme", "random", "--scheme", "transfer", *sides,
        "--predictions", tmp_path / "p.tsv",
    )  # fmt: skip
    assert done.code == 2
    assert "--test-on nobody: no labelled sample" in done.err
    assert "fold 1" not in done.err
