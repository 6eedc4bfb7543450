"""What cannot be read ends in one clear line: which file, row and column, and what to do."""

import gzip
import logging
import re

import numpy as np
import pytest

from srna_augment.errors import DataError, UsageError
from srna_augment.reading import read_tables

HEADER = "miRNA\tS1\tS2\n"
ROWS = "hsa-miR-21-5p\t5\t7\nhsa-let-7a-5p\t3\t900\n"


def write(tmp_path, text, name="table.tsv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "is empty"),
        ("   \n\n", "is empty"),
        (HEADER, "has a header and no row"),
        ("\t\t\n,,\n", "has a header and no row"),
        ("hsa-miR-21-5p\nhsa-let-7a-5p\n", "has one column"),
        (HEADER + ROWS + "hsa-miR-1-3p\t4\n", "row 4: has 2 cells where the header has 3"),
        (HEADER + ROWS + "hsa-miR-1-3p\t4\t5\t6\n", "row 4: has 4 cells where the header has 3"),
        (HEADER + ROWS + "hsa-miR-1-3p\t4\tmany\n", "row 4, column S2: 'many' is not a number"),
        (HEADER + ROWS + "hsa-miR-1-3p\t4\tinf\n", "row 4, column S2: 'inf' is not a number"),
        (HEADER + ROWS + "hsa-miR-1-3p\t1_000\t1\n", "row 4, column S1: '1_000' is not a number"),
        (
            HEADER + ROWS + "hsa-miR-1-3p\t1,5\t1\n",
            "row 4, column S1: '1,5' is not a number: write decimals with a point",
        ),
        # decimals of other countries are no second header
        (
            "miRNA\tS1\nhsa-miR-21-5p\t1234.567,25\nhsa-let-7a-5p\t3,5\n",
            "row 2, column S1: '1234.567,25' is not a number: write decimals with a point",
        ),
        (
            "miRNA\tS1\nhsa-miR-21-5p\t1.234,5\nhsa-let-7a-5p\t3,5\n",
            "row 2, column S1: '1.234,5' is not a number: write decimals with a point",
        ),
        ("miRNA\tS1\tS1\n" + ROWS, "sample 'S1' is there twice (samples 1 and 2, by column)"),
        ("miRNA\tS1\t\n" + ROWS, "sample 2 (by column) has no name"),
        (
            "hsa-miR-21-5p\t1\t2\nhsa-let-7a-5p\t3\t4\n",
            "row 1: holds values where the names of the samples should be",
        ),
        (
            "x\tS1\tS2\nA1\t1\t2\nA2\t3\t4\n",
            "neither rows nor columns have names of small RNAs (rows such as 'A1', columns such "
            "as 'S1')",
        ),
        (
            "miRNA\tS1S2\n" + ROWS,
            "row 1: has 2 cells where the rows have 3, so that 'miRNA' would be a sample",
        ),
        (
            "hsa-miR-21-5p\thsa-let-7a-5p\n5.5\t7.5\n5.5\t9.5\n",
            "row 2: has the number '5.5' of feature 'hsa-miR-21-5p' where the name of a sample",
        ),
        (
            "miRNA,S1,,\nhsa-miR-21-5p,5,,\n" + "hsa-let-7a-5p,3,,\n" * 12 + "hsa-let-7b,1,2,\n",
            "row 15: has a value in column 3, which the header does not name",
        ),
        (HEADER + "hsa-miR-21-5p\t0\t0\n", "all values are zero"),
        (HEADER + "hsa-miR-21-5p\t\tNA\n", "no value is reported"),
        (
            HEADER + ROWS + "hsa-miR-1-3p\t-4\t5\n",
            "(the lowest is -4 in sample 'S1', feature 'hsa-miR-1-3p')",
        ),
        (
            HEADER + "hsa-miR-21-5p\t1.3\t-0.7\nhsa-let-7a-5p\t-1.1\t0.5\n",
            "look like z-scores or another centred scale",
        ),
        (HEADER + "hsa-miR-21-5p\t0.25\t0.9\nhsa-let-7a-5p\t0.75\t0.1\n", "--units rpm"),
        (HEADER + "hsa-miR-21-5p\t25\t90.5\nhsa-let-7a-5p\t75\t9.5\n", "percentages"),
        (
            HEADER + "hsa-miR-21-5p\t12.3\t14.1\nhsa-let-7a-5p\t8.2\t3.3\n",
            "values look logged (fractions, none above 14.1)",
        ),
        (b"PK\x03\x04" + b"\0" * 40, "is an Excel workbook"),
        (gzip.compress(b"RDX3\nX\n" + b"\0" * 40), "is saved R data"),
        (b"\xff\xfem\0\0\xd8i\0", "is damaged UTF-16 text"),
        (b"BZh91AY", "bzip2 -dc"),
        (b"abc\0\1\2", "is not text"),
        (gzip.compress((HEADER + ROWS).encode() * 50)[:-30], "the gzip data end early"),
        (b"\x1f\x8b\x08\0" + b"\xff" * 40, "the gzip data are damaged"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 40, "the AnnData file is damaged"),
        (b"PAR1" + b"\0" * 40, "the Parquet file is damaged"),
        (b"<!DOCTYPE html>\n<html>", "is a web page"),
    ],
)
def test_one_line_says_what_is_wrong_and_where(text, line, tmp_path):
    path = write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        read_tables(path)
    message = str(caught.value)
    assert line in message
    assert message.startswith(str(path))
    assert "\n" not in message


