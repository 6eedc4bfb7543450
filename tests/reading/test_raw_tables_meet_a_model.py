"""A model trained on precursor counts takes raw tables of other names and units, or says how."""

from __future__ import annotations

import gzip
import re
import shlex

import numpy as np
import pandas as pd
import pytest

TARGET = "tissue_group"
FOREIGN = {
    "microRNAome_2017": "counts",
    "mirmine": "rpm",
    "exomirhub_biofluids_seq": "rpm",  # some samples are counts
}


def train(run_command, table, metadata, folder, level="stem"):
    """Return a small forest of precursor counts at a level."""
    expression, model = folder / f"{level}.h5ad", folder / f"{level}.h5"
    learner = ["train-rf", expression, "--target", TARGET, "--trees", 20, "--scheme", "none"]
    for arguments in (
        ["normalise", table, "--metadata", metadata, "--level", level, "-o", expression],
        [*learner, "-o", model],
    ):
        done = run_command(*arguments)
        assert done.returncode == 0, done.stderr
    return model


def one_in(n, source, folder):
    """Write every so many samples of a table, samples in rows, and return where."""
    with gzip.open(source, "rt") as handle:
        lines = [line for number, line in enumerate(handle) if number % n == 0]
    path = folder / "counts.tsv"
    path.write_text("".join(lines))
    return path


@pytest.fixture(scope="module")
def tcga(run_command, demo_data, tmp_path_factory):
    """Return a model of a quarter of the TCGA table at level stem, and one at level mature."""
    folder = tmp_path_factory.mktemp("tcga")
    table = one_in(4, demo_data / "tcga.tsv.gz", folder)
    metadata = demo_data / "metadata.tsv"
    return {
        level: train(run_command, table, metadata, folder, level) for level in ("stem", "mature")
    }


@pytest.fixture(scope="module")
def matures(demo_data):
    """Return counts of mature arms, samples in rows, one name merged as microRNAome has it."""
    counts = pd.read_csv(demo_data / "plasma_serum.tsv.gz", sep="\t", index_col=0)
    return counts.iloc[:8].rename(columns={"hsa-let-7a-5p": "hsa-let-7a-5p/7c-5p"})


@pytest.fixture
def augment(run_command, tcga, tmp_path):
    def run(table, *options, level="stem"):
        table.to_csv(tmp_path / "table.tsv", sep="\t")
        output = tmp_path / "annotated.tsv"
        done = run_command(
            "augment", tmp_path / "table.tsv", "--model", tcga[level], "-o", output, *options
        )
        if done.returncode:
            return done, None
        return done, pd.read_csv(output, sep="\t", index_col="sample_id", dtype={TARGET: str})

    return run


def per_million(counts):
    return counts.div(counts.sum(axis=1), axis=0) * 1e6


def test_counts_rpm_and_a_mixture_of_both_get_the_same_calls(augment, matures):
    mixed = pd.concat([matures.iloc[:4], per_million(matures).iloc[4:]])
    found = {}
    for name, table, units in (
        ("counts", matures, "counts"),
        ("rpm", per_million(matures), "rpm"),
        ("mixed", mixed, "rpm"),
    ):
        done, annotated = augment(table)
        assert done.returncode == 0, done.stderr
        assert re.search(rf"8 samples x [\d,]+ features, {units}$", done.stderr, re.MULTILINE)
        assert list(annotated.index.astype(str)) == list(matures.index.astype(str))
        found[name] = annotated
    assert "samples look normalised and the others are counts" in done.stderr
    for other in ("rpm", "mixed"):
        for column in (f"{TARGET}_best", f"{TARGET}_status"):
            assert list(found[other][column]) == list(found["counts"][column])
        np.testing.assert_allclose(
            found[other][f"{TARGET}_probability"],
            found["counts"][f"{TARGET}_probability"],
            atol=0.02,
        )


def refusal(done):
    """Return the one line that a command ended with."""
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    assert [errors[-1]] == errors
    assert done.stderr.splitlines()[-1] == errors[0]
    return errors[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rpm: np.log2(rpm + 1), "--units log2"),
        (lambda rpm: np.log10(rpm + 0.001), "--units log10"),
        (lambda rpm: rpm / 1e6, "--units rpm"),
    ],
)
def test_a_refusal_names_the_option_and_the_option_works(augment, matures, change, said):
    rpm = per_million(matures)
    line = refusal(augment(change(rpm))[0])
    assert said in line
    done, annotated = augment(change(rpm), *shlex.split(said))
    assert done.returncode == 0, done.stderr
    assert list(annotated[f"{TARGET}_best"]) == list(augment(rpm)[1][f"{TARGET}_best"])


def test_z_scores_are_refused_for_good(augment, matures):
    logged = np.log2(per_million(matures) + 1)
    line = refusal(augment((logged - logged.mean()) / (logged.std() + 1e-9))[0])
    assert "z-scores" in line
    assert "give the counts or RPM that they were made of" in line


def test_a_model_of_a_level_that_does_not_meet_names_the_one_that_does(augment, matures):
    line = refusal(augment(matures, level="mature")[0])
    assert "level mature keeps precursors and mature arms apart" in line
    assert "take a model or state of level stem" in line
    assert augment(matures, level="stem")[0].returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOREIGN)
def test_the_tables_of_other_compendia_are_taken_raw(
    run_command, development_data, tmp_path_factory, folder, tmp_path
):
    shared = tmp_path_factory.getbasetemp() / "tcga_subset"
    model = shared / "stem.h5"
    if not model.exists():
        shared.mkdir()
        source = development_data / "tcga_mirnaseq"
        table = one_in(10, source / "counts.tsv.gz", shared)
        train(run_command, table, source / "samples.tsv", shared)
    table = development_data / folder / "counts.tsv.gz"
    output = tmp_path / "annotated.tsv"
    done = run_command(
        "augment", table, "--metadata", development_data / folder / "samples.tsv",
        "--model", model, "-o", output,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(rf"features, {FOREIGN[folder]}$", done.stderr, re.MULTILINE)
    with gzip.open(table, "rt") as handle:
        samples = [line.split("\t", 1)[0] for line in handle][1:]
    annotated = pd.read_csv(output, sep="\t", dtype=str, keep_default_na=False)
    assert list(annotated["sample_id"]) == samples
    assert annotated[f"{TARGET}_best"].nunique() > 3
