import csv
import gzip
import logging

import pandas as pd
import pytest

from srna_augment.errors import DataError
from srna_augment.metadata import match, read_metadata


def write(tmp_path, text, name="samples.tsv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def frame(ids):
    return pd.DataFrame({"sample_id": ids, "sex": [f"s{i}" for i in range(len(ids))]}, index=ids)


def test_cells_stay_as_they_were_written(tmp_path):
    text = 'tissue\tsample_id\tage\tnote\nliver\t1A-2\t007\t\nNA\tS 3\t1e5\t"a\tb"\n'
    metadata = read_metadata(write(tmp_path, text))
    assert list(metadata.index) == ["1A-2", "S 3"]
    assert list(metadata.columns) == ["tissue", "sample_id", "age", "note"]
    assert metadata.to_numpy().tolist() == [
        ["liver", "1A-2", "007", ""],
        ["NA", "S 3", "1e5", "a\tb"],
    ]


@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
@pytest.mark.parametrize("n_rows", [2, 30])
def test_a_cell_in_quotes_may_have_several_lines(delimiter, n_rows, tmp_path):
    rows = [[f"S{k}", 'two "lines", of\ntext; and\tmore\n', "male"] for k in range(n_rows)]
    with (tmp_path / "samples.csv").open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle, delimiter=delimiter).writerows([["id", "note", "sex"], *rows])
    assert read_metadata(tmp_path / "samples.csv").to_numpy().tolist() == rows


def test_an_inch_is_no_quotation_mark(tmp_path):
    text = 'id\tnote\nA\t5" x\nB\t7, 8\nC\t6"\n'
    assert read_metadata(write(tmp_path, text))["note"].tolist() == ['5" x', "7, 8", '6"']


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("name,tissue\nS1,liver\nS2,skin\n", ["S1", "S2"]),  # the first column
        ("tissue;Sample\nliver;S1\nskin;S2\n", ["S1", "S2"]),
        ("tissue\tsex\nS1\tliver\tmale\nS2\tskin\tfemale\n", ["S1", "S2"]),  # R's short header
        ("#sample_id\ttissue\nS1\tliver\n\nS2\tskin\n", ["S1", "S2"]),
        ("tissue\tSAMPLE_ID\tsample_id\nliver\ta\tS1\nskin\ta\tS2\n", ["S1", "S2"]),
        (gzip.compress(b"id\ttissue\nS1\tliver\nS2\tskin\n"), ["S1", "S2"]),
    ],
)
def test_ids_are_found(text, ids, tmp_path):
    assert list(read_metadata(write(tmp_path, text)).index) == ids


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sample_id\ttissue\n", "has a header and no row"),
        ("sample_id\ttissue\nS1\tliver\nS2\n", "row 3: has 1 cells where the header has 2"),
        (
            "sample_id\ttissue\nS1\ta\nS1\tb\n",
            "row 3, column sample_id: sample 'S1' is already in row 2",
        ),
        ("sample_id\ttissue\n\ta\n", "row 2, column sample_id: the sample id is missing"),
        ("sample_id\tsex\tsex\nS1\ta\tb\n", "column 'sex' is there twice"),
        ("sample_id,sex,,\nS1,a,,\n", "has columns without a name"),  # a spreadsheet's
        ("", "is empty"),
        # blank lines count in the numbers of rows
        ("\n\nid\tx\nA\t1\n\nA\t2\n", "row 6, column id: sample 'A' is already in row 4"),
        ("\nid\tx\n\n\t1\n", "row 4, column id: the sample id is missing"),
        ("\n\nid\tx\nA\n", "row 4: has 1 cells"),
        # a mark that opens a cell and is not closed, or not where the cell ends
        ('id\tx\nA\t1\nB\t"5 mm\nC\t3\nD\t4\n', "row 3: cannot be split into cells"),
        ('id\tx\nA\t"5 mm\nB\t2\nC\t7" deep\nD\t4\n', "row 2: cannot be split into cells"),
        ('id\tx\r\nA\t1\r\nB\t"5 mm\r\n', "row 3: cannot be split into cells"),
    ],
)
def test_unusable_metadata_are_refused_in_one_line(text, line, tmp_path):
    with pytest.raises(DataError) as caught:
        read_metadata(write(tmp_path, text))
    assert line in str(caught.value)


