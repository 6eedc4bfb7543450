"""The bundled data keep the promises of assets/demo/README.md."""

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from checkout import load_script
from srna_augment import ontology


@pytest.fixture(scope="module")
def metadata(demo_data: Path) -> pd.DataFrame:
    path = demo_data / "metadata.tsv"
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, index_col="sample_id")


@pytest.fixture(scope="module")
def truth(demo_truth: Path) -> pd.DataFrame:
    return pd.read_csv(
        demo_truth, sep="\t", dtype=str, keep_default_na=False, index_col="sample_id"
    )


def test_small_enough_to_ship(demo_data: Path) -> None:
    assert sum(path.stat().st_size for path in demo_data.iterdir()) < 3e6


def test_each_sample_has_counts_once(demo_data: Path, metadata: pd.DataFrame) -> None:
    counted = []
    for name in ("tcga.tsv.gz", "plasma_serum.tsv.gz"):
        with gzip.open(demo_data / name, "rt") as lines:
            counted += [line.split("\t", 1)[0] for line in lines][1:]
    assert len(counted) == len(set(counted)) == 993
    assert set(counted) == set(metadata.index)


def test_what_is_not_reported_stays_empty(demo_data: Path) -> None:
    table = pd.read_csv(demo_data / "tcga.tsv.gz", sep="\t", index_col=0)
    reported = table.notna().sum(axis=1)
    assert set(reported) == {705, 1046}
    values = table.to_numpy()
    assert (values[~np.isnan(values)] % 1 == 0).all()


def test_exactly_the_truth_is_blank(metadata: pd.DataFrame, truth: pd.DataFrame) -> None:
    assert len(truth) == 100
    assert set(metadata.index[metadata["tissue"] == ""]) == set(truth.index)
    everything = truth.index[truth["blank"] == "tissue,sex,age"]
    assert (metadata.loc[everything, ["sex", "age_years"]] == "").all(axis=None)
    rest = truth.index.difference(everything)
    assert (metadata.loc[rest, "sex"] == truth.loc[rest, "sex"]).all()


def test_no_patient_has_both_a_label_and_a_blank(metadata: pd.DataFrame) -> None:
    blank = metadata["tissue"] == ""
    assert not set(metadata.loc[blank, "patient_id"]) & set(metadata.loc[~blank, "patient_id"])


def test_no_patient_ties_two_sites_together(metadata: pd.DataFrame) -> None:
    assert metadata.groupby("patient_id")["site"].nunique().max() == 1


def test_some_blanks_come_from_sites_without_a_label(
    metadata: pd.DataFrame, truth: pd.DataFrame
) -> None:
    labelled = set(metadata.loc[metadata["tissue"] != "", "site"])
    expected = ["yes" if site in labelled else "no" for site in truth["site"]]
    assert truth["site_has_labels"].tolist() == expected
    assert (truth["site_has_labels"] == "no").sum() >= 30


def test_tissues_and_sites(metadata: pd.DataFrame) -> None:
    labels = pd.Series(ontology.labels(metadata, "tissue"), index=metadata.index)
    sites = metadata["site"].groupby(labels[labels != ""]).nunique()
    assert len(sites) == 28
    assert sites.drop("blood serum").min() >= 3
    assert sites["blood serum"] == 2


def test_sexes_and_age_groups(metadata: pd.DataFrame) -> None:
    assert set(ontology.labels(metadata, "sex")) == {"", "female", "male"}
    groups = {"", "adolescent", "adult", "older adult", "elderly"}
    assert set(ontology.labels(metadata, "age")) == groups


def test_truth_speaks_the_vocabulary(truth: pd.DataFrame) -> None:
    source = truth[["tissue_source_label"]].set_axis(["tissue"], axis=1)
    assert ontology.labels(source, "tissue").tolist() == truth["tissue"].tolist()
    assert ontology.labels(source, "tissue_group").tolist() == truth["tissue_group"].tolist()
    ids = [ontology.term_id("tissue", name) for name in truth["tissue"]]
    assert ids == truth["tissue_ontology_term_id"].tolist()
    assert ontology.labels(truth[["age_years"]], "age").tolist() == truth["age"].tolist()


def test_drawing_again_gives_the_same_bytes(
    development_data: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = load_script("scripts/draw_demo.py")
    (tmp_path / "assets" / "demo").mkdir(parents=True)
    (tmp_path / "tests" / "data").mkdir(parents=True)
    monkeypatch.setattr(draw, "ROOT", tmp_path)
    monkeypatch.setenv("SRNA_AUGMENT_DATA", str(development_data))
    draw.main()
    drawn = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(drawn) == 4
    for path in drawn:
        bundled = root / path.relative_to(tmp_path)
        assert _digest(path) == _digest(bundled), f"{bundled.name} is not what the script draws"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
