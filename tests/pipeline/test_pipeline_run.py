"""The workflow run for real, on a small part of the bundled data."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.pipeline, pytest.mark.slow, pytest.mark.train]

SUBMITTED = re.compile(r"Submitted process > ([\w:]+)(?: \((.*)\))?")
CACHED = re.compile(r"Cached process > ")
# Kidneys that are held to be none of the classes, and hospitals that a transfer trains on: of each
# tissue some, and for some tissues others are left.
STRANGERS = "TCGA-KICH"
TRAIN_ON = ("TCGA-A2", "TCGA-BH", "TCGA-B0", "TCGA-BP", "TCGA-55", "TCGA-66")
TIME = re.compile(r"_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(?=\.)")
INFO = {
    "dag_TIME.html", "report_TIME.html", "timeline_TIME.html", "trace_TIME.tsv", "trace.tsv",
    "parameters.json", "software_versions.yml",
}  # fmt: skip


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as handle:
        delimiter = "," if path.suffix == ".csv" else "\t"
        return list(csv.DictReader(handle, delimiter=delimiter))


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def labelled(small: Path) -> list[dict[str, str]]:
    """Return the samples that are learnt from: those with a label that are no strangers."""
    rows = read(small / "metadata.tsv")
    kept = [row for row in rows if row["tissue"] and row["study"] != STRANGERS]
    assert len(kept) < sum(bool(row["tissue"]) for row in rows)
    return kept


def assert_same_table(first: Path, second: Path) -> None:
    """Compare rows in any order: the same texts, and numbers that differ by rounding only."""
    rows = [sorted(read(path), key=lambda row: list(row.values())[:5]) for path in (first, second)]
    assert len(rows[0]) == len(rows[1]) > 0
    for one, other in zip(*rows, strict=True):
        assert list(one) == list(other)
        for name, value in one.items():
            if value != other[name]:
                assert float(value) == pytest.approx(float(other[name]), abs=2e-4), name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the real runs, which share their work so that `-resume` finds it."""
    return tmp_path_factory.mktemp("real")