def test_a_header_behind_a_comment_sign_is_trimmed(tmp_path):
    metadata = read_metadata(write(tmp_path, "# sample_id\ttissue\nS1\tliver\n"))
    assert list(metadata.columns) == ["sample_id", "tissue"]


def test_exact_matches_keep_the_order_of_the_samples():
    aligned, report = match(["b", "a", "c"], frame(["a", "b", "d"]))
    assert list(aligned.index) == ["b", "a", "c"]
    assert aligned["sex"].tolist() == ["s1", "s0", ""]
    assert (report.n_exact, report.tolerant) == (2, {})
    assert (report.without_metadata, report.without_sample) == (["c"], ["d"])


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        ("X1A.2", "1A-2"),  # R's make.names
        ("1A-2", "X1A.2"),
        ("plasma.7", "plasma 7"),
        ("plasma_7", "plasma 7"),  # pipelines that want file names
        ("S1_a", "S1-a"),
        ("S1_a", "S1.a"),
        ("s3", "S3"),
        ("S3_mature.sorted", "S3"),
        ("S3", "S3.fastq.gz"),
        ("S3_mature", "S3.fastq.gz"),
        ("S3", "run 1/S3.fastq.gz"),
        ("run 1/S3.bam", "run 1/S3"),
        ("CD4.", "CD4+"),
        ("cd4+", "CD4+"),
        ("1.2", "1-2"),  # the X taken off again
        ("Größe.1", "Größe 1"),
        ("Gro\u0308ße 1", "Größe 1"),  # a Mac's file name
        ("gro\u0308ße 1.bam", "Größe 1"),
    ],
)
def test_manglings_are_matched_and_said(sample, name, caplog):
    with caplog.at_level(logging.INFO, logger="srna_augment"):
        aligned, report = match([sample, "other"], frame([name, "other"]))
    assert aligned.loc[sample, "sample_id"] == name  # never renamed
    assert report.tolerant == {sample: name}
    assert f"sample '{sample}' is taken for '{name}' of the metadata" in caplog.text


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        ("CD4+", "CD4-"),
        ("cd4+", "CD4-"),
        ("CD4+.bam", "CD4-.bam"),
        ("患者1", "対照1"),
        ("IL6-/-", "IL6+/+"),
        ("A/rep1", "B/rep1"),
        ("A/rep1", "rep1"),
        ("A/rep1.bam", "B/rep1.bam"),
    ],
)
def test_ids_that_differ_are_not_joined(sample, name):
    aligned, report = match([sample, "other"], frame([name, "other"]))
    assert report.tolerant == {}
    assert aligned.loc[sample, "sample_id"] == ""
    assert (report.without_metadata, report.without_sample) == ([sample], [name])


@pytest.mark.parametrize(
    ("samples", "ids", "matched"),
    [
        (["P1_R1", "P1_R2"], ["P1", "P1_R2"], ["", "P1_R2"]),  # replicates
        (["P1_R1", "P2"], ["P1", "P2", "P3-r2.bam"], ["", "P2"]),
        (["P1_R1.fastq.gz", "P1_R2.fastq.gz"], ["P1", "P1_R2"], ["", "P1_R2"]),
        (["P1_R1", "P2_R1"], ["P1", "P2"], ["P1", "P2"]),  # the first ends of reads
        (["P1"], ["P1_R1.fastq.gz", "P1_R2.fastq.gz"], ["P1_R1.fastq.gz"]),
    ],
)
def test_the_first_of_two_replicates_is_not_the_whole(samples, ids, matched):
    aligned, _ = match(samples, frame(ids))
    assert aligned["sample_id"].tolist() == matched


def test_exact_match_wins_over_a_tolerant_one():
    aligned, report = match(["a.b", "a-b"], frame(["a-b", "a.b"]))
    assert aligned["sample_id"].tolist() == ["a.b", "a-b"]
    assert report.n_exact == 2


@pytest.mark.parametrize(
    ("samples", "ids", "line"),
    [
        (["a b"], ["a.b", "a-b"], "sample 'a b' could be 'a.b' or 'a-b'"),
        (["a.b", "a-b"], ["a b"], "row 'a b' could be sample 'a.b' or 'a-b'"),
        (["x"], ["y"], "no sample id matches: the table has 'x', the metadata have 'y'"),
    ],
)
def test_ambiguity_and_strangers_are_refused(samples, ids, line):
    with pytest.raises(DataError) as caught:
        match(samples, frame(ids))
    assert line in str(caught.value)
