"""Columns that describe features, as in BED and GFF: left out and said, or the table is refused."""

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from srna_augment.errors import DataError
from srna_augment.features import collapse
from srna_augment.reading import read_tables

LET, MIR = "hsa-let-7a-5p", "hsa-miR-21-5p"
COUNTS = [[5, 0], [7, 3]]


def write(tmp_path, *lines):
    path = tmp_path / "table.tsv"
    path.write_text("".join("\t".join(line.split()) + "\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("lines", "left_out"),
    [
        (
            ("V1 V2 V3 V4 V5 S1 S2", f"chr1 10 30 {LET} + 5 7", f"chr1 90 112 {MIR} - 0 3"),
            "V1, V2, V3, V5",
        ),
        (
            ("a b c d e f S1 S2", f"chrX 10 30 {LET} 0 + 5 7", f"chr1 90 112 {MIR} 9 - 0 3"),
            "a, b, c, e, f",
        ),
        # Ensembl's chromosomes are numbers, but for some.
        (
            ("V1 V2 V3 V4 V5 S1 S2", f"1 10 30 {LET} + 5 7", f"X 90 112 {MIR} - 0 3"),
            "V1, V2, V3, V5",
        ),
        (("V1 V2 V3 V4 S1 S2", f"chr1 10 30 {LET} 5 7", f"chr1 90 112 {MIR} 0 3"), "V1, V2, V3"),
        (("id chr V3 V4 V5 S1 S2", f"{LET} chr1 9 30 + 5 7", f"{MIR} chr1 90 99 - 0 3"),
         "chr, V3, V4, V5"),
        (("id chr start end S1 S2", f"{LET} chr1 9 30 5 7", f"{MIR} chr1 90 99 0 3"),
         "chr, start, end"),
        (("id S1 S2 V4 V5 V6 V7", f"{LET} 5 7 chr1 9 30 +", f"{MIR} 0 3 chr1 90 99 -"),
         "V4, V5, V6, V7"),
        (("ID miRNA S1 S2", f"1032 {LET} 5 7", f"88 {MIR} 0 3"), "ID"),
        (("biotype miRNA S1 S2", f"miRNA {LET} 5 7", f"miRNA {MIR} 0 3"), "biotype"),
        (("gene name S1 S2", f"ENSG00000199179 {LET} 5 7", f"ENSG00000199180 {MIR} 0 3"), "gene"),
        # A place without a name does not hide the names of the others.
        (
            ("V1 V2 V3 V4 V5 S1 S2", f"chr1 10 30 {LET} + 5 7", f"chr1 90 112 {MIR} . 0 3",
             "chr2 5 9 . - 0 0"),
            "V1, V2, V3, V5",
        ),
    ],
    ids=["bed", "bed6", "ensembl", "bed4", "behind", "by header", "at the end", "id", "class",
         "gene", "gaps"],
)  # fmt: skip
def test_columns_that_describe_features_are_left_out_and_said(lines, left_out, tmp_path):
    table = read_tables(write(tmp_path, *lines))
    assert (table.samples, table.features[:2]) == (["S1", "S2"], [LET, MIR])
    assert [sample[:2] for sample in table.values.tolist()] == COUNTS
    assert f"(columns left out: {left_out}" in table.recognised


def test_matures_name_the_rows_rather_than_their_precursors(tmp_path):
    table = read_tables(
        write(
            tmp_path,
            "chr start end hairpin mature strand S1 S2",
            f"chr9 10 30 hsa-let-7a-1 {LET} + 5 7",
            f"chr17 90 112 hsa-mir-21 {MIR} - 0 3",
        )
    )
    assert (table.features, table.values.tolist()) == ([LET, MIR], COUNTS)


def test_places_of_one_name_are_summed(tmp_path):
    lines = [f"chr{i} {i}00 {i}22 {LET} + {i} 1" for i in range(1, 4)]
    table = read_tables(write(tmp_path, "V1 V2 V3 V4 V5 S1 S2", *lines, f"chr9 1 20 {MIR} + 9 9"))
    assert table.values.tolist() == [[6, 9], [3, 9]]


UNCLEAR = "cannot tell which columns are samples and which describe the features (such as"
PLACES = "has places on a genome in column"


@pytest.mark.parametrize("orientation", ["auto", "features", "samples"])
@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (("V1 V2 V3 V4 V5 S1", "chr1 10 30 A1 + 5", "chr1 90 112 B1 - 0"), f"{PLACES} V1, and no"),
        (("chrom start end S1", "chr1 10 30 5", "chr1 90 112 0"), f"{PLACES} chrom, and no"),
        (("V1 V2 V3 V4", f"chr1 10 30 {LET}", f"chr1 90 112 {MIR}"), f"{UNCLEAR} V2, V3): put the"),
        (("V1 V2 V3 V4 V5 V6", f"chr1 10 30 {LET} 0 +", f"chr1 90 112 {MIR} 0 -"),
         f"{UNCLEAR} V2, V3, V5): put the names, column V4, into the first"),
        (("V1 V2 V3 V4 S1", f"{LET} chr1 10 30 5", f"{MIR} chr1 90 112 0"), f"{UNCLEAR} V3, V4"),
        (("id chr strand pre_start pre_end", f"{LET} chr1 + 9 99", f"{MIR} chr2 - 8 88"),
         f"{UNCLEAR} pre_start, pre_end"),
        (("V1 name S1", f"1032 {LET} 5", f"88 {MIR} 0"), f"{UNCLEAR} V1): put the names, column n"),
        (("V1 name S1 S2", f"x {LET} 5 7", f"x {MIR} 0 3"), "if not, put the names into the first"),
        (("id miRNA count rpm", f"S1 {LET} 5 7", f"S1 {MIR} 0 3"), "(a long table), spread it"),
    ],
    ids=["bed", "no names", "bed4 alone", "bed6 alone", "coordinates", "precursors",
         "number", "text", "long"],
)  # fmt: skip
def test_what_remains_unclear_is_refused_however_it_is_turned(lines, says, orientation, tmp_path):
    with pytest.raises(DataError) as caught:
        read_tables(write(tmp_path, *lines), orientation=orientation)
    assert says in str(caught.value)