def test_text_after_the_first_lines_is_found_by_its_row(tmp_path):
    rows = "".join(f"hsa-miR-{i}-5p\t{i}\t1\n" for i in range(1, 500))
    path = write(tmp_path, HEADER + rows.replace("\t321\t", "\tN.D.\t"))
    with pytest.raises(DataError, match=r"row 322, column S1: 'N\.D\.' is not a number"):
        read_tables(path)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_tables(tmp_path / "nothing.tsv")
    with pytest.raises(DataError, match="is a folder"):
        read_tables(tmp_path)


def test_wrong_calls():
    with pytest.raises(UsageError, match="no input"):
        read_tables([])
    with pytest.raises(UsageError, match="named twice"):
        read_tables(["-", "-"])


@pytest.mark.parametrize("option", ["format", "orientation", "units"])
def test_unknown_words_are_wrong_calls(option, tmp_path):
    path = write(tmp_path, HEADER + ROWS)
    with pytest.raises(UsageError, match=f"--{option} bogus: there is no such"):
        read_tables(path, **{option: "bogus"})


def test_orientation_can_be_insisted_on(tmp_path):
    path = write(tmp_path, "x\tS1\tS2\nA1\t1\t2\nA2\t3\t4\nA3\t5\t6\n")
    table = read_tables(path, orientation="features")
    assert (table.samples, table.features) == (["S1", "S2"], ["A1", "A2", "A3"])
    table = read_tables(path, orientation="samples")
    assert (table.samples, table.features) == (["A1", "A2", "A3"], ["S1", "S2"])
    assert table.values.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_one_sample_and_one_feature_are_tables_too(tmp_path):
    table = read_tables(write(tmp_path, "miRNA\tS1\nhsa-miR-21-5p\t5\nhsa-let-7a-5p\t6\n"))
    assert (table.samples, table.values.tolist()) == (["S1"], [[5, 6]])
    table = read_tables(write(tmp_path, "sample\thsa-miR-21-5p\nS1\t5\nS2\t6\n"))
    assert (table.features, table.values.tolist()) == (["hsa-miR-21-5p"], [[5], [6]])


def test_column_called_count_takes_the_name_of_its_file(tmp_path):
    path = write(tmp_path, "miRNA\tcount\nhsa-miR-21-5p\t5\nhsa-let-7a-5p\t6\n", "1A-2.counts.txt")
    assert read_tables(path).samples == ["1A-2"]


def test_empty_cells_are_not_reported_and_zero_is_zero(tmp_path):
    text = HEADER + "hsa-miR-21-5p\t\t7\nhsa-let-7a-5p\t0\tNA\nhsa-miR-1-3p\t3\t\n"
    values = read_tables(write(tmp_path, text)).values
    np.testing.assert_array_equal(values, [[np.nan, 0, 3], [7, np.nan, np.nan]])


def test_text_columns_are_left_out_and_said(tmp_path):
    text = "sample\ttissue\thsa-miR-21-5p\thsa-let-7a-5p\nS1\tliver\t5\t7\nS2\tblood\t3\t9\n"
    table = read_tables(write(tmp_path, text))
    assert table.features == ["hsa-miR-21-5p", "hsa-let-7a-5p"]
    assert table.values.tolist() == [[5, 7], [3, 9]]
    assert "columns left out: tissue" in table.recognised


