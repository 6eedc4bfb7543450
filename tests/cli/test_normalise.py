"""The contract of `normalise`: what expression.h5ad holds, what is refused, what is left out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from srna_augment.expression import read_expression

from .conftest import Cohort, write
from .running import Here


@pytest.fixture(scope="module")
def toy() -> pd.DataFrame:
    """Return 3 samples x 3 hairpins, of one, two and three million reads."""
    names = ["hsa-mir-21", "hsa-mir-122", "hsa-mir-9-1"]
    rows = [[999_996, 3, 1], [1_000_000, 999_998, 2], [2_999_997, 0, 3]]
    return pd.DataFrame(rows, ["1A-2", "b c", "NA"], names)


@pytest.fixture
def table(toy: pd.DataFrame, tmp_path: Path) -> Path:
    return write(toy, tmp_path / "toy.tsv")


def normalised(here: Here, *arguments: object) -> anndata.AnnData:
    output = Path(str(arguments[0])).with_suffix(".h5ad")
    done = here("normalise", *arguments, "-o", output)
    assert (done.code, done.out) == (0, ""), done.err
    return anndata.read_h5ad(output)


def test_values_are_log2_rpm_in_float32(table, here):
    data = normalised(here, table)
    assert data.X.dtype == np.float32
    assert data.obs_names.tolist() == ["1A-2", "b c", "NA"]
    assert data.var_names.tolist() == ["hsa-mir-21", "hsa-mir-122", "hsa-mir-9"]
    expected = np.log2([[999_997, 4, 2], [500_001, 500_000, 2], [10**6, 1, 2]])
    np.testing.assert_allclose(data.X, expected, rtol=1e-6)


def test_it_says_what_was_fitted_and_what_features_were_called(table, here):
    data = normalised(here, table)
    kept = data.uns["srna_augment"]
    assert (kept["units"], kept["level"]) == ("log2 RPM", "stem")
    assert kept["version"]
    state = json.loads(kept["state"])
    assert state["method"] == "log2rpm"
    assert state["features"] == data.var_names.tolist()
    assert state["n_samples"] == 3
    assert data.var.loc["hsa-mir-9", "source_names"] == "hsa-mir-9-1"
    assert data.obsm["depth"].ravel().tolist() == [1e6, 2e6, 3e6]


def test_metadata_are_kept_unchanged(table, here, tmp_path):
    metadata = pd.DataFrame(
        {
            "note": ['say "hi"', "a\tb", "line 1\nline 2"],
            "sample_id": ["NA", "1A-2", "b c"],
            "Größe µ": ["ü", "", "  pad "],
            "number": ["007", "1e5", "1.0"],
            "empty": ["", "", ""],
            "tissue": ["Liver", "NA", "LIVER"],
        }
    )
    path = tmp_path / "samples.csv"
    metadata.to_csv(path, index=False)
    data = normalised(here, table, "--metadata", path)
    expected = metadata.set_index("sample_id", drop=False).loc[data.obs_names]
    assert list(data.obs.columns) == list(metadata.columns)
    assert data.obs.astype(str).to_numpy().tolist() == expected.to_numpy().tolist()


def test_columns_that_hdf5_cannot_name_come_back_when_read(table, here, tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text("sample_id\tage/sex\t_index\t.\n1A-2\ta\tb\tc\nb c\td\te\tf\nNA\tg\th\ti\n")
    data = normalised(here, table, "--metadata", path)
    assert data.obs.astype(str).to_numpy()[1].tolist() == ["b c", "d", "e", "f"]
    expression = read_expression(table.with_suffix(".h5ad"))
    assert list(expression.obs.columns) == ["sample_id", "age/sex", "_index", "."]


def test_a_saved_state_meets_another_table(cohort: Cohort, here, tmp_path):
    state, first, second = (tmp_path / name for name in ("state.json", "a.h5ad", "b.h5ad"))
    assert here("normalise", cohort.table, "-o", first, "--save-state", state).code == 0
    # another order, one hairpin more and one less
    other = cohort.counts.iloc[:2, ::-1].drop(columns="hsa-mir-122").assign(**{"hsa-mir-9999": 7})
    done = here(
        "normalise", write(other, tmp_path / "t.tsv"), "--state", state, "-o", second,
        "--method", "log2rpm", "--level", "stem",
    )  # fmt: skip
    assert done.code == 0, done.err
    a, b = anndata.read_h5ad(first), anndata.read_h5ad(second)
    assert b.var_names.tolist() == a.var_names.tolist()
    # what the table does not report is filled as fitted, and marked
    at = a.var_names.get_loc("hsa-mir-122")
    fill = json.loads(a.uns["srna_augment"]["state"])["fill"]
    np.testing.assert_allclose(b.X[:, at], fill[at], rtol=1e-6)
    assert b.layers["reported"][:, at].tolist() == [0, 0]
    assert b.uns["srna_augment"]["state"] == a.uns["srna_augment"]["state"]
    # none of these samples is a liver's: without its miRNA the others' RPM hardly change
    others = np.delete(np.arange(a.n_vars), at)
    there = b.layers["reported"][:, others].astype(bool)
    np.testing.assert_allclose(b.X[:, others][there], a.X[:2, others][there], atol=0.01)


def test_what_is_not_reported_is_not_zero(here, tmp_path):
    text = "id\thsa-mir-21\thsa-mir-122\na\t10\t10\nb\t10\t\nc\t10\t30\n"
    (tmp_path / "t.tsv").write_text(text)
    data = normalised(here, tmp_path / "t.tsv", "--min-reported", "0.5")
    assert data.layers["reported"].tolist() == [[1, 1], [1, 0], [1, 1]]
    assert data.X[1, 1] == pytest.approx(np.median(data.X[[0, 2], 1]))


def test_samples_without_reads_are_left_out_and_said(toy, here, tmp_path):
    counts = toy.copy()
    counts.iloc[1] = 0
    path = write(counts, tmp_path / "t.tsv")
    done = here("normalise", path, "-o", tmp_path / "t.h5ad")
    assert done.code == 0
    assert "WARNING: 1 samples without reads in any known feature are left out: b c" in done.err
    data = anndata.read_h5ad(tmp_path / "t.h5ad")
    assert data.obs_names.tolist() == ["1A-2", "NA"]


def test_one_sample(toy, here, tmp_path):
    data = normalised(here, write(toy.iloc[:1], tmp_path / "one.tsv"))
    assert data.shape == (1, 3)
    np.testing.assert_allclose(data.X[0], np.log2([999_997, 4, 2]), rtol=1e-6)


def test_the_same_call_gives_the_same_bytes(cohort: Cohort, here, tmp_path):
    paths = [tmp_path / "a.h5ad", tmp_path / "b.h5ad"]
    for path in paths:
        done = here("normalise", cohort.table, "--metadata", cohort.metadata, "-o", path)
        assert done.code == 0
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_counts_and_reads_per_million_come_out_alike(cohort: Cohort, here, tmp_path):
    rpm = cohort.counts.div(cohort.counts.sum(axis=1), axis=0) * 1e6
    a = normalised(here, write(cohort.counts, tmp_path / "counts.tsv"))
    b = normalised(here, write(rpm, tmp_path / "rpm.tsv"))
    np.testing.assert_allclose(a.X, b.X, atol=1e-4)


def test_standard_input(toy, here, table, tmp_path):
    done = here("normalise", "-", "-o", tmp_path / "p.h5ad", input=toy.to_csv(sep="\t"))
    assert done.code == 0
    np.testing.assert_array_equal(
        anndata.read_h5ad(tmp_path / "p.h5ad").X, normalised(here, table).X
    )


def test_standard_output_holds_the_file_and_nothing_else(table, root, tmp_path):
    done = subprocess.run(
        [sys.executable, root / "bin" / "normalise", table, "-o", "-"],
        capture_output=True,
        check=True,
    )
    (tmp_path / "out.h5ad").write_bytes(done.stdout)
    assert anndata.read_h5ad(tmp_path / "out.h5ad").shape == (3, 3)
    assert done.stderr.startswith(b"INFO:")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "is empty"),
        ("id\thsa-mir-21\n", "has a header and no row"),
        ("id\thsa-mir-21\na\t1\na\t2\n", "sample 'a' is there twice"),
        ("id\thsa-mir-21\na\t0\nb\t0\n", "all values are zero"),
        ("id\thsa-mir-21\thsa-mir-9-1\na\t1.5\t3.25\nb\t2.5\t7.1\n", "look logged"),
        ("id\thsa-mir-21\thsa-mir-9-1\na\t1\tx\nb\t2\t3\n", "'x'"),
        ("id\thsa-mir-21\thsa-mir-9-1\na\t1\t-5\nb\t200\t3\n", "cannot be negative"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(here, text, line, tmp_path):
    (tmp_path / "t.tsv").write_text(text)
    done = here("normalise", tmp_path / "t.tsv", "-o", tmp_path / "out.h5ad")
    assert (done.code, done.out) == (1, "")
    last = done.err.splitlines()[-1]
    assert last.startswith("ERROR: ")
    assert line in last
    assert not (tmp_path / "out.h5ad").exists()


def test_wrong_calls_exit_with_2(table, here, tmp_path):
    state = tmp_path / "s.json"
    here("normalise", table, "-o", tmp_path / "a.h5ad", "--save-state", state)
    for arguments, line in [
        (("-o", tmp_path / "b.h5ad", "--state", state, "--save-state", tmp_path / "t"), "not both"),
        (("-o", tmp_path / "no" / "b.h5ad"), "does not exist: make it first"),
        (("-o", tmp_path / "b.h5ad", "--method", "magic"), "--method"),
        (("-o", tmp_path / "b.h5ad", "--level", "tree"), "--level"),
        (("-o", tmp_path / "b.h5ad", "--min-reported", "2"), "--min-reported"),
        (("-o", tmp_path / "b.h5ad", "--save-state", tmp_path / "b.h5ad"), "a name of its own"),
        (("-o", tmp_path / "b.h5ad", "--state", state, "--report", state), "a name of its own"),
        (("-o", tmp_path / "b.h5ad", "--multiqc", table / "x"), "cannot be made"),
        (("-o", tmp_path / "b.h5ad", "--state", state, "--method", "tmm"), "with 'log2rpm'"),
        (("-o", tmp_path / "b.h5ad", "--state", state, "--level", "mature"), "with 'stem'"),
        (("-o", tmp_path / "b.h5ad", "--state", state, "--min-reported", 0.5), "fits nothing"),
        (("-o", table), "a name of its own"),
        ((), "--output"),
    ]:
        done = here("normalise", table, *arguments)
        assert (done.code, done.out) == (2, ""), done.err
        assert line in done.err
        assert not (tmp_path / "b.h5ad").exists()


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"method": "magic"}', "\ud83e\udda0", '{"method": 3, "level": null}']
)
def test_a_file_that_is_no_state_is_refused(table, here, text, tmp_path):
    path = tmp_path / "s.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    done = here("normalise", table, "-o", tmp_path / "b.h5ad", "--state", path)
    assert (done.code, done.out) == (1, "")
    assert f"{path}: not a normalisation state" in done.err