def test_numbers_are_no_names_where_text_was_left_out(tmp_path):
    path = write(tmp_path, "V1 V2 V3 V4 S1", "1 10 30 A1 5", "1 90 112 B1 0")
    with pytest.raises(DataError, match=r"name the rows in the first column"):
        read_tables(path)
    with pytest.raises(DataError, match=r"'1' in row 2, and columns of text \(V4\): put the names"):
        read_tables(path, orientation="features")
    table = read_tables(write(tmp_path, "id tissue A1 A2", "1 liver 5 7", "2 blood 0 3"),
                        orientation="samples")  # fmt: skip
    assert table.samples == ["1", "2"]


def test_marks_of_a_diagnosis_are_no_strands(tmp_path):
    table = read_tables(write(tmp_path, f"id er {LET} {MIR}", "chr1 + 5 0", "chr2 - 7 3"))
    assert (table.samples, table.values.tolist()) == (["chr1", "chr2"], [[5, 0], [7, 3]])


def test_parquet_tables_have_such_columns_too(tmp_path):
    bed = pd.DataFrame(
        {"V1": ["chr1", "chr1"], "V2": [10, 90], "V3": [30, 112], "V4": [LET, MIR],
         "V5": ["+", "-"], "S1": [5, 0], "S2": [7, 3]}
    )  # fmt: skip
    path = tmp_path / "bed.parquet"
    bed.to_parquet(path, index=False)
    table = read_tables(path)
    assert (table.samples, table.features) == (["S1", "S2"], [LET, MIR])
    assert table.values.tolist() == COUNTS
    assert "(columns left out: V1, V2, V3, V5)" in table.recognised
    bed.drop(columns="V4").to_parquet(path, index=False)
    with pytest.raises(DataError, match="has places on a genome in column V1"):
        read_tables(path, orientation="features")


def test_parquet_tables_have_numbers_that_are_no_expression_too(tmp_path):
    path = tmp_path / "t.parquet"
    given = {"id": ["a", "b"], "age": [61, 42], LET: [5, 0], "total_reads": [12, 3], MIR: [7, 3]}
    pd.DataFrame(given).to_parquet(path, index=False)
    table = read_tables(path)
    assert (table.samples, table.features) == (["a", "b"], [LET, MIR])
    assert table.values.tolist() == [[5, 7], [0, 3]]
    assert "(columns left out: age, total_reads)" in table.recognised
    given = {"miRNA": [LET, MIR], "logFC": [-1.5, 2], "S1": [5, 0], "total": [12, 3], "S2": [7, 3]}
    pd.DataFrame(given).to_parquet(path, index=False)
    table = read_tables(path)
    assert (table.samples, table.features) == (["S1", "S2"], [LET, MIR])
    assert table.values.tolist() == COUNTS
    assert "(columns left out: logFC, total)" in table.recognised


MANY = [LET, MIR, *(f"hsa-miR-{number}-3p" for number in range(300, 309))]


@pytest.mark.parametrize(
    ("in_front", "behind", "kept"),
    [
        (["age_at_diagnosis", "batch", "replicate", "RIN", "concentration", "reads_total"], [], []),
        ([], ["AgeAtDiagnosis", "RNA_conc_ng", "survival.days", "MappedReads", "PercentGC"], []),
        (["CA125", "Hb"], ["score_1"], []),  # nothing but small RNAs behind them
        ([], ["UniSp6", "chr1_123", "tRF-Age", "average", "Dosage"], ["all"]),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_metadata_beside_the_values_of_samples_are_no_features(
    in_front, behind, kept, kind, tmp_path
):
    path = tmp_path / f"t.{kind}"
    given = {"id": ["a", "b"], **{name: [7.5, 8] for name in in_front}}
    given |= {name: [i, i + 90] for i, name in enumerate(MANY)}
    given |= {name: [6.5, 8] for name in behind}
    frame = pd.DataFrame(given)
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path, index=False)
    table = read_tables(path)
    assert table.features == MANY + (behind if kept else [])
    assert ("columns left out" in table.recognised) != bool(kept)


def test_metadata_above_the_values_of_features_are_no_features(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text(f"id\ta\tb\nAge\t61\t42\nbatch\t1\t2\n{LET}\t5\t7\n{MIR}\t0\t3\n")
    table = collapse(read_tables(path), "mature")
    assert (table.features, table.values.tolist()) == ([LET, MIR], [[5, 0], [7, 3]])


def test_columns_of_features_that_are_known_by_no_name_are_kept(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("id\tA1\tlane_rate\ttotal\ts1\n" + "x\t1\t2\t3\t4\ny\t5\t6\t7\t8\n")
    assert read_tables(path, orientation="samples").features == ["A1", "lane_rate", "s1"]


def test_parquet_columns_of_one_name_are_refused(tmp_path):
    path = tmp_path / "t.parquet"
    columns = [pa.array([LET, MIR]), pa.array([5, 0]), pa.array([7, 3])]
    parquet.write_table(pa.Table.from_arrays(columns, names=["miRNA", "S1", "S1"]), path)
    with pytest.raises(DataError, match="column 'S1' is there 2 times: take out or rename all but"):
        read_tables(path)
