"""The CELLxGENE export: labels first, then calls, never what was withheld; terms that exist."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from srna_augment import ontology
from srna_augment.cellxgene import COMPUTED, STATED, cellxgene_table

COLUMNS = [
    "sample_id",
    "tissue_ontology_term_id",
    "tissue_evidence",
    "sex_ontology_term_id",
    "sex_evidence",
    "development_stage_ontology_term_id",
    "development_stage_evidence",
]


def table(**columns: list[str]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    return pd.DataFrame({"sample_id": [f"s{i}" for i in range(n)], **columns}, dtype=object)


def test_a_label_goes_before_a_call_and_a_call_before_nothing():
    annotated = table(
        tissue=["Colon", "", "", "my organ"],
        tissue_status=["called", "called", "withheld", "called"],
        tissue_best=["liver"] * 4,
        tissue_pred=["liver", "liver", "", "liver"],
        tissue_pred_ontology_term_id=["UBERON:0002107", "UBERON:0002107", "", "UBERON:0002107"],
    )
    fields = cellxgene_table(annotated, ["tissue"])
    assert list(fields.columns) == COLUMNS
    assert fields["tissue_ontology_term_id"].tolist() == [
        "UBERON:0001155", "UBERON:0002107", "unknown", "unknown",
    ]  # fmt: skip
    assert fields["tissue_evidence"].tolist() == [STATED, COMPUTED, "", ""]
    assert set(fields["sex_ontology_term_id"]) == {"unknown"}


def test_sex_and_stage_have_the_terms_of_labels_in_any_spelling():
    annotated = table(gender=["F", "man", "?"], age_years=["34.5", "15", "3"])
    fields = cellxgene_table(annotated, [])
    assert fields["sex_ontology_term_id"].tolist() == ["PATO:0000383", "PATO:0000384", "unknown"]
    # no stage of HsapDv contains all of adolescence
    assert fields["development_stage_ontology_term_id"].tolist() == [
        "HsapDv:0000258", "unknown", "HsapDv:0000264",
    ]  # fmt: skip
    assert fields["development_stage_evidence"].tolist() == [STATED, "", STATED]


def test_a_label_that_is_no_class_is_not_replaced_by_a_call():
    annotated = table(
        sex=["mixed", "unknown"],
        age=["8 weeks", ""],
        sex_pred_ontology_term_id=["PATO:0000383"] * 2,
        age_pred_ontology_term_id=["HsapDv:0000258"] * 2,
    )
    fields = cellxgene_table(annotated, ["sex", "age"])
    assert fields["sex_ontology_term_id"].tolist() == ["unknown", "PATO:0000383"]
    assert fields["development_stage_ontology_term_id"].tolist() == ["unknown", "HsapDv:0000258"]
    assert fields["sex_evidence"].tolist() == ["", COMPUTED]


def test_a_term_in_the_metadata_is_kept():
    annotated = table(
        tissue=["colon", "colon"], tissue_ontology_term_id=["UBERON:0001158", "unknown"]
    )
    fields = cellxgene_table(annotated, [])
    assert fields["tissue_ontology_term_id"].tolist() == ["UBERON:0001158", "UBERON:0001155"]


@pytest.fixture(scope="module")
def published(root: Path) -> dict[str, str]:
    """Return terms of UBERON, PATO and HsapDv with their labels, none of them deprecated.

    Looked up with cellxgene-ontology-guide 1.11.1, which has the releases that the schema pins.
    """
    with (root / "tests/data/ontology_terms.tsv").open(encoding="utf-8") as handle:
        return {row["term_id"]: row["label"] for row in csv.DictReader(handle, delimiter="\t")}


def test_every_tissue_is_the_label_of_its_term(published):
    tissues = {tissue.name: tissue.term_id for tissue in ontology.tissues().values()}
    assert {name: published.get(term) for name, term in tissues.items()} == {
        name: name for name in tissues
    }


def test_sexes_and_stages_are_terms_with_the_meaning_that_they_are_used_for(published):
    assert {name: published[term] for name, (term, _) in ontology.SEXES.items()} == {
        "female": "female",
        "male": "male",
    }
    assert {group.name: published.get(group.term_id, "") for group in ontology.AGE_GROUPS} == {
        "fetus": "prenatal stage",
        "infant": "pediatric stage",
        "child": "pediatric stage",
        "adolescent": "",
        "adult": "adult stage",
        "older adult": "adult stage",
        "elderly": "adult stage",
    }


def test_augment_writes_it_beside_the_table(run_command, demo_data, tmp_path):
    counts = pd.read_csv(demo_data / "tcga.tsv.gz", sep="\t", index_col=0, nrows=4)
    counts.to_csv(tmp_path / "counts.tsv", sep="\t")
    done = run_command(
        "augment", "counts.tsv", "--output", "annotated.tsv", "--cellxgene", "fields.tsv",
        "--threads", 1, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    annotated, fields = (
        pd.read_csv(tmp_path / name, sep="\t", dtype=str, keep_default_na=False)
        for name in ("annotated.tsv", "fields.tsv")
    )
    assert list(fields.columns) == COLUMNS
    assert fields["sample_id"].tolist() == counts.index.tolist()
    # without metadata there are only calls
    called = annotated["tissue_pred_ontology_term_id"].replace("", "unknown")
    assert fields["tissue_ontology_term_id"].tolist() == called.tolist()
    assert set(fields["tissue_evidence"]) <= {COMPUTED, ""}
