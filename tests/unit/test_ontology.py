import csv

import numpy as np
import pandas as pd
import pytest

from srna_augment import ontology, splits
from srna_augment.errors import DataError, UsageError


def obs(**columns):
    n = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=[f"s{i}" for i in range(n)])


def test_tissue_labels_of_sources_become_classes():
    given = obs(
        tissue=["Colon", "adrenal gland/paraganglia", "UBERON:0002107", "", "NA", "my organ"]
    )
    expected = ["colon", "adrenal gland", "liver", "", "", "my organ"]
    assert ontology.labels(given, "tissue").tolist() == expected


def test_the_missing_values_of_nullable_columns_are_blank():
    """pandas' NA is neither true nor false, and equals nothing, not even itself."""
    given = obs(
        age=pd.array([61, None], dtype="Int64"),
        tissue=pd.array(["liver", None], dtype="string"),
        sex=pd.array([pd.NA, "female"], dtype=object),
        normal=pd.array([True, None], dtype="boolean"),
    )
    assert ontology.labels(given, "age").tolist() == ["older adult", ""]
    np.testing.assert_array_equal(ontology.years(given), [61, np.nan])
    assert ontology.labels(given, "tissue").tolist() == ["liver", ""]
    assert ontology.labels(given, "sex").tolist() == ["", "female"]
    assert ontology.labels(given, "tissue", "normal").tolist() == ["True", ""]
    assert splits.keys(given, "normal").tolist() == ["True", ""]
    assert ontology.find_column(given.assign(tissue=pd.NA, organ="skin"), "tissue") == "organ"


def test_every_term_of_a_tissue_stands_in_the_ontology(root):
    with (root / "tests" / "data" / "ontology_terms.tsv").open(encoding="utf-8") as handle:
        known = {row["term_id"] for row in csv.DictReader(handle, delimiter="\t")}
    terms = {tissue.term_id for tissue in ontology.tissues().values()}
    assert len(terms) > 30
    assert terms <= known


def test_groups_follow_from_tissues():
    given = obs(tissue=["colon", "rectum", "brain", "", "my organ"])
    expected = ["intestine", "intestine", "nervous system", "", ""]
    assert ontology.labels(given, "tissue_group").tolist() == expected
    empty = given.assign(tissue_group="")
    assert ontology.labels(empty, "tissue_group").tolist() == expected
    assert ontology.given(empty, "tissue_group") == ontology.given(given, "tissue")
    # what is named is used as it is, and what a column tells is not mixed with another's
    assert set(ontology.labels(empty, "tissue_group", "tissue_group")) == {""}
    partly = given.assign(tissue_group=["skin", *[""] * (len(given) - 1)])
    assert ontology.labels(partly, "tissue_group").tolist()[1:] == [""] * (len(given) - 1)


def test_the_column_of_labels_may_be_chosen_by_more_samples():
    whole = obs(tissue=["", "colon"], organ=["skin", "skin"], gender=["F", ""], sex=["", ""])
    alone = whole.iloc[:1]
    for target, together in (("tissue", ""), ("tissue_group", ""), ("sex", "female")):
        assert ontology.labels(alone, target, chosen_from=whole).tolist() == [together]
        assert ontology.labels(whole, target).tolist()[0] == together
    assert ontology.labels(alone, "tissue").tolist() == ["skin of body"]


def test_sex_in_its_spellings():
    given = obs(Gender=["F", "male", "Woman", "unknown", "intersex", None])
    assert ontology.labels(given, "sex").tolist() == ["female", "male", "female", "", "", ""]


@pytest.mark.parametrize(
    ("years", "group"),
    [
        (-0.4, "fetus"),
        (0, "infant"),
        (1.9, "infant"),
        (2, "child"),
        (10, "adolescent"),
        (20, "adult"),
        (49.9, "adult"),
        (50, "older adult"),
        (80, "elderly"),
        (101, "elderly"),
    ],
)
def test_age_groups_include_their_lower_bound(years, group):
    assert ontology.age_group(np.array([years])) == [group]


def test_age_as_years_or_as_group():
    given = obs(age=["34.5", "elderly", "", "old"])
    assert ontology.labels(given, "age").tolist() == ["adult", "elderly", "", ""]
    np.testing.assert_array_equal(ontology.years(given), [34.5, np.nan, np.nan, np.nan])


def test_an_age_in_days_is_refused_with_its_sample():
    with pytest.raises(DataError, match=r"column 'age', sample s1: an age of 12000 years"):
        ontology.labels(obs(age=["30", "12000"]), "age")


def test_categories_of_anndata_are_read_like_text():
    given = obs(tissue=pd.Categorical(["liver", None, "brain"]))
    assert ontology.labels(given, "tissue").tolist() == ["liver", "", "brain"]


def test_named_columns():
    given = obs(organ_2=["liver"], other=["x"])
    assert ontology.labels(given, "tissue", "organ_2").tolist() == ["liver"]
    with pytest.raises(UsageError, match="--label-column typo: the metadata has no such column"):
        ontology.labels(given, "tissue", "typo")


def test_every_tissue_has_a_term_and_a_group():
    for tissue in ontology.tissues().values():
        assert tissue.term_id.startswith("UBERON:")
        assert tissue.group
        assert ontology.term_id("tissue", tissue.name) == tissue.term_id


def test_terms_of_sex_and_of_what_has_none():
    assert ontology.term_id("sex", "female") == "PATO:0000383"
    assert ontology.term_id("age", "adolescent") == ""
    assert ontology.term_id("tissue", "my organ") == ""
