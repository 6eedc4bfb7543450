import numpy as np
import pandas as pd
import pytest

from srna_augment import splits
from srna_augment.errors import DataError, UsageError


def metadata(n=60):
    generator = np.random.default_rng(0)
    patient = np.arange(n) // 2  # two samples a patient
    return pd.DataFrame(
        {
            "study": [f"study {p % 6}" for p in patient],
            "patient_id": [f"p{p}" for p in patient],
            "tss": generator.choice(["A", "B", "C"], n),
        },
        index=[f"s{i}" for i in range(n)],
    )


def crosses(fold, units):
    return any(len(set(fold[units == unit])) > 1 for unit in set(units))


def test_random_folds_keep_a_patient_together():
    obs = metadata()
    units, column = splits.groups(obs, "random")
    fold = splits.folds(np.array(["a", "b"] * 30), units, 5, seed=1)
    assert column == "patient_id"
    assert set(fold) == set(range(5))
    assert not crosses(fold, obs["patient_id"].to_numpy())


def test_group_folds_keep_studies_and_patients_together():
    obs = metadata()
    units, column = splits.groups(obs, "group")
    fold = splits.folds(np.array(["a", "b"] * 30), units, 3, seed=1)
    assert column == "study"
    assert not crosses(fold, obs["study"].to_numpy())


def test_sites_that_share_a_patient_are_one_unit():
    obs = pd.DataFrame({"site": ["A", "B", "B", "C"], "patient_id": ["p", "p", "q", "r"]})
    units, _ = splits.groups(obs, "site")
    assert units[0] == units[1] == units[2] != units[3]


def test_a_sample_of_nobody_is_its_own_subject():
    obs = pd.DataFrame({"patient_id": ["p", "", None, "p"]}, index=list("wxyz"))
    people = splits.subjects(obs)
    assert people[0] == people[3]
    assert len(set(people)) == 3


def test_what_says_nothing_is_no_person():
    obs = pd.DataFrame({"patient_id": ["NA", "n/a", "unknown", "p", "p"]}, index=list("vwxyz"))
    people = splits.subjects(obs)
    assert len(set(people)) == 4
    assert people[3] == people[4]
    nobody = obs.iloc[:3].assign(donor=["d", "d", "e"])
    assert splits.groups(nobody, "random")[1] == "donor"
    assert splits.groups(nobody[["patient_id"]], "random")[1] == "sample"


def test_of_sites_na_may_be_a_code():
    units, _ = splits.groups(pd.DataFrame({"site": ["NA", "NA", "EU"]}, index=list("xyz")), "site")
    assert units.tolist() == ["NA", "NA", "EU"]


@pytest.mark.parametrize("name", ["Patient ID", " patient_id", "PATIENT_ID", "Donor"])
def test_subjects_are_found_in_any_spelling_of_their_column(name):
    units, column = splits.groups(pd.DataFrame({name: ["p", "p", "q"]}), "random")
    assert column == name
    assert units.tolist() == ["p", "p", "q"]


def test_subjects_that_link_all_groups_are_said():
    obs = pd.DataFrame({"study": ["A", "A", "B", "B"], "subject": ["1", "2", "1", "2"]})
    with pytest.raises(DataError, match="subjects link all 2 groups of column 'study' .*'subject'"):
        splits.groups(obs, "group")


def test_classes_are_spread_over_folds():
    classes = np.array(["rare"] * 5 + ["common"] * 95)
    fold = splits.folds(classes, np.arange(100).astype(str), 5, seed=0)
    assert all((classes[fold == k] == "rare").sum() == 1 for k in range(5))


def test_fewer_units_than_folds():
    fold = splits.folds(np.array(list("abab")), np.array(list("xxyy")), 10, seed=0)
    assert set(fold) == {0, 1}


def test_one_study_cannot_be_left_out():
    with pytest.raises(DataError, match="needs two or more groups .* from 'GSE1'"):
        splits.folds(np.array(["a", "b"]), np.array(["GSE1", "GSE1"]), 5, seed=0)


