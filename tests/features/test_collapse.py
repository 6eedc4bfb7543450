import logging

import numpy as np
import pytest

from srna_augment.errors import DataError, UsageError
from srna_augment.expression import ExpressionTable
from srna_augment.features import collapse

NAN = np.nan


def table(features, values, units="counts", order="C"):
    values = np.array(values, dtype=np.float32, order=order)
    return ExpressionTable(values, [f"S{i}" for i in range(len(values))], features, units)


def as_dict(result, row=0):
    return dict(zip(result.features, result.values[row].tolist(), strict=True))


FEATURES = ["hsa-let-7a-5p", "hsa-miR-1-3p", "hsa-let-7a-2-3p", "hsa-miR-1-5p", "SNORD44"]


@pytest.mark.parametrize("order", ["C", "F"])
def test_arms_and_copies_are_summed_and_gaps_stay_gaps(order):
    source = table(
        FEATURES,
        [[5, 1, 2, 3, 7], [NAN, 1, 4, NAN, NAN], [NAN, NAN, NAN, NAN, 0]],
        order=order,
    )
    result = collapse(source, "stem")
    assert result.features == ["hsa-let-7a/7c", "hsa-mir-1", "SNORD44"]
    np.testing.assert_array_equal(result.values, [[7, 4, 7], [4, 1, NAN], [NAN, NAN, 0]])
    assert result.values.dtype == np.float32
    assert result.units == "counts"
    assert result.samples == source.samples


def test_levels_keep_apart_what_they_name():
    source = table(["hsa-mir-1-1", "hsa-mir-1-2", "hsa-miR-1-3p", "hsa-miR-1"], [[1, 2, 4, 8]])
    assert as_dict(collapse(source, "mature")) == {
        "hsa-mir-1-1": 1, "hsa-mir-1-2": 2, "hsa-miR-1-3p": 12,
    }  # fmt: skip
    assert as_dict(collapse(source, "precursor")) == {
        "hsa-mir-1-1": 1, "hsa-mir-1-2": 2, "hsa-mir-1": 12,
    }  # fmt: skip
    assert as_dict(collapse(source, "stem")) == {"hsa-mir-1": 15}


def test_var_records_where_each_key_came_from():
    source = table([*FEATURES, "mmu-miR-21a-5p", "unmapped"], [[1] * 7])
    var = collapse(source, "stem").var
    assert list(var.index) == ["hsa-let-7a/7c", "hsa-mir-1", "SNORD44", "mmu-mir-21a"]
    assert var.loc["hsa-let-7a/7c"].tolist() == ["hsa-let-7a-5p|hsa-let-7a-2-3p", 2, "miRNA", "hsa"]
    assert var.loc["SNORD44"].tolist() == ["SNORD44", 1, "snoRNA", ""]
    assert var.loc["mmu-mir-21a", "species"] == "mmu"


def test_merged_name_within_a_key_loses_nothing():
    names = ["hsa-let-7a-5p/7c-5p", "hsa-let-7c-3p", "hsa-let-7c-5p"]
    source = table(names, [[9, 1, NAN], [NAN, 1, 5]])
    assert collapse(source, "stem").values.tolist() == [[10], [6]]


@pytest.mark.parametrize(
    ("level", "names"),
    [
        ("stem", ["hsa-miR-21-5p/122-5p", "hsa-miR-122-3p", "hsa-miR-122-5p", "hsa-miR-9-5p"]),
        ("precursor", ["hsa-miR-21-5p/122-5p", "hsa-miR-122-3p", "hsa-miR-122-5p", "hsa-miR-9-5p"]),
    ],
)
def test_members_of_a_merged_name_are_not_reported_where_it_is(level, names):
    source = table(names, [[9, 1, NAN, 4], [NAN, 1, 5, 4]])
    result = collapse(source, level)
    assert result.features == ["hsa-mir-21", "hsa-mir-122", "hsa-mir-9"]
    # The first sample is of a table with merged names, the second is not.
    np.testing.assert_array_equal(result.values, [[9, NAN, 4], [NAN, 6, 4]])