def test_repeated_features_are_summed_and_said(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, logger="srna_augment"):
        table = read_tables(write(tmp_path, HEADER + ROWS + "hsa-miR-21-5p\t1\t\n"))
    assert table.features == ["hsa-miR-21-5p", "hsa-let-7a-5p"]
    assert table.values.tolist() == [[6, 3], [7, 900]]
    assert "1 features are there more than once, for example 'hsa-miR-21-5p'" in caplog.text


def test_rows_of_one_name_that_count_the_same_reads_are_not_summed(tmp_path, caplog):
    matures = [f"hsa-miR-{number}-5p" for number in range(500, 506)]
    rows = "".join(f"{name}\t1000\t{i}\n{name}\t980\t{i}\n" for i, name in enumerate(matures, 9))
    with caplog.at_level(logging.WARNING, logger="srna_augment"):
        table = read_tables(write(tmp_path, HEADER + rows + ROWS))
    assert "6 features are there more than once" in caplog.text
    assert "the highest is taken" in caplog.text
    assert table.features == [*matures, "hsa-miR-21-5p", "hsa-let-7a-5p"]
    np.testing.assert_array_equal(
        table.values, [[1000] * 6 + [5, 3], [9, 10, 11, 12, 13, 14, 7, 900]]
    )
    # Rows that are not alike are parts of one whole.
    parts = "".join(f"{name}\t1000\t5\n{name}\t80\t5\n" for name in matures)
    np.testing.assert_array_equal(
        read_tables(write(tmp_path, HEADER + parts)).values, [[1080] * 6, [10] * 6]
    )


def test_the_unit_is_told_and_undone_before_rows_of_one_name_are_summed(tmp_path):
    text = "miRNA,S1,S2\nhsa-miR-21-5p,3,30.5\nhsa-miR-21-5p,5,30.5\nhsa-let-7a-5p,0.5,0.5\n"
    path = write(tmp_path, text, "cq.csv")
    with pytest.raises(DataError, match=r"values look logged \(fractions, none above 30.5"):
        read_tables(path)
    table = read_tables(path, units="log2")  # 2 ** 3 + 2 ** 5, and not 2 ** 8
    assert table.values[0, 0] == pytest.approx(40, abs=3)


def test_trailing_delimiter_and_windows_lines(tmp_path):
    text = "miRNA\tS1\tS2\t\r\nhsa-miR-21-5p\t5\t7\t\r\nhsa-let-7a-5p\t3\t9\t\r\n"
    table = read_tables(write(tmp_path, text))
    assert table.samples == ["S1", "S2"]
    assert table.values.tolist() == [[5, 3], [7, 9]]


def test_a_delimiter_at_the_end_of_rows_alone_moves_no_sample(tmp_path):
    text = "Name\tS1\tS2\nhsa-miR-21-5p\t5\t6\t\nhsa-let-7a-5p\t7\t8\t\n"
    table = read_tables(write(tmp_path, text))
    assert table.samples == ["S1", "S2"]
    np.testing.assert_array_equal(table.values, [[5, 7], [6, 8]])
    rows = "".join(f"hsa-miR-{number}-5p\t1\t2\t\n" for number in range(300, 320))
    # R's header one cell short, its last sample empty where the table begins: told, not guessed.
    with pytest.raises(DataError, match=r"row 22: has a value in column 4, which the header"):
        read_tables(write(tmp_path, f"A\tB\tC\n{rows}hsa-miR-21-5p\t5\t6\t7\n"))


def test_blank_and_comment_lines_before_the_header_count_as_lines(tmp_path):
    table = read_tables(write(tmp_path, "\n## made by hand\n\n" + HEADER + ROWS))
    assert table.values.tolist() == [[5, 3], [7, 900]]
    with pytest.raises(DataError, match="row 6, column S2: 'x' is not a number"):
        read_tables(write(tmp_path, "\n# by hand\n\n" + HEADER + ROWS.replace("900", "x")))


def test_quoted_name_may_hold_the_delimiter(tmp_path):
    text = '"miRNA","S1, left","S2"\n"hsa-miR-21-5p","5","7"\n"hsa-let-7a-5p","3","9"\n'
    table = read_tables(write(tmp_path, text))
    assert table.samples == ["S1, left", "S2"]
    assert table.values.tolist() == [[5, 3], [7, 9]]