def test_a_scheme_without_its_column_says_which_it_looked_for():
    obs = pd.DataFrame({"tissue": ["a"]}, index=["s"])
    with pytest.raises(
        UsageError, match="--scheme site: the metadata has none of the columns site"
    ):
        splits.groups(obs, "site")
    with pytest.raises(UsageError, match="--group lab: the metadata has no such column"):
        splits.groups(obs, "group", "lab")


def test_folds_follow_the_seed():
    classes, units = np.array(["a", "b"] * 50), np.arange(100).astype(str)
    one, same, other = (splits.folds(classes, units, 5, seed=s) for s in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_a_study_larger_than_a_fold_is_left_out_alone():
    units = np.array(["large"] * 80 + [f"s{i // 2}" for i in range(20)])
    classes = np.array(["a", "b"] * 50)
    fold = splits.folds(classes, units, 5, seed=0)
    alone = fold[0]
    assert set(units[fold == alone]) == {"large"}
    assert set(fold) == set(range(5))
    assert not crosses(fold, units)


def test_of_two_studies_each_is_a_fold():
    units = np.array(["large"] * 80 + ["small"] * 20)
    fold = splits.folds(np.array(["a", "b"] * 50), units, 10, seed=0)
    assert set(fold) == {0, 1}
    assert not crosses(fold, units)


def test_conditions_are_found_or_named():
    obs = pd.DataFrame({"is_normal": ["True", "False"], "stage": ["I", ""]})
    assert splits.conditions(obs).tolist() == [", is_normal True", ", is_normal False"]
    assert splits.conditions(obs, "stage").tolist() == [", stage I", ", stage "]
    assert splits.conditions(obs[["stage"]]) is None
    with pytest.raises(UsageError, match="--condition grade: the metadata has no such column"):
        splits.conditions(obs, "grade")


def test_fewer_folds_than_wished_are_said(caplog):
    caplog.set_level("INFO", logger="srna_augment")
    units = np.array([f"s{i}" for i in range(12)])
    classes = np.array(["a", "a", "a", *(f"only {i}" for i in range(9))])
    fold = splits.folds(classes, units, 10, seed=0)
    assert caplog.messages == [
        "folds: 3, not 10: there are 12 groups to leave out, and 3 samples in the largest class"
    ]
    assert set(fold) == {0, 1, 2}
    caplog.clear()
    splits.folds(np.array(["a", "b"] * 6), units, 6, seed=0)
    assert not caplog.messages


def test_with_as_many_folds_as_studies_each_is_left_out_by_itself():
    units = np.array(["B", "A", "C", "A", "B", "C"])
    fold = splits.folds(np.array(["a", "b"] * 3), units, 3, seed=0)
    assert fold.tolist() == [1, 0, 2, 0, 1, 2]


def test_two_large_studies_have_a_fold_each_and_the_small_ones_share_the_last():
    units = np.repeat(["A", "B", "C", "D"], [35, 35, 20, 10])
    fold = splits.folds(np.array(["a", "b"] * 50), units, 3, seed=0)
    assert [set(fold[units == name]) for name in "ABCD"] == [{0}, {1}, {2}, {2}]


def test_small_studies_without_a_common_class_share_a_fold():
    units = np.array(["large"] * 20 + ["x", "y", "z"])
    classes = np.array(["a"] * 20 + ["b", "c", "d"])
    fold = splits.folds(classes, units, 3, seed=0)
    assert set(fold[:20]) == {0}
    assert set(fold[20:]) == {1}


def test_what_cannot_be_cut_is_said_whole():
    with pytest.raises(DataError) as found:
        splits.folds(np.array([], dtype=object), np.array([], dtype=object), 5, seed=0)
    assert "from ''" in str(found.value)
    with pytest.raises(DataError) as found:
        splits.folds(np.array(["a", "b"]), np.array(["x", "y"]), 2, seed=0)
    assert str(found.value) == (
        "cross-validation needs a class with two labelled samples or more: label more samples, "
        "or use --scheme none"
    )


def test_a_sample_without_a_study_is_left_out_by_itself():
    obs = pd.DataFrame({"study": ["A", "", "", "A"]}, index=list("wxyz"))
    units, _ = splits.groups(obs, "group")
    assert units[0] == units[3]
    assert len(set(units)) == 3
