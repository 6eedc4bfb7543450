"""The contract of `augment`: its columns, its calls, its refusals, its outputs."""

from __future__ import annotations

import array
import csv
import fcntl
import io
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import IO

import h5py
import numpy as np
import pandas as pd
import pytest

from srna_augment.model.file import load_models, save_models
from srna_augment.ontology import tissue_group

from .conftest import TARGETS, Cohort, call_from, write
from .running import Here

SUFFIXES = ("best", "probability", "status", "pred", "pred_ontology_term_id", "set", "check")
YEARS = ["age_years_pred", "age_years_low", "age_years_high"]
ONE_EACH = ["kidney", "brain", "liver", "prostate"]


def columns_of(*targets: str) -> list[str]:
    names = [f"{target}_{suffix}" for target in targets for suffix in SUFFIXES]
    return names + (YEARS if "age" in targets else [])


def parse(text: str) -> pd.DataFrame:
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter="\t")
    assert all(len(row) == len(header) for row in rows)
    return pd.DataFrame(rows, columns=header)


@pytest.fixture(scope="module")
def tissue(trained: Cohort) -> tuple[str, str]:
    return "--model", str(trained.models["tissue"])


@pytest.fixture(scope="module")
def few(trained: Cohort, annotated: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of one sample of each tissue, all of them called."""
    called = annotated[annotated["tissue_status"] == "called"].drop_duplicates("tissue")
    return trained.counts.loc[called.set_index("tissue").loc[ONE_EACH, "sample_id"]]


@pytest.fixture
def table(few: pd.DataFrame, tmp_path: Path) -> Path:
    return write(few, tmp_path / "few.tsv")


@pytest.fixture(scope="module")
def annotated(trained: Cohort, here: Here) -> pd.DataFrame:
    models = [word for target in reversed(TARGETS) for word in ("--model", trained.models[target])]
    done = here("augment", trained.table, "--metadata", trained.metadata, *models, "-o", "-")
    assert done.code == 0, done.err
    return parse(done.out)


def calls(here: Here, table: Path, *arguments: object) -> pd.DataFrame:
    done = here("augment", table, *arguments, "-o", "-")
    assert done.code == 0, done.err
    return parse(done.out).set_index("sample_id")


def test_columns_are_the_metadata_and_those_of_each_target_in_order(annotated, trained):
    assert list(annotated.columns) == [*trained.labels.columns, *columns_of(*TARGETS)]
    assert annotated["sample_id"].tolist() == trained.labels["sample_id"].tolist()


def test_a_call_is_the_best_class_with_its_term_and_nothing_else_is(annotated):
    terms = {"liver": "UBERON:0002107", "kidney": "UBERON:0002113", "female": "PATO:0000383"}
    statuses = set()
    for target in TARGETS:
        best, status = annotated[f"{target}_best"], annotated[f"{target}_status"]
        called = status == "called"
        statuses |= set(status)
        assert (best != "").all()
        assert (annotated[f"{target}_pred"] == best.where(called, "")).all()
        term = annotated[f"{target}_pred_ontology_term_id"]
        assert (term[~called] == "").all()
        for name, wanted in terms.items():
            assert (term[called & (best == name)] == wanted).all()
        probability = annotated[f"{target}_probability"].astype(float)
        assert probability.between(0, 1).all()
        sets = annotated[f"{target}_set"].str.split("|")
        assert all(name in some for name, some in zip(best, sets, strict=True))
        assert set(annotated[f"{target}_check"][~called]) <= {""}
    assert statuses <= {"called", "withheld", "out_of_distribution"}
    assert {"called", "withheld"} <= statuses


def test_years_lie_in_their_interval(annotated):
    years, low, high = (annotated[name].astype(float) for name in YEARS)
    assert ((low >= 0) & (low <= years) & (years <= high)).all()
    assert high.max() < 200


def test_metadata_come_out_as_they_were_written(table, few, here, tissue, tmp_path):
    metadata = pd.DataFrame(
        {
            "note": ['he said "hi"', '5" x', "a\tb", "line 1\nline 2"],
            "Größe µ": ["ü", "", "  pad ", "NA"],
            "sample_id": few.index,
            "empty": [""] * 4,
            "number": ["007", "1e5", "1.0", "-0"],
            "age/sex": ["a", "b", "c", "None"],
            "_index": list("abcd"),
            "3": ["=1+1", "TRUE", "2020-01-01", "nan"],
        }
    )
    path = tmp_path / "samples.csv"
    metadata.to_csv(path, index=False)
    done = here("augment", table, "--metadata", path, *tissue, "-o", "-")
    assert done.code == 0, done.err
    result = parse(done.out)
    assert list(result.columns) == [*metadata.columns, *columns_of("tissue")]
    assert result[metadata.columns].to_numpy().tolist() == metadata.to_numpy().tolist()


def test_a_swap_among_training_samples_shows_out_of_fold(trained, here, tmp_path):
    labels = trained.labels.copy()
    swapped = [labels.index[labels["tissue"] == name][0] for name in ("brain", "liver")]
    labels.loc[swapped, "tissue"] = ["liver", "brain"]
    metadata, expression = tmp_path / "swapped.tsv", tmp_path / "swapped.h5ad"
    labels.to_csv(metadata, sep="\t", index=False)
    model, predictions = tmp_path / "model.h5", tmp_path / "predictions.tsv"
    assert here("normalise", trained.table, "--metadata", metadata, "-o", expression).code == 0
    done = here(
        "train-rf", expression, "--target", "tissue", "--trees", 100, "--folds", 4,
        "-o", model, "--predictions", predictions,
    )  # fmt: skip
    assert done.code == 0, done.err
    call_from(model, 0.4)
    given = ("--metadata", metadata, "--model", model)
    learnt = calls(here, trained.table, *given)["tissue_check"]
    assert learnt[swapped].tolist() == ["agrees", "agrees"]
    honest = calls(here, trained.table, *given, "--out-of-fold", predictions)
    assert honest["tissue_check"][swapped].tolist() == ["disagrees", "disagrees"]
    rest = honest["tissue_check"].drop(swapped)
    assert (rest == "agrees").sum() > 20
    # the columns are the model's own, but for the check
    own = calls(here, trained.table, *given).drop(columns="tissue_check")
    pd.testing.assert_frame_equal(own, honest.drop(columns="tissue_check"))


def test_raw_predictions_are_no_evidence_out_of_fold(trained, here, tmp_path):
    raw = tmp_path / "raw.tsv"
    raw.write_text(trained.predictions["tissue"].read_text().replace("\tyes\t", "\tno\t"))
    done = here(
        "augment", trained.table, "--model", trained.models["tissue"], "--out-of-fold", raw,
        "-o", tmp_path / "a.tsv",
    )  # fmt: skip
    assert done.code == 1
    assert "predictions of tissue are raw" in done.err.splitlines()[-1]
    assert not (tmp_path / "a.tsv").exists()


def test_predictions_of_another_learner_check_nothing(trained, here, table, tissue, tmp_path):
    other = tmp_path / "other.tsv"
    text = trained.predictions["tissue"].read_text()
    other.write_text(text.replace("\trf\t", "\tdl\t"))
    done = here("augment", table, *tissue, "--out-of-fold", other, "-o", tmp_path / "a.tsv")
    assert (done.code, (tmp_path / "a.tsv").exists()) == (1, False)
    assert "tissue by dl, and the models are tissue by rf" in done.err


def test_labels_in_any_spelling_are_checked(table, few, here, tissue, tmp_path):
    path = tmp_path / "samples.tsv"
    labels = ["Kidney", "UBERON:0002107", "  LIVER ", "not available"]
    pd.DataFrame({"id": few.index, "Tissue": labels}).to_csv(path, sep="\t", index=False)
    result = calls(here, table, "--metadata", path, *tissue)
    assert result["tissue_pred"].tolist() == ["kidney", "brain", "liver", "prostate gland"]
    assert result["tissue_check"].tolist() == ["agrees", "disagrees", "agrees", ""]
    assert result["Tissue"].tolist() == labels


def test_a_filled_column_of_labels_goes_before_an_empty_one(table, few, here, tissue, tmp_path):
    path = tmp_path / "samples.tsv"
    frame = pd.DataFrame({"id": few.index, "tissue": "", "organ": ["kidney", "", "kidney", ""]})
    frame.to_csv(path, sep="\t", index=False)
    result = calls(here, table, "--metadata", path, *tissue)
    assert result["tissue_check"].tolist() == ["agrees", "", "disagrees", ""]


def test_labels_of_a_model_of_another_thing_are_in_its_column(table, few, here, trained, tmp_path):
    (model,) = load_models(trained.models["tissue"])
    model.provenance["label_column"] = "disease"
    save_models([model], tmp_path / "disease.h5", version="0")
    disease = ["brain", *ONE_EACH[1:]]  # the first is a kidney
    frame = pd.DataFrame({"sample_id": few.index, "tissue": "liver", "disease": disease})
    metadata = write(frame.set_index("sample_id"), tmp_path / "m.tsv")
    asked = ("--model", tmp_path / "disease.h5", "--metadata", metadata)
    page, report = tmp_path / "page.html", tmp_path / "multiqc"
    found = calls(here, table, *asked, "--html", page, "--multiqc", report)
    assert found["tissue_check"].tolist() == ["disagrees", "agrees", "agrees", "agrees"]
    assert "✗ label: brain" in page.read_text()
    told = (report / "srna_augment_disagreements_mqc.json").read_text()
    assert '"label": "brain"' in told
    # without that column labels are where those of tissues are
    frame.drop(columns="disease").to_csv(metadata, sep="\t", index=False)
    found = calls(here, table, *asked)
    assert found["tissue_check"].tolist() == ["disagrees", "disagrees", "agrees", "disagrees"]


def test_a_sample_alone_is_checked_by_the_column_that_all_are_checked_by(
    few, table, here, tissue, tmp_path
):
    path = tmp_path / "samples.tsv"
    frame = pd.DataFrame({"id": few.index, "tissue": "", "organ": ["kidney", "liver", "", "skin"]})
    frame.loc[3, "tissue"] = "kidney"
    frame.to_csv(path, sep="\t", index=False)
    together = calls(here, table, "--metadata", path, *tissue)
    assert together["tissue_check"].tolist() == ["", "", "", "disagrees"]
    for row in range(len(few)):
        alone = write(few.iloc[[row]], tmp_path / f"{row}.tsv")
        pd.testing.assert_frame_equal(
            calls(here, alone, "--metadata", path, *tissue), together.iloc[[row]]
        )


def test_sample_ids_are_never_changed(few, here, tissue, tmp_path):
    names = ["1A-2", "-x", "b c", "NA"]
    result = calls(here, write(few.set_axis(names), tmp_path / "t.tsv"), *tissue)
    assert result.index.tolist() == names


def test_a_sample_without_metadata_keeps_its_id(table, few, here, tissue, tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text(f"sample_id\tnote\n{few.index[1]}\tx\nstranger\ty\n")
    done = here("augment", table, "--metadata", path, *tissue, "-o", "-")
    result = parse(done.out)
    assert result["sample_id"].tolist() == few.index.tolist()
    assert result["note"].tolist() == ["", "x", "", ""]
    assert "no row for 3 samples" in done.err


def test_ids_that_r_mangled_are_matched_and_said(few, here, tissue, tmp_path):
    table = write(few.set_axis(["X1A.2", "b", "c", "d"]), tmp_path / "t.tsv")
    path = tmp_path / "samples.tsv"
    path.write_text("sample_id\tnote\n1A-2\tx\nb\ty\nc\tz\nd\tw\n")
    done = here("augment", table, "--metadata", path, *tissue, "-o", "-")
    assert parse(done.out)["sample_id"].tolist() == ["1A-2", "b", "c", "d"]
    assert "'X1A.2' is taken for '1A-2'" in done.err


def test_a_sample_alone_gets_what_it_gets_among_others(few, table, here, tissue, tmp_path):
    together = calls(here, table, *tissue)
    for row in range(len(few)):
        alone = calls(here, write(few.iloc[[row]], tmp_path / f"{row}.tsv"), *tissue)
        pd.testing.assert_frame_equal(alone, together.iloc[[row]])


def test_a_sample_without_reads_is_out_of_distribution(few, here, trained, tmp_path):
    counts = few.copy()
    counts.iloc[1] = 0
    models = [w for t in ("tissue", "age") for w in ("--model", trained.models[t])]
    result = calls(here, write(counts, tmp_path / "t.tsv"), *models).iloc[1]
    for target in ("tissue", "age"):
        assert result[f"{target}_status"] == "out_of_distribution"
        assert result[f"{target}_pred"] == result[f"{target}_pred_ontology_term_id"] == ""
    # nothing is known of it, so nothing can be ruled out
    assert set(result["tissue_set"].split("|")) == {"kidney", "brain", "liver", "prostate gland"}
    assert result[YEARS].tolist() == ["", "", ""]


def test_the_order_of_columns_and_the_day_do_not_matter(few, here, tissue, tmp_path):
    shuffled = few[np.random.default_rng(0).permutation(few.columns)]
    paths = [write(few, tmp_path / "a.tsv"), write(shuffled, tmp_path / "b.tsv")]
    outputs = [here("augment", path, *tissue, "-o", "-").out for path in (*paths, paths[0])]
    assert outputs[0] == outputs[1] == outputs[2]


def test_reads_per_million_are_called_as_counts_are(trained, here, tissue, tmp_path):
    rpm = trained.counts.div(trained.counts.sum(axis=1), axis=0) * 1e6
    as_counts = calls(here, trained.table, *tissue)
    as_rpm = calls(here, write(rpm, tmp_path / "rpm.tsv"), *tissue)
    assert as_rpm["tissue_pred"].tolist() == as_counts["tissue_pred"].tolist()
    logged = write(np.log2(rpm + 1), tmp_path / "log.tsv")
    undone = calls(here, logged, *tissue, "--units", "log2")
    assert undone["tissue_pred"].tolist() == as_counts["tissue_pred"].tolist()


def test_other_rna_classes_in_the_table_do_not_change_calls(trained, here, tissue, tmp_path):
    rng = np.random.default_rng(0)
    others = ["hsa_piR_000001", "hsa_piR_020326", "tRNA-Gly-GCC", "SNORD44", "RNY4", "RNA5-8S"]
    mixed = trained.counts.copy()
    mixed[others] = rng.integers(0, 100_000, (len(mixed), len(others)))
    alone = calls(here, trained.table, *tissue)
    together = calls(here, write(mixed, tmp_path / "mixed.tsv"), *tissue)
    pd.testing.assert_frame_equal(together, alone)


def as_arms(counts: pd.DataFrame) -> pd.DataFrame:
    """Split the reads of each hairpin into two arms and add copies up, as mature tables do."""
    stem = counts.columns.str.replace(r"^(hsa-(?:mir|let)-\d+[a-z]*)-\d+$", r"\1", regex=True)
    stem = stem.str.replace("hsa-mir-", "hsa-miR-")
    whole = counts.T.groupby(stem.to_numpy()).sum(min_count=1).T
    minor = (whole * 0.1).round()
    return pd.concat([(whole - minor).add_suffix("-5p"), minor.add_suffix("-3p")], axis=1)


def test_mature_arms_and_precursors_meet(trained, here, tissue, tmp_path):
    arms = write(as_arms(trained.counts), tmp_path / "arms.tsv")
    expected = calls(here, trained.table, *tissue)["tissue_best"]
    assert (calls(here, arms, *tissue)["tissue_best"] == expected).mean() >= 0.9

    expression, model = tmp_path / "arms.h5ad", tmp_path / "arms.h5"
    here("normalise", arms, "--metadata", trained.metadata, "-o", expression)
    done = here(
        "train-rf", expression, "--target", "tissue", "--trees", 20, "--folds", 3, "-o", model
    )
    assert done.code == 0, done.err
    turned = calls(here, trained.table, "--model", model)["tissue_best"]
    assert (turned == expected).mean() >= 0.9


def test_a_model_of_another_level_takes_the_table_to_its_own(trained, here, tmp_path):
    expression, model = tmp_path / "e.h5ad", tmp_path / "m.h5"
    here(
        "normalise", trained.table, "--metadata", trained.metadata, "--level", "precursor",
        "-o", expression,
    )  # fmt: skip
    here("train-rf", expression, "--target", "tissue", "--trees", 20, "--folds", 3, "-o", model)
    call_from(model, 0)
    metadata = ("--metadata", trained.metadata)
    result = calls(here, trained.table, *metadata, "--model", model)
    assert set(result["tissue_check"]) == {"agrees"}


def test_the_table_of_smrnaseq_is_taken_as_it_is(trained, here, tissue, tmp_path):
    eight = as_arms(trained.counts).iloc[::4]
    path = tmp_path / "mirna.tsv"
    eight.dropna(axis=1).astype(int).T.to_csv(path, sep="\t", index_label="miRNA")
    result = calls(here, path, *tissue)
    assert len(result) == 8
    assert result.index.tolist() == eight.index.tolist()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda t: t.rename(columns=lambda c: c.replace("hsa", "mmu")), "human"),
        (lambda t: np.log2(t.div(t.sum(axis=1), axis=0) * 1e6 + 1), "--units log2"),
        (lambda t: t[["hsa-let-7b"]], "only 1 of the"),
        (lambda t: t * 0, "all values are zero"),
        (lambda t: t.set_axis(["a", "a", "b", "c"]), "sample 'a' is there twice"),
        (lambda t: t.iloc[:0], "no row"),
    ],
    ids=["mouse", "log2", "one feature", "zeros", "twice", "header"],
)
def test_tables_that_cannot_be_used_are_refused(few, here, tissue, change, line, tmp_path):
    output = tmp_path / "out.tsv"
    done = here("augment", write(change(few), tmp_path / "t.tsv"), *tissue, "-o", output)
    assert (done.code, done.out) == (1, "")
    assert line in done.err.splitlines()[-1]
    assert done.err.splitlines()[-1].startswith("ERROR: ")
    assert not output.exists()


def test_a_mouse_table_is_noticed(few, here, tissue, tmp_path):
    mouse = few.rename(columns=lambda name: name.replace("hsa", "mmu"))
    done = here("augment", write(mouse, tmp_path / "t.tsv"), *tissue, "-o", "-")
    assert "of another species (mmu" in done.err


def test_an_empty_table_is_refused(here, tissue, tmp_path):
    (tmp_path / "t.tsv").write_text("")
    done = here("augment", tmp_path / "t.tsv", *tissue, "-o", "-")
    assert (done.code, done.out) == (1, "")
    assert "is empty" in done.err


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sample_id\ttissue\nstranger\tliver\n", "no sample id matches"),
        ("sample_id\ttissue_pred\n{}\tliver\n", "already have a column 'tissue_pred'"),
        ("sample_id\tage\n{}\t24000\n", "an age of 24000 years: give ages in years, not in days"),
        ("sample_id\tage\n{}\t-9\n", "leave unknown ones blank"),
        ("sample_id\ttissue\n{0}\tliver\n{0}\tliver\n", "is already in row 2"),
        ("sample_id\ttissue\n", "has a header and no row"),
    ],
)
def test_metadata_that_cannot_be_used_are_refused(table, few, here, trained, text, line, tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text(text.format(few.index[0]))
    models = [w for t in ("tissue", "age") for w in ("--model", trained.models[t])]
    done = here("augment", table, "--metadata", path, *models, "-o", "-")
    assert (done.code, done.out) == (1, "")
    assert line in done.err.splitlines()[-1]


@pytest.mark.parametrize("age", ["34 years", "45-50", "89+"])
def test_an_age_that_is_not_understood_is_said(table, few, here, trained, age, tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text(f"sample_id\tage\n{few.index[0]}\t{age}\n")
    models = ("--model", trained.models["age"])
    done = here("augment", table, "--metadata", path, *models, "-o", "-")
    assert done.code == 0
    assert f"count as blank: {age}" in done.err


def test_wrong_calls_exit_with_2(table, here, tissue, tmp_path):
    for arguments, line in [
        ((*tissue, *tissue), "predict tissue: name one of them"),
        ((*tissue, "--target", "sex"), "the models predict tissue"),
        ((*tissue, "--orientation", "up"), "--orientation"),
        ((*tissue, "--units", "furlongs"), "there is no such unit"),
        (("--model", tmp_path / "none.h5"), "does not exist"),
        ((*tissue, "--html", tmp_path / "no" / "p.html"), "does not exist: make it first"),
        ((*tissue, "--html", tmp_path / "p.html.gz"), "outputs are not gzipped"),
        ((*tissue, "--multiqc", table / "x"), "cannot be made"),
    ]:
        done = here("augment", table, *arguments, "-o", tmp_path / "out.tsv")
        assert (done.code, done.out) == (2, "")
        assert line in done.err
        assert not (tmp_path / "out.tsv").exists()


def test_an_output_never_overwrites_an_input_or_another_output(table, here, tissue, tmp_path):
    before = table.read_bytes()
    for arguments in (("-o", table), ("-o", tmp_path / "a", "--html", tmp_path / "x" / ".." / "a")):
        (tmp_path / "x").mkdir(exist_ok=True)
        done = here("augment", table, *tissue, *arguments)
        assert done.code == 2
        assert "a name of its own" in done.err
    assert table.read_bytes() == before


def test_files_that_are_no_model_are_refused(table, trained, here, tmp_path):
    cut = tmp_path / "cut.h5"
    cut.write_bytes(trained.models["tissue"].read_bytes()[:20_000])
    for path in (trained.expression, trained.table, cut):
        done = here("augment", table, "--model", path, "-o", "-")
        assert (done.code, done.out) == (1, "")
        assert str(path) in done.err


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_model_ends_in_one_line_or_works(table, trained, here, seed, tmp_path):
    data = bytearray(trained.models["tissue"].read_bytes())
    rng = np.random.default_rng(seed)
    for position in rng.integers(0, len(data), 40):
        data[position] = rng.integers(0, 256)
    path = tmp_path / "damaged.h5"
    path.write_bytes(data)
    done = here("augment", table, "--model", path, "-o", "-")
    assert done.code in (0, 1)
    assert (done.out == "") == (done.code == 1)
    assert done.code == 0 or done.err.splitlines()[-1].startswith("ERROR: ")


@pytest.mark.parametrize("kind", ["soft", "external", "object"])
def test_a_hostile_model_is_refused(table, trained, here, kind, tmp_path):
    path = tmp_path / "hostile.h5"
    path.write_bytes(trained.models["tissue"].read_bytes())
    with h5py.File(path, "r+") as file:
        group = file["targets/tissue"]
        del group["classes"]
        if kind == "soft":
            group["classes"] = h5py.SoftLink("/targets/tissue/features")
        elif kind == "external":
            group["classes"] = h5py.ExternalLink("/etc/passwd", "/x")
        else:
            group.create_dataset("classes", data=["a"], dtype=h5py.string_dtype())
    done = here("augment", table, "--model", path, "-o", "-")
    assert (done.code, done.out) == (1, "")
    assert len(done.err.splitlines()) == 1


def test_standard_input_and_output(few, here, tissue, table, tmp_path):
    text = few.to_csv(sep="\t")
    piped = here("augment", "-", *tissue, "-o", "-", input=text)
    assert (piped.code, piped.out) == (0, here("augment", table, *tissue, "-o", "-").out)
    metadata = f"sample_id\tnote\n{few.index[0]}\tx\n"
    done = here("augment", table, "--metadata", "-", *tissue, "-o", "-", input=metadata)
    assert parse(done.out)["note"].tolist() == ["x", "", "", ""]
    done = here("augment", "-", "--metadata", "-", *tissue, "-o", "-", input=text)
    assert (done.code, done.out) == (2, "")


def test_devices_and_links_stay_what_they_are(table, tissue, here, tmp_path):
    if not Path("/dev/null").is_char_device():
        pytest.skip("no /dev/null here")
    assert here("augment", table, *tissue, "-o", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()
    link = tmp_path / "link.tsv"
    link.symlink_to("real.tsv")
    assert here("augment", table, *tissue, "-o", link).code == 0
    assert link.is_symlink()
    assert (tmp_path / "real.tsv").read_text().startswith("sample_id\t")


def test_a_full_disc_is_said_and_leaves_nothing(table, tissue, root, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    script = (
        "import resource, runpy\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))\n"
        f"runpy.run_path({str(root / 'bin' / 'augment')!r}, run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, table, *tissue, "-o", out / "a"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "make room" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(out.iterdir()) == []


def unread(pipe: IO[str]) -> int:
    """Return how many bytes of what was written to a pipe nobody has read."""
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_by_a_signal_it_leaves_nothing(tissue, root, number, code, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    process = subprocess.Popen(
        [sys.executable, root / "bin" / "augment", "-", *tissue, "-o", out / "a.tsv"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # once it has taken a line out of the pipe it is past its start, and waits for the rest
    assert process.stdin is not None
    process.stdin.write("sample_id\thsa-mir-21\n")
    process.stdin.flush()
    until = time.monotonic() + 300
    while unread(process.stdin) and process.poll() is None:
        assert time.monotonic() < until, "it does not read its standard input"
        time.sleep(0.05)
    process.send_signal(number)
    output, errors = process.communicate(timeout=300)
    assert process.returncode == code, errors
    assert output == ""
    assert "Traceback" not in errors
    assert list(out.iterdir()) == []


def test_it_predicts_without_what_only_training_needs(table, tissue, root):
    script = (
        "import atexit, runpy, sys\n"
        "atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))\n"
        f"runpy.run_path({str(root / 'bin' / 'augment')!r}, run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, table, *tissue, "-o", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.split(".")[0] for name in done.stderr.split()}
    assert "h5py" in loaded
    assert loaded & {"tensorflow", "keras", "sklearn", "scipy", "anndata", "matplotlib"} == set()


def test_the_model_that_ships_does_not_contradict_itself(here, trained):
    """Tissue groups are learnt by their tissues."""
    found = calls(here, trained.table)
    assert len(found) == 32
    for tissue_best, group in zip(found["tissue_best"], found["tissue_group_best"], strict=True):
        assert group == tissue_group(tissue_best)


def test_what_reads_as_probable_as_a_call_is_one(trained, here, root, tmp_path):
    """The threshold is what a probability is printed as, so that none may be rounded up to it."""
    path = tmp_path / "tissue.h5"
    shipped = load_models(root / "models" / "srna-augment.h5")
    save_models([model for model in shipped if model.target == "tissue"], path, version="test")
    for sample, printed in calls(here, trained.table)["tissue_probability"].head(8).items():
        call_from(path, float(printed))
        found = calls(here, trained.table, "--model", path).loc[sample]
        assert found["tissue_probability"] == printed
        assert found["tissue_status"] == "called"