def test_joined_files_keep_gaps_apart_from_zeros(tmp_path):
    first = write(tmp_path, "miRNA\tS1\nhsa-miR-21-5p\t5\nhsa-let-7a-5p\t0\n", "a.tsv")
    second = write(tmp_path, "miRNA\tS2\nhsa-let-7a-5p\t4\nhsa-miR-1-3p\t2\n", "b.tsv")
    table = read_tables([first, second])
    assert table.features == ["hsa-miR-21-5p", "hsa-let-7a-5p", "hsa-miR-1-3p"]
    np.testing.assert_array_equal(table.values, [[5, 0, np.nan], [np.nan, 4, 2]])


def test_same_samples_with_other_features_are_put_side_by_side(tmp_path):
    first = write(tmp_path, "\tS1\tS2\nhsa-miR-21-5p\t5\t6\nhsa-let-7a-5p\t1\t0\n", "mi.txt")
    second = write(tmp_path, "\tS2\tS1\nhsa_piR_000001\t8\t9\nDQ570956\t7\t2\n", "pi.txt")
    table = read_tables([first, second])
    assert table.samples == ["S1", "S2"]
    assert table.values.tolist() == [[5, 1, 9, 2], [6, 0, 8, 7]]


def test_a_library_is_not_put_together_of_counts_and_rpm(tmp_path):
    first = write(tmp_path, "\tS1\tS2\nhsa-miR-21-5p\t5\t6\nhsa-let-7a-5p\t1\t0\n", "mi.txt")
    second = write(tmp_path, "\tS1\tS2\nhsa_piR_000001\t999990.2\t8\nDQ570956\t9.8\t7\n", "p.txt")
    rpm = read_tables(second, units="rpm")
    assert rpm.units == "rpm"
    with pytest.raises(DataError, match=r"sample 'S1' has counts in .*mi.txt and rpm in .*p.txt"):
        read_tables([first, second])
    other = write(tmp_path, "\tS3\nhsa-miR-21-5p\t999990.2\nhsa-let-7a-5p\t9.8\n", "other.txt")
    assert read_tables([first, other]).units == "rpm"


def test_cell_given_twice_is_refused(tmp_path):
    first = write(tmp_path, "miRNA\tS1\nhsa-miR-21-5p\t5\n", "a.tsv")
    second = write(tmp_path, "miRNA\tS1\nhsa-miR-21-5p\t4\n", "b.tsv")
    with pytest.raises(DataError, match=r"sample 'S1' has feature 'hsa-miR-21-5p' in two tables"):
        read_tables([first, second])


def test_long_table_is_read_in_blocks(tmp_path, monkeypatch):
    from srna_augment.reading import stream

    monkeypatch.setattr(stream, "BLOCK_BYTES", 1000)
    counts = np.arange(4000).reshape(2000, 2)
    rows = "".join(f"hsa_piR_{i:06d}\t{a}\t{b}\n" for i, (a, b) in enumerate(counts.tolist()))
    table = read_tables(write(tmp_path, HEADER + rows))
    np.testing.assert_array_equal(table.values, counts.T)
    assert table.features[-1] == "hsa_piR_001999"


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        (
            "id\tage\thsa-miR-21-5p\tbatch\thsa-let-7a-5p\na\t61\t5\t1\t0\nb\t42\t7\t2\t3\n",
            "age, batch",
        ),
        (
            "miRNA\tLength\ta\tb\ttotal\nhsa-miR-21-5p\t22\t5\t7\t12\nhsa-let-7a-5p\t22\t0\t3\t3\n",
            "Length, total",
        ),
        (
            "id,mean_norm,total copies,a,b\nhsa-miR-21-5p,6,12,5,7\nhsa-let-7a-5p,2,3,0,3\n",
            "mean_norm, total copies",
        ),
        (
            ",X.miRNA,read_count,total,a,b\n1,hsa-miR-21-5p,12,12,5,7\n2,hsa-let-7a-5p,3,3,0,3\n",
            "1, read_count, total",
        ),
        (
            "id,Avg_Percent,a,b,Cumulative Percent\nhsa-miR-21-5p,9,5,7,9\nhsa-let-7a-5p,2,0,3,1\n",
            "Avg_Percent, Cumulative Percent",
        ),
        (
            "id,log2FC,a,P.Value,t,b_1\nhsa-miR-21-5p,-6,5,0.1,2,7\nhsa-let-7a-5p,2,0,1e-3,1,3\n",
            "log2FC, P.Value, t",
        ),
    ],
)
def test_numbers_that_are_no_expression_are_left_out_and_said(text, left_out, tmp_path):
    (tmp_path / "t.tsv").write_text(text)
    table = read_tables(tmp_path / "t.tsv")
    assert [sample[0] for sample in table.samples] == ["a", "b"]
    assert table.features == ["hsa-miR-21-5p", "hsa-let-7a-5p"]
    np.testing.assert_array_equal(table.values, [[5, 0], [7, 3]])
    assert f"(columns left out: {left_out})" in table.recognised


