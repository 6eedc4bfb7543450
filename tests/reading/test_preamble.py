"""What stands above the header: comments, titles, Excel's mark; passed over where it is clear."""

import logging

import pytest

from srna_augment.errors import DataError
from srna_augment.metadata import read_metadata
from srna_augment.reading import read_tables

ROWS = "hsa-miR-21-5p\t5\t7\nhsa-let-7a-5p\t3\t900\nhsa-miR-1-3p\t0\t4\n"
COUNTS = [[5, 3, 0], [7, 900, 4]]


def read(tmp_path, text, delimiter="\t"):
    path = tmp_path / "table.txt"
    path.write_text(text.replace("\t", delimiter))
    return read_tables(path)


@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
@pytest.mark.parametrize(
    "head",
    [
        "# miRNA\tS1\tS2\n",
        "# \tS1\tS2\n",
        "#miRNA\tS1\tS2\n",
        "#ID\tS1\tS2\n",
        "\ufeff# Probe\tS1\tS2\n",
        "# made by a program\n# miRNA\tS1\tS2\n",
        "# made by\ta program\n#\n# on\tsome\tday\nmiRNA\tS1\tS2\n",
    ],
)
def test_names_of_samples_may_stand_behind_a_comment_sign(head, delimiter, tmp_path):
    table = read(tmp_path, head + ROWS, delimiter)
    assert (table.samples, table.values.tolist()) == (["S1", "S2"], COUNTS)


def test_a_comment_names_one_sample_or_the_features_or_is_one(tmp_path):
    rows = "hsa-miR-21-5p\t5\nhsa-let-7a-5p\t3\n"
    assert read(tmp_path, "# miRNA\tS1\n" + rows).samples == ["S1"]
    assert read(tmp_path, "# run of\tMonday\n" + rows).samples == ["table"]
    assert read(tmp_path, "# run\tof\tMonday\nID\t1\t2\n" + ROWS).samples == ["1", "2"]
    table = read(tmp_path, "# run\thsa-miR-21-5p\thsa-let-7a-5p\nS1\t5\t7\nS2\t3\t9\n")
    assert table.samples == ["S1", "S2"]


@pytest.mark.parametrize(
    ("mark", "delimiter"),
    [("sep=;", ";"), ("\ufeffsep=;\r", ";"), ("sep=,", ","), ('"sep=;"', ";"), ("SEP=\t", "\t")],
)
def test_excels_mark_of_the_delimiter_is_no_header(mark, delimiter, tmp_path):
    table = read(tmp_path, f"{mark}\nmiRNA\tS1\tS2\n{ROWS}", delimiter)
    assert (table.samples, table.values.tolist()) == (["S1", "S2"], COUNTS)
    path = tmp_path / "samples.csv"
    path.write_text(f"{mark}\nid\tsex\nS1\tmale\nS2\tfemale\n".replace("\t", delimiter))
    assert read_metadata(path)["sex"].tolist() == ["male", "female"]
    path.write_text(f"{mark}\nid\tsex\nS1\tmale\nS1\tfemale\n".replace("\t", delimiter))
    with pytest.raises(DataError, match="row 4, column id: sample 'S1' is already in row 3"):
        read_metadata(path)


@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
@pytest.mark.parametrize(
    ("title", "row"),
    [
        ("Small RNA report\n", 2),
        ("Small RNA report\t\t\n\t\t\n", 3),
        ("# a comment\nSmall RNA report\n\n", 4),
        ("Small RNA report\n" + "Parameters\n" * 20, 22),
    ],
)
def test_titles_are_passed_over_and_said(title, row, delimiter, tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="srna_augment"):
        table = read(tmp_path, f"{title}miRNA\tS1\tS2\n{ROWS}", delimiter)
    assert (table.samples, table.values.tolist()) == (["S1", "S2"], COUNTS)
    said = f"lines above the header, row {row}, are passed over: 'Small RNA report'"
    assert said in caplog.text
    with pytest.raises(DataError, match=f"row {row + 2}, column S2: 'x' is not a number"):
        read(tmp_path, f"{title}miRNA\tS1\tS2\n{ROWS}".replace("900", "x"), delimiter)


def test_lines_of_a_few_cells_above_a_wide_table_are_titles(tmp_path):
    head = "Project\tABC\nDate\t2021\n\nID\t1\t2\t3\n"
    rows = "hsa-miR-21-5p\t5\t7\t1\nhsa-let-7a-5p\t3\t900\t2\n"
    assert read(tmp_path, head + rows).samples == ["1", "2", "3"]


@pytest.mark.parametrize(
    "text",
    [
        "Counts\nhsa-miR-21-5p\t5\nhsa-let-7a-5p\t7\n",  # R's header of one sample
        "miRNA\t\nhsa-miR-21-5p\t5\nhsa-let-7a-5p\t7\nhsa-miR-1-3p\t7\n",
    ],
)
def test_a_header_of_one_cell_is_no_title(text, tmp_path):
    assert read(tmp_path, text).features[:2] == ["hsa-miR-21-5p", "hsa-let-7a-5p"]


def test_a_title_above_values_without_a_header_is_not_passed_over(tmp_path):
    with pytest.raises(DataError, match="row 1: has one cell, as a title"):
        read(tmp_path, "Counts\n" + ROWS)