@pytest.fixture(scope="module")
def arguments(workflow: Path, small: Path) -> list[object]:
    """Return a run of everything that is short: few samples, one target, little training."""
    return [
        "run", workflow,
        "--input", small / "counts.tsv.gz", "--metadata", small / "metadata.tsv",
        "--targets", "tissue", "--schemes", "random,group,transfer", "--group", "site",
        "--train_on", ", ".join(TRAIN_ON), "--strangers", f"study={STRANGERS}", "--folds", "2",
        "--epochs", "3", "--members", "1", "--trees", "30", "--max_cpus", "1",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def whole(nextflow: Callable, arguments: list[object], folder: Path) -> tuple[str, Path]:
    """Run with all folds in one task; return what Nextflow said and the results."""
    done = nextflow(*arguments, "--outdir", folder / "whole", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, folder / "whole"


def test_each_target_and_learner_is_one_task(whole: tuple[str, Path]) -> None:
    assert sorted(SUBMITTED.findall(whole[0])) == [
        ("AUGMENT", "counts.tsv.gz"),
        ("CROSS_VALIDATE:TRAIN_DL", "tissue.dl"),
        ("CROSS_VALIDATE:TRAIN_RF", "tissue.rf"),
        ("DEEPLIFT_SCORE", "tissue.dl"),
        ("EVALUATE", ""),
        ("MULTIQC", ""),
        ("NORMALISE", "counts.tsv.gz"),
    ]


def test_results_lie_where_the_documentation_says(whole: tuple[str, Path], root: Path) -> None:
    results = whole[1]
    assert files(results) == {
        "annotated.tsv", "annotated.html", "cellxgene.tsv", "multiqc_report.html", "index.csv",
        "ro-crate-metadata.json", "metrics", "predictions", "models", "attribution", "expression",
        "pipeline_info",
    }  # fmt: skip
    documented = (root / "docs" / "output.md").read_text()
    for name in files(results):
        assert f"`{name}`" in documented or f"`{name}/`" in documented
    assert files(results / "models") == {"tissue.dl.h5", "tissue.rf.h5"}
    assert files(results / "predictions") == {"tissue.dl.tsv", "tissue.rf.tsv"}
    assert files(results / "attribution") == {"tissue.dl", "tissue.rf.importance.tsv"}
    assert files(results / "attribution" / "tissue.dl") == {"scores.h5", "tables", "plots"}
    assert {TIME.sub("_TIME", name) for name in files(results / "pipeline_info")} == INFO


def test_index_names_every_result(whole: tuple[str, Path]) -> None:
    results = whole[1]
    paths = {row["path"] for row in read(results / "index.csv")}
    assert all(Path(path).exists() for path in paths)
    indexed = {
        str(file)
        for path in map(Path, paths)
        for file in ([path] if path.is_file() else path.rglob("*"))
        if file.is_file()
    }
    written = {str(file) for file in results.rglob("*") if file.is_file()}
    apart = {str(results / name) for name in ("index.csv", "ro-crate-metadata.json")}
    apart |= set(map(str, (results / "pipeline_info").iterdir()))
    assert indexed - apart == written - apart
    models = [row for row in read(results / "index.csv") if row["result"] == "model"]
    assert {(row["target"], row["learner"]) for row in models} == {
        ("tissue", "dl"),
        ("tissue", "rf"),
    }


def test_blanks_are_filled_and_labels_are_left_alone(whole: tuple[str, Path], small: Path) -> None:
    annotated = read(whole[1] / "annotated.tsv")
    metadata = read(small / "metadata.tsv")
    columns = list(metadata[0])
    assert [{name: row[name] for name in columns} for row in annotated] == metadata
    truth = {row["sample_id"]: row["tissue"] for row in read(small / "truth.tsv")}
    blanks = [row for row in annotated if not row["tissue"]]
    right = sum(row["tissue_best"] == truth[row["sample_id"]] for row in blanks)
    assert len(blanks) == 12
    assert right >= 10  # three tissues that differ plainly; by chance 4


def test_every_label_is_predicted_out_of_fold_once_a_scheme_and_learner(
    whole: tuple[str, Path], small: Path
) -> None:
    wanted = sorted(row["sample_id"] for row in labelled(small))
    names = {"dl": {"dl"}, "rf": {"rf", "majority", "logistic", "boosted", "plain_forest"}}
    for learner, expected in names.items():
        rows = read(whole[1] / "predictions" / f"tissue.{learner}.tsv")
        assert {row["model"] for row in rows} == expected
        for model in expected:
            for scheme in ("random", "group"):
                own = [r for r in rows if (r["model"], r["scheme"]) == (model, scheme)]
                assert sorted(row["sample_id"] for row in own) == wanted


def test_transfer_tests_all_that_it_does_not_train_on(whole: tuple[str, Path], small: Path) -> None:
    wanted = sorted(r["sample_id"] for r in labelled(small) if r["site"] not in TRAIN_ON)
    assert len(wanted) > 30
    for learner in ("dl", "rf"):
        rows = read(whole[1] / "predictions" / f"tissue.{learner}.tsv")
        own = [r for r in rows if (r["model"], r["scheme"]) == (learner, "transfer")]
        assert sorted(row["sample_id"] for row in own) == wanted
        assert sum(row["truth"] == row["predicted"] for row in own) > 0.6 * len(own)
    metrics = read(whole[1] / "metrics" / "metrics.tsv")
    assert {row["scheme"] for row in metrics} == {"random", "group", "transfer"}


@pytest.mark.parametrize("option", ["--condition", "--batch"])
def test_a_column_reaches_the_learners(
    nextflow: Callable, arguments: list[object], folder: Path, whole: tuple[str, Path], option: str
) -> None:
    """A column that is not there is the learner's to refuse."""
    done = nextflow(
        *arguments, option, "nowhere", "--learners", "rf", "--outdir", folder / "refused",
        "-resume", cwd=folder,
    )  # fmt: skip
    assert done.returncode != 0
    assert f"{option} nowhere: the metadata has no such column" in done.stdout + done.stderr


def test_report_and_versions_name_the_tools(whole: tuple[str, Path]) -> None:
    import yaml

    results = whole[1]
    versions = yaml.safe_load((results / "pipeline_info" / "software_versions.yml").read_text())
    assert set(versions["Tools"]) == {
        "normalise", "train-dl", "train-rf", "evaluate", "deeplift-score", "augment", "multiqc",
    }  # fmt: skip
    assert all(re.fullmatch(r"\d+(\.\d+)+\S*", v) for v in versions["Tools"].values())
    report = (results / "multiqc_report.html").read_text(encoding="utf-8")
    assert "deeplift-score" in report
    for section in ("srna_deeplift_tissue", "srna_importance_tissue"):
        assert f'id="{section}"' in report


@pytest.mark.parametrize(
    ("module", "table"),
    [
        ("augment", "annotated.tsv"),
        ("evaluate", "metrics/metrics.tsv"),
        ("train_dl", "predictions/tissue.dl.tsv"),
        ("train_rf", "predictions/tissue.rf.tsv"),
        ("deeplift_score", "attribution/tissue.dl/tables/tissue.classes.tsv"),
    ],
)
def test_columns_of_stub_are_those_of_the_tool(
    whole: tuple[str, Path], root: Path, module: str, table: str
) -> None:
    text = (root / "modules" / module / "main.nf").read_text()
    stubbed = re.findall(r"def columns = '(.+)'", text)
    assert len(stubbed) == 1
    real = (whole[1] / table).read_text().split("\n", 1)[0].split("\t")
    assert [name for name in real if name in stubbed[0].split()] == stubbed[0].split()


def test_resume_runs_nothing_again(
    nextflow: Callable, arguments: list[object], folder: Path, whole: tuple[str, Path]
) -> None:
    done = nextflow(*arguments, "--outdir", folder / "whole", "-resume", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert SUBMITTED.findall(done.stdout) == []
    assert len(CACHED.findall(done.stdout)) == len(SUBMITTED.findall(whole[0]))


def test_labels_are_checked_by_models_that_had_not_learnt_them(whole: tuple[str, Path]) -> None:
    checks = {
        row["sample_id"]: row["tissue_check"]
        for row in read(whole[1] / "annotated.tsv")
        if row["tissue"]
    }

    def left_out(learner: str) -> dict[str, str]:
        rows = read(whole[1] / "predictions" / f"tissue.{learner}.tsv")
        return {
            row["sample_id"]: "agrees" if row["predicted"] == row["truth"] else "disagrees"
            for row in rows
            if (row["model"], row["scheme"]) == (learner, "group")
        }

    judged = [left_out(learner) for learner in ("dl", "rf")]
    made = {sample: check for sample, check in checks.items() if check and sample in judged[0]}
    assert len(made) > len(judged[0]) / 2
    # those of the learner that did best
    assert any(made.items() <= each.items() for each in judged)


def test_scattered_folds_give_the_same_tables(
    nextflow: Callable, arguments: list[object], folder: Path, whole: tuple[str, Path]
) -> None:
    scattered = folder / "scattered"
    done = nextflow(
        *arguments, "--folds_per_task", "1", "--outdir", scattered, "-resume", cwd=folder
    )
    assert done.returncode == 0, done.stdout + done.stderr
    tasks = [name for name, _ in SUBMITTED.findall(done.stdout)]
    assert tasks.count("CROSS_VALIDATE:TRAIN_DL") == tasks.count("CROSS_VALIDATE:TRAIN_RF") == 5
    assert tasks.count("CROSS_VALIDATE:TRAIN_DL_FINAL") == 1
    assert tasks.count("CROSS_VALIDATE:TRAIN_RF_FINAL") == 1
    for name in ("annotated.tsv", "predictions/tissue.dl.tsv", "predictions/tissue.rf.tsv"):
        assert_same_table(scattered / name, whole[1] / name)
    importance = Path("attribution", "tissue.rf.importance.tsv")
    assert (scattered / importance).read_bytes() == (whole[1] / importance).read_bytes()
    rows = read(scattered / importance)
    assert {row["class"] for row in rows} == {"breast", "kidney", "lung"}
    report = (scattered / "multiqc_report.html").read_text(encoding="utf-8")
    assert 'id="srna_importance_tissue"' in report


def test_fills_in_what_was_asked_for_whatever_files_are_called(
    nextflow: Callable, workflow: Path, small: Path, root: Path, tmp_path: Path
) -> None:
    """Models of one name, metadata with the name of an output, and one target of two."""
    models = []
    for target in ("tissue", "sex"):
        (tmp_path / target).mkdir()
        models.append(tmp_path / target / "model.h5")
        models[-1].write_bytes((root / "galaxy" / "test-data" / f"{target}.h5").read_bytes())
    metadata = tmp_path / "annotated.tsv"
    metadata.write_bytes((small / "metadata.tsv").read_bytes())
    done = nextflow(
        "run", workflow, "--train", "false", "--input", small / "counts.tsv.gz",
        "--metadata", metadata, "--models", ",".join(map(str, models)), "--targets", "sex",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    columns = list(read(tmp_path / "results" / "annotated.tsv")[0])
    assert [name for name in columns if name.endswith("_best")] == ["sex_best"]
    assert columns[: len(read(metadata)[0])] == list(read(metadata)[0])


def test_fills_in_without_training(
    nextflow: Callable, workflow: Path, small: Path, folder: Path, whole: tuple[str, Path]
) -> None:
    results = folder / "filled"
    done = nextflow(
        "run", workflow, "--train", "false", "--input", small / "counts.tsv.gz",
        "--models", whole[1] / "models" / "tissue.rf.h5", "--outdir", results, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert [name for name, _ in SUBMITTED.findall(done.stdout)] == ["AUGMENT", "MULTIQC"]
    truth = {row["sample_id"]: row["tissue"] for row in read(small / "truth.tsv")}
    rows = read(results / "annotated.tsv")
    assert {row["sample_id"] for row in rows} == set(truth)
    assert sum(row["tissue_best"] == truth[row["sample_id"]] for row in rows) > 0.9 * len(truth)