@pytest.mark.parametrize(
    ("columns", "samples"),
    [
        ("a-READs b-READs a-UMIs b-UMIs", "a-UMIs b-UMIs"),
        ("a_RPM a_count b_RPM b_count", "a_count b_count"),
        ("a.raw b.raw a.log2 b.log2", "a.raw b.raw"),
        ("a(vst) b(vst) a(TPM) b(TPM)", "a(TPM) b(TPM)"),
        ("Small_RNA_length Expression_value Count", "Count"),
        ("Reads Unique_reads", "Reads"),
        ("a b SD SEM Max", "a b"),
    ],
)
def test_of_several_numbers_of_a_sample_the_reads_are_taken(columns, samples, tmp_path):
    names = columns.split()
    wanted = samples.split()
    values = [0.5 if name not in wanted else 100 * i for i, name in enumerate(names, 1)]
    rows = "".join(
        "\t".join([f"hsa-miR-{row}-5p", *(str(value + row) for value in values)]) + "\n"
        for row in range(300, 320)
    )
    table = read_tables(write(tmp_path, "\t".join(["miRNA", *names]) + "\n" + rows, "f.tsv"))
    plain = [name[0] if name[0] in "ab" else "f" for name in wanted]
    assert table.samples == plain
    expected = [100 * (names.index(name) + 1) + 300 for name in wanted]
    assert table.values[:, 0].tolist() == expected
    assert "columns left out" in table.recognised


@pytest.mark.parametrize("columns", ["a_raw b_norm", "a_raw a_norm b_raw", "a_reads a_counts c"])
def test_samples_that_are_called_like_quantities_are_kept(columns, tmp_path):
    header = "\t".join(["miRNA", *columns.split()])
    rows = [[f"hsa-miR-{i}-5p", *map(str, range(i, i + len(columns.split())))] for i in (16, 21)]
    text = "".join("\t".join(row) + "\n" for row in rows)
    assert read_tables(write(tmp_path, f"{header}\n{text}")).samples == columns.split()


def test_a_note_below_a_small_table_is_refused_by_its_row(tmp_path):
    with pytest.raises(DataError, match="row 5: has 1 cells where the header has 3"):
        read_tables(write(tmp_path, HEADER + ROWS + "\nSource: our laboratory\n"))


@pytest.mark.parametrize(
    "text",
    [
        ",miRNA,a,b\n0,hsa-miR-21-5p,5,7\n1,hsa-let-7a-5p,0,3\n",  # pandas' index in front
        "chrom,name,strand,a,b\nchr17:1,hsa-miR-21-5p,+,5,7\nchr9:1,hsa-let-7a-5p,+,0,3\n",
        "a;b;miRNA\n5,0;7,0;hsa-miR-21-5p\n0,0;3,0;hsa-let-7a-5p\n",  # names behind the values
        "a;b;miRNA\n5,0;7,0;hsa-miR-21-5p\n0,0;3,0;hsa-let-7a-5p\n0,0;0,0;hsa-miR-1-3p\n",
    ],
    ids=["index", "place", "behind", "behind equal values"],
)
def test_names_need_not_be_in_the_first_column(text, tmp_path):
    table = read_tables(write(tmp_path, text, "t.csv"))
    assert (table.samples, table.features[:2]) == (["a", "b"], ["hsa-miR-21-5p", "hsa-let-7a-5p"])
    np.testing.assert_array_equal(table.values[:, :2], [[5, 0], [7, 3]])


