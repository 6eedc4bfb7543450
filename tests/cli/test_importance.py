"""`train-rf --importance`: what the forest looks at, on samples that its folds left out."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import h5py
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


def test_folds_run_apart_give_the_same_bytes(trained, tmp_path):
    """Classes, ranks, spreads and the section: gathered from three runs of one fold as from one."""
    together = forest(
        trained.expression, "--folds", 3, "-o", tmp_path / "one.h5", "--top", 0,
        "--importance", tmp_path / "one.tsv", "--multiqc", tmp_path / "one",
        "--save-importance", tmp_path / "one.parts.h5",
    )  # fmt: skip
    assert together.code == 0, together.err
    gathered: list[object] = []
    for fold in range(3):
        predictions, parts = tmp_path / f"{fold}.tsv", tmp_path / f"{fold}.h5"
        done = forest(
            trained.expression, "--folds", 3, "--fold", fold, "--predictions", predictions,
            "--save-importance", parts,
        )  # fmt: skip
        assert done.code == 0, done.err
        gathered += ["--calibrate-from", predictions, "--importance-from", parts]
    apart = forest(
        trained.expression, *gathered, "-o", tmp_path / "apart.h5", "--top", 0,
        "--importance", tmp_path / "apart.tsv", "--multiqc", tmp_path / "apart",
    )  # fmt: skip
    assert apart.code == 0, apart.err
    alone = forest(
        trained.expression, "--scheme", "none", "-o", tmp_path / "none.h5", "--top", 0,
        "--importance-from", tmp_path / "one.parts.h5", "--importance", tmp_path / "none.tsv",
    )  # fmt: skip
    assert alone.code == 0, alone.err
    table = (tmp_path / "one.tsv").read_bytes()
    assert len({row["mean"] for row in read(tmp_path / "one.tsv")}) > 20
    assert (tmp_path / "apart.tsv").read_bytes() == table
    assert (tmp_path / "none.tsv").read_bytes() == table
    sections = [tmp_path / name / "srna_importance_tissue_mqc.json" for name in ("one", "apart")]
    assert sections[0].read_bytes() == sections[1].read_bytes()


@pytest.fixture(scope="module")
def parts(trained, tmp_path_factory):
    """Importance of the first of two folds, and of both."""
    folder = tmp_path_factory.mktemp("parts")
    for name, more in (("first", ("--fold", 0)), ("both", ())):
        done = forest(
            trained.expression, *more, "--predictions", folder / f"{name}.tsv",
            "--save-importance", folder / f"{name}.h5",
        )  # fmt: skip
        assert done.code == 0, done.err
    return folder


def gather(trained, tmp_path, *files: Path) -> Done:
    given = [word for path in files for word in ("--importance-from", path)]
    done = forest(
        trained.expression, "--scheme", "none", "-o", tmp_path / "m.h5", *given,
        "--importance", tmp_path / "i.tsv",
    )  # fmt: skip
    assert not (tmp_path / "i.tsv").exists()
    assert len(done.err.splitlines()) >= 1
    return done


def test_a_fold_that_is_missing_or_given_twice(trained, parts, tmp_path):
    for files in ([parts / "first.h5"], [parts / "both.h5", parts / "first.h5"]):
        done = gather(trained, tmp_path, *files)
        assert done.code == 1
        assert "give each fold of the same expression file once" in done.err


def test_files_that_are_no_importance(trained, parts, tmp_path):
    (tmp_path / "text.h5").write_text("no")
    for path, line in (
        (tmp_path / "text.h5", "not an HDF5 file, or damaged"),
        (trained.models["tissue"], "not importance of folds"),
    ):
        done = gather(trained, tmp_path, path)
        assert done.code == 1
        assert line in done.err


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda file: file.attrs.__setitem__("target", "sex"), "is of target sex, not tissue"),
        (lambda file: file.attrs.__setitem__("format_version", 9), "run the folds anew"),
        (lambda file: file["folds/0"].pop("known"), "not sound"),
        (lambda file: file["folds/0/votes"].__setitem__((0, 0), float("nan")), "no finite float32"),
        (lambda file: file["folds/0/known"].__setitem__(0, 0), "of different sizes"),
        (lambda file: file.__setitem__("x", h5py.SoftLink("/folds")), "is a link"),
    ],
)
def test_importance_that_was_changed(trained, parts, tmp_path, change, line):
    path = tmp_path / "changed.h5"
    shutil.copy(parts / "both.h5", path)
    with h5py.File(path, "r+") as file:
        change(file)
    done = gather(trained, tmp_path, path)
    assert done.code == 1
    assert line in done.err.splitlines()[-1]


def test_gathering_and_folds_do_not_go_together(trained, parts, tmp_path):
    done = forest(
        trained.expression, "-o", tmp_path / "m.h5", "--importance", tmp_path / "i.tsv",
        "--importance-from", parts / "both.h5",
    )  # fmt: skip
    assert done.code == 2
    assert "of folds that were run before" in done.err
    assert list(tmp_path.iterdir()) == []