def test_the_source_is_left_as_it_was():
    source = table(["hsa-miR-21-5p/122-5p", "hsa-miR-122-3p"], [[9, 1]])
    result = collapse(source, "stem")
    np.testing.assert_array_equal(result.values, [[9, NAN]])
    np.testing.assert_array_equal(source.values, [[9, 1]])


def test_merged_arms_of_one_stem_lose_nothing():
    source = table(["hsa-miR-486-3p/486-5p"], [[9]])
    assert as_dict(collapse(source, "stem")) == {"hsa-mir-486": 9}


def test_precursor_and_mature_tables_meet_at_the_stem():
    precursors = collapse(
        table(["hsa-mir-200c", "hsa-let-7a-1", "hsa-mir-103-2"], [[1, 2, 3]]), "stem"
    )
    matures = collapse(
        table(
            ["hsa-miR-200c-3p", "hsa-miR-200c*", "hsa-let-7a", "hsa-miR-103a-3p"], [[1, 1, 2, 3]]
        ),
        "stem",
    )
    assert precursors.features == matures.features


def test_what_happened_is_counted_in_the_log(caplog):
    names = ["hsa-miR-21-5p", "hsa-miR-21*", "MIMAT0000062", "SNORD44", "unmapped", "cel-miR-39-3p"]
    with caplog.at_level(logging.INFO, logger="srna_augment"):
        collapse(table(names, [[1] * 6]), "stem")
    assert "6 names -> 4 stem keys (4 miRNA, 1 snoRNA; 1 under a current name," in caplog.text
    assert "1 renamed, 1 by accession or MirGeneDB id, 0 merged names, 2 unlisted" in caplog.text
    assert "1 dropped" in caplog.text
    assert "1 of 6 names are of another species (cel 1), for example cel-miR-39-3p" in caplog.text


def test_refusals():
    with pytest.raises(UsageError, match="level 'arm': there is no such level"):
        collapse(table(["hsa-miR-21-5p"], [[1]]), "arm")
    with pytest.raises(
        DataError, match="values are in log2 rpm: arms and copies can only be summed"
    ):
        collapse(table(["hsa-miR-21-5p"], [[1]], units="log2 rpm"), "stem")
    with pytest.raises(DataError, match="no feature is left"):
        collapse(table(["unmapped"], [[1]]), "stem")


def test_a_table_of_genes_is_warned_of(caplog):
    with caplog.at_level(logging.WARNING, logger="srna_augment"):
        collapse(table(["ENSG00000000003", "TP53", "unmapped"], [[1, 2, 3]]), "stem")
    assert "no name is a small RNA's, for example ENSG00000000003" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="srna_augment"):
        collapse(table(["ENSG00000000003", "hsa_piR_000001"], [[1, 2]]), "stem")
    assert "no name is a small RNA's" not in caplog.text


def test_names_of_no_release_are_warned_of_when_they_are_most(caplog):
    with caplog.at_level(logging.WARNING, logger="srna_augment"):
        collapse(table(["hsa-let-7a-5p62", "hsa-miR-21-5p8", "hsa-miR-1-3p"], [[1, 2, 3]]), "stem")
    assert "2 of 3 names look like human miRNAs and are in no release" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="srna_augment"):
        collapse(table(["hsa-let-7a-5p62", "hsa-miR-21-5p", "hsa-miR-1-3p"], [[0, 2, 3]]), "stem")
    assert not caplog.text


def test_reads_under_unknown_names_are_said(caplog):
    """A name of no release with a fifth of the reads; one with a hundredth is not worth a word."""
    names = ["hsa-miR-21-5p", "hsa-miR-122-5p", "hsa-let-7b-5p", "SNORD44", "Hsa-Let-7-P9z_5p"]
    with caplog.at_level(logging.WARNING, logger="srna_augment"):
        collapse(table(names, [[40, 30, 10, 900, 20]]), "stem")
    assert "20 % of the reads of miRNAs are under names" in caplog.text
    assert "most under Hsa-Let-7-P9z_5p" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="srna_augment"):
        collapse(table(names, [[40, 30, 29, 900, 1]]), "stem")
        collapse(table(names, [[np.nan, 0, 0, 0, 0]]), "stem")
    assert not caplog.text
