"""`train-rf --importance`: what the forest looks at, on samples that its folds left out."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from srna_augment.attribution.tables import CLASS_COLUMNS

from .conftest import TISSUES
from .running import Done, run_main


def forest(expression: Path, *arguments: object) -> Done:
    return run_main(
        "train-rf", expression, "--target", "tissue", "--trees", 60, "--folds", 2, *arguments
    )


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def test_table_and_section(trained, tmp_path):
    table = tmp_path / "i.tsv"
    done = forest(
        trained.expression, "--importance", table, "--multiqc", tmp_path / "m", "--top", 5,
        "--predictions", tmp_path / "p.tsv",
    )  # fmt: skip
    assert (done.code, done.out) == (0, ""), done.err
    rows = read(table)
    assert tuple(rows[0]) == CLASS_COLUMNS
    by_class = {name: [row for row in rows if row["class"] == name] for name in _classes(rows)}
    assert len(by_class) == len(TISSUES)
    for of_class in by_class.values():
        assert [row["rank"] for row in of_class] == ["1", "2", "3", "4", "5"]
        means = [float(row["mean"]) for row in of_class]
        assert means == sorted(means, reverse=True)
        assert 0 < means[0] < 1
        assert {row["n_samples"] for row in of_class} == {"8"}
    assert any("mir-122" in row["feature"] for row in by_class["liver"])
    (path,) = (tmp_path / "m").iterdir()
    section = json.loads(path.read_text(encoding="utf-8"))
    assert section["parent_id"] == "srna_deeplift"
    assert section["id"] == "srna_importance_tissue" == path.name.removesuffix("_mqc.json")
    assert len(section["ycats"]) == len(section["data"]) == len(TISSUES)
    assert "random folds" in section["description"]


def _classes(rows: list[dict[str, str]]) -> list[str]:
    return list(dict.fromkeys(row["class"] for row in rows))


def test_folds_are_not_changed_by_looking_at_them(trained, tmp_path):
    for name, more in (("a", ()), ("b", ("--importance", tmp_path / "i.tsv"))):
        done = forest(trained.expression, "--predictions", tmp_path / name, *more)
        assert done.code == 0, done.err
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("folds", [("--scheme", "none"), ("--calibrate-from",)])
def test_without_folds_there_is_no_importance(trained, tmp_path, folds):
    more = (*folds, trained.predictions["tissue"]) if folds[0] == "--calibrate-from" else folds
    done = forest(
        trained.expression, *more, "-o", tmp_path / "m.h5", "--importance", tmp_path / "i.tsv"
    )
    assert done.code == 2
    assert "samples that folds left out" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(trained, tmp_path):
    done = forest(
        trained.expression, "-o", tmp_path / "m.h5", "--importance", tmp_path / "none" / "i.tsv"
    )
    assert done.code == 2
    assert "make it first" in done.err