def test_counts_of_star_have_no_header(tmp_path):
    text = "N_unmapped\t500\t510\t520\nhsa-let-7a-1\t7\t0\t7\nhsa-mir-21\t9\t0\t9\n"
    with pytest.raises(DataError, match="row 1: holds values where the names of the samples"):
        read_tables(write(tmp_path, text))


@pytest.mark.parametrize("first", ["hsa-mir-21", "RN7SK.1"])
def test_a_table_that_begins_with_values_is_refused_wherever_its_names_are(first, tmp_path):
    text = f"1\t10\t{first}\t+\t5\n1\t90\thsa-let-7a-1\t-\t7\n2\t3\thsa-mir-7-1\t+\t0\n"
    with pytest.raises(DataError, match=r"row 1: holds values where the names of the samples"):
        read_tables(write(tmp_path, text))


def test_rows_without_names_are_said(tmp_path):
    with pytest.raises(DataError, match=r"name the rows in the first column, or say with --orient"):
        read_tables(write(tmp_path, "S1,S2,S3\n26195,17377,4\n51508,34913,9\n", "t.csv"))


def test_matures_beside_their_precursors_name_the_rows(tmp_path):
    text = (
        "precursor\tmiRNA\ta\tb\nhsa-let-7a-1\thsa-let-7a-5p\t9\t1\n"
        "hsa-let-7a-1\thsa-let-7a-3p\t4\t0\nhsa-mir-21\thsa-miR-21-5p\t5\t7\n"
    )
    table = read_tables(write(tmp_path, text))
    assert table.features == ["hsa-let-7a-5p", "hsa-let-7a-3p", "hsa-miR-21-5p"]
    assert "(columns left out: precursor)" in table.recognised


@pytest.mark.parametrize("join", [" ", "|"])
def test_names_of_a_mature_and_its_precursor_are_the_matures(join, tmp_path):
    copies = [("hsa-let-7a-5p", f"hsa-let-7a-{copy}", 900 + copy) for copy in (1, 2, 3)]
    single = [(f"hsa-miR-{n}-5p", f"hsa-mir-{n}", n) for n in (21, 16, 148, 33)]
    twice = [
        (f"hsa-miR-{n}-3p", f"hsa-mir-{n}-{copy}", n) for n in (1, 7, 9, 24) for copy in (1, 2)
    ]
    rows = "".join(f"{a}{join}{b}\t{n}\t{n}\n" for a, b, n in [*copies, *single, *twice])
    table = read_tables(write(tmp_path, HEADER + rows))
    counts = dict(zip(table.features, table.values[0], strict=True))
    assert len(counts) == 1 + 4 + 4
    assert counts["hsa-let-7a-5p"] == 903
    assert counts["hsa-miR-9-3p"] == 9


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("Counts\n\tcontrol\tcase\n", "row 1: has one cell, as a title: take out the lines above"),
        ("\tcontrol\t\n", "row 2: looks like the header, with other lines above it: take out"),
        ("Report\t\nDate\t1 May\t\n\n", "row 4: looks like the header, with other lines above it"),
        ("\tcontrol\tcase\n", "row 2: has text alone, as a second header: keep one line"),
    ],
)
def test_lines_above_the_header_are_said(head, line, tmp_path):
    with pytest.raises(DataError, match=line):
        read_tables(write(tmp_path, head + HEADER + ROWS))


def test_a_first_row_that_nobody_reports_is_no_second_header(tmp_path):
    for blank in ("", "NA"):
        text = f"miRNA\tS1\tS2\nhsa-let-7a-5p\t{blank}\t{blank}\nhsa-miR-21-5p\t3\t4\n"
        path = tmp_path / "table.tsv"
        path.write_text(text)
        table = read_tables([str(path)])
        assert table.samples == ["S1", "S2"]
        assert np.isnan(table.values[:, 0]).all()


def test_empty_columns_and_rows_that_spreadsheets_add_are_none(tmp_path):
    text = "id,hsa-miR-21-5p,hsa-let-7a-5p,,\na,5,7,,\n,,,,\nb,3,900,,\n,,,,\n"
    table = read_tables(write(tmp_path, text, "table.csv"))
    assert (table.samples, table.features) == (["a", "b"], ["hsa-miR-21-5p", "hsa-let-7a-5p"])
    np.testing.assert_array_equal(table.values, [[5, 7], [3, 900]])


def test_columns_of_text_may_have_gaps(tmp_path):
    text = (
        "id\tsymbol\tS1\ttargets\nhsa-let-7a-5p\tNA\t5\t\nhsa-miR-21-5p\tMIR21\t3\tA,B\n"
        "hsa-miR-1-3p\tMIR1\t7\tC\n"
    )
    table = read_tables(write(tmp_path, text))
    assert (table.samples, table.values.tolist()) == (["S1"], [[5, 3, 7]])
    assert "(columns left out: symbol, targets)" in table.recognised


def test_a_header_of_one_cell_is_none_of_a_title_where_there_is_one_sample(tmp_path):
    for head in ("\tS1", "S1", "miRNA\t"):
        table = read_tables(
            write(tmp_path, f"{head}\nhsa-miR-21-5p\t5\nhsa-let-7a-5p\t7\n", "S1.tsv")
        )
        assert table.samples == ["S1"]


def test_comments_without_a_tab_are_passed_over(tmp_path):
    text = "#made by a program, with options\n#1\n" + HEADER + ROWS
    assert read_tables(write(tmp_path, text)).samples == ["S1", "S2"]
    table = read_tables(write(tmp_path, "#ID S1 S2\nhsa-miR-21-5p 5 7\nhsa-let-7a-5p 3 9\n"))
    assert table.samples == ["S1", "S2"]


def test_a_gct_table_is_refused_with_the_way_out(tmp_path):
    text = "#1.2\n2\t2\nName\tDescription\tS1\tS2\n"
    rows = "hsa-miR-21-5p\tna\t5\t7\nhsa-let-7a-5p\tna\t3\t9\n"
    with pytest.raises(DataError, match="GCT table: take out its first two lines"):
        read_tables(write(tmp_path, text + rows))
    table = read_tables(write(tmp_path, text.split("\n", 2)[2] + rows))
    assert table.samples == ["S1", "S2"]


@pytest.mark.parametrize("head", ["## mirGFF3. VERSION 1.2", "# GFF3 adapted for miRNA data"])
def test_isomirs_in_gff_are_refused_with_the_way_out(head, tmp_path):
    row = "hsa-miR-21-5p\tmiRBase22\tisomiR\t8\t29\t.\t+\t.\tRead ACGT; Expression 5,7\n"
    with pytest.raises(DataError, match="is GFF: give the table of counts, which 'mirtop counts'"):
        read_tables(write(tmp_path, f"{head}\n## COLDATA: S1,S2\n{row}"))


@pytest.mark.parametrize("head", ['!Series_title\t"x"\n', "^DATABASE = GeoMiame\n"])
def test_files_that_describe_a_series_of_geo_are_refused(head, tmp_path):
    with pytest.raises(DataError, match=r"of GEO: give the table of counts that the series has"):
        read_tables(write(tmp_path, head + '"ID_REF"\t"GSM1"\n"hsa-miR-21-5p"\t7.5\n'))


@pytest.mark.parametrize("sign", ["-", ""], ids=["down", "all up"])
def test_results_of_a_test_are_no_samples(sign, tmp_path):
    header = '"","baseMean","log2FoldChange","lfcSE","stat","pvalue","padj"'
    rows = f'"hsa-miR-21-5p",300.5,{sign}2.5,0.5,5,0.001,0.01\n"hsa-let-7a-5p",41,1,0.5,2,0.1,0.2\n'
    with pytest.raises(DataError, match=r"results of a test .*baseMean.* and no sample: give the"):
        read_tables(write(tmp_path, f"{header}\n{rows}"))


@pytest.mark.parametrize(
    "columns",
    [
        "baseMean,baseMeanA,baseMeanB,foldChange,log2FoldChange,pval,padj",  # DESeq
        "P.value,Adjusted.P.value,Odds.Ratio,Combined.Score",  # Enrichr
        "AvsB.logFC,AvsB.p.value,AvsB.FDR,CvsB.logFC,CvsB.adj.P.Val",
        "P-value (A vs B),FDR step up (A vs B),Ratio (A vs B),Fold change (A vs B),LSMean(A)",
    ],
)
def test_results_of_a_test_bear_names_of_comparisons(columns, tmp_path):
    values = ",".join(f"{i * 40 + 0.5}" for i in range(columns.count(",") + 1))
    text = f"id,{columns}\nhsa-miR-21-5p,{values}\nhsa-let-7a-5p,{values}\n"
    with pytest.raises(DataError, match=r"results of a test .* and no sample: give the counts"):
        read_tables(write(tmp_path, text))


def test_samples_beside_the_results_of_a_test_are_kept(tmp_path):
    text = (
        "id\tFDR1\tpad_j\tkruskal_wallis_p_value\n"
        "hsa-miR-21-5p\t5\t7\t0.2\nhsa-let-7a-5p\t0\t3\t0.1\n"
    )
    table = read_tables(write(tmp_path, text))
    assert table.samples == ["FDR1", "pad_j"]
    assert "(columns left out: kruskal_wallis_p_value)" in table.recognised


def test_lengths_alone_are_no_sample(tmp_path):
    text = "id\tname\tLength\nhsa-miR-21-5p\tMIR21\t22\nhsa-let-7a-5p\tMIRLET7A1\t21\n"
    with pytest.raises(DataError, match=r"no numbers but such as describe features \(Length\)"):
        read_tables(write(tmp_path, text))


def test_blanks_around_what_is_not_reported_are_passed_over(tmp_path):
    table = read_tables(
        write(tmp_path, HEADER + "hsa-miR-21-5p\t NA \t +7 \nhsa-let-7a\t3.\t.5e2\n")
    )
    np.testing.assert_array_equal(table.values, [[np.nan, 3], [7, 50]])
    with pytest.raises(DataError, match="row 3, column S2: 'no' is not a number"):
        read_tables(write(tmp_path, HEADER + "hsa-miR-21-5p\t NA \t4\nhsa-let-7a\t3\t no\n"))


@pytest.mark.parametrize("cell", ["ND", "n.d.", "Undetermined", "BDL", "<1", "5 %", "#REF!", "-"])
def test_a_sample_that_begins_with_words_is_not_left_out(cell, tmp_path):
    rows = "".join(f"hsa-miR-{number}-5p\t5\t{cell}\t7\n" for number in range(300, 320))
    path = write(tmp_path, "miRNA\tS1\tS2\tS3\n" + rows + "hsa-let-7a-5p\t1\t2\t3\n")
    with pytest.raises(DataError, match=f"row 2, column S2: '{re.escape(cell)}' is not a number"):
        read_tables(path)


def test_annotation_may_be_blank_by_marks(tmp_path):
    text = "miRNA\tnote\tS1\tS2\tother\nhsa-miR-21-5p\t-\t5\t7\t*\nhsa-let-7a\t-\t3\t9\t*\n"
    table = read_tables(write(tmp_path, text))
    assert (table.samples, table.values.tolist()) == (["S1", "S2"], [[5, 3], [7, 9]])


@pytest.mark.parametrize("cell", ["N.A.", "<NA>"])
def test_what_is_not_reported_has_many_names(cell, tmp_path):
    table = read_tables(write(tmp_path, HEADER + ROWS + f"hsa-miR-1-3p\t{cell}\t4\n"))
    np.testing.assert_array_equal(table.values, [[5, 3, np.nan], [7, 900, 4]])


def test_spaces_that_do_not_break_are_blanks(tmp_path):
    table = read_tables(write(tmp_path, HEADER + ROWS + "hsa-miR-1-3p\t\xa04\t5\xa0\n"))
    np.testing.assert_array_equal(table.values, [[5, 3, 4], [7, 900, 5]])
    with pytest.raises(DataError, match="row 4, column S1: '1 234' is not a number"):
        read_tables(write(tmp_path, HEADER + ROWS + "hsa-miR-1-3p\t1\xa0234\t5\n"))


def test_samples_of_one_letter_are_samples(tmp_path):
    text = "miRNA\tt\tb\tp\nhsa-miR-21-5p\t5\t7\t1\nhsa-let-7a-5p\t0\t3\t1\n"
    assert read_tables(write(tmp_path, text)).samples == ["t", "b", "p"]


@pytest.mark.parametrize(
    "text",
    [
        "sample,miRNA,count\nS1,hsa-miR-21-5p,5\nS1,hsa-let-7a-5p,7\nS2,hsa-miR-21-5p,9\n",
        "miRNA,sample,count\nhsa-miR-21-5p,S1,5\nhsa-let-7a-5p,S1,7\nhsa-miR-21-5p,S2,9\n",
    ],
)
def test_a_long_table_is_refused_with_how_to_spread_it(text, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match=r"a long table\): spread it .* pivot_wider"):
        read_tables(tmp_path / "t.csv")
