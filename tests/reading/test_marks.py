"""Thousands marks and quotes: read where they can mean one thing, refused where they may not."""

import logging

import numpy as np
import pytest

from srna_augment.errors import DataError
from srna_augment.reading import read_tables

COUNTS = [[5259, 12], [7207, 1034]]


def read(tmp_path, *lines):
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n")
    return read_tables(path)


def test_quoted_thousands_of_a_csv_are_read_and_said(tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="srna_augment"):
        table = read(
            tmp_path, "name,s1,s2", 'hsa-let-7a-5p,"5,259","7,207"', 'hsa-miR-21-5p,12,"1,034"'
        )
    assert table.values.tolist() == COUNTS
    assert "marks of thousands taken out (3 of the numbers), such as in '5,259'" in caplog.text
    assert "row 2, column s1" in caplog.text


@pytest.mark.parametrize(
    "cells",
    [
        ("1.234,5", "2.345,25"), ("1.234.567", "2.345.678"), ("1 234", "2 345,5"),
        ("1\u202f234", "2\u202f345"), ("1'234", "2'345.5"),
    ],
)  # fmt: skip
def test_a_sample_of_numbers_as_written_elsewhere_is_no_column_of_text(cells, tmp_path):
    first, second = cells
    with pytest.raises(DataError, match=r"write decimals with a point|s1: '.*' is not a number"):
        read(tmp_path, "name;s1;s2", f"hsa-let-7a-5p;{first};7", f"hsa-miR-21-5p;{second};4,5")


def test_powers_of_ten_with_a_decimal_comma_are_numbers(tmp_path):
    rows = ("hsa-let-7a-5p;1,5E+03;7", "hsa-miR-21-5p;2,25E+03;4,5")
    table = read(tmp_path, "name;s1;s2", *rows)
    assert table.values.tolist() == [[1500, 2250], [7, 4.5]]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('"1,000,000"', 1_000_000),
        ('"5,259.15"', 5259.15),
        ('" 5,259 "', 5259),
        ('"12"', 12),
        ('""', np.nan),
    ],
)
@pytest.mark.parametrize("note", ["", ",note"], ids=["plain", "with text"])
def test_quoted_numbers(cell, value, note, tmp_path):
    text = note and ',"left, right"'
    table = read(
        tmp_path,
        f"name{note},s1,s2",
        f"hsa-let-7a-5p{text},{cell},7",
        f"hsa-miR-21-5p{text},3,4",
    )
    np.testing.assert_allclose(table.values, [[value, 3], [7, 4]], rtol=1e-6)


def test_samples_as_rows_may_have_both_a_comma_in_the_id_and_thousands(tmp_path):
    table = read(
        tmp_path, "id,hsa-let-7a-5p,hsa-miR-21-5p", '"s1, left","5,259",12', 's2,"7,207","1,034"'
    )
    assert table.samples == ["s1, left", "s2"]
    assert table.values.tolist() == COUNTS


def test_names_may_have_commas_and_quotes(tmp_path):
    table = read(tmp_path, "name,s1,s2", '"hsa-let-7a ""x"", y",5,6', '"hsa-miR-21-5p"",",7,8')
    assert table.features == ['hsa-let-7a "x", y', 'hsa-miR-21-5p",']
    assert table.values.tolist() == [[5, 7], [6, 8]]


def test_columns_of_millions_are_no_text(tmp_path):
    table = read(
        tmp_path, "name,s1,s2", 'hsa-let-7a-5p,"1,000,001",6', 'hsa-miR-21-5p,"2,000,000",8'
    )
    assert table.samples == ["s1", "s2"]
    assert table.values.tolist() == [[1_000_001, 2_000_000], [6, 8]]


def test_marks_are_settled_over_all_blocks(tmp_path, monkeypatch):
    from srna_augment.reading import stream

    monkeypatch.setattr(stream, "BLOCK_BYTES", 1000)
    rows = [f"hsa_piR_{i:06d}\t{1000 + i:,}\t{i}" for i in range(500)]
    with pytest.raises(DataError, match=r"row 2, column s1: '1,000' may have a mark of thousands"):
        read(tmp_path, "name\ts1\ts2", *rows)
    table = read(tmp_path, "name\ts1\ts2", *rows, "hsa-let-7a-5p\t1,000,000\t0")
    np.testing.assert_array_equal(table.values[0], [*range(1000, 1500), 1_000_000])


@pytest.mark.parametrize("proof", ["1,000,000", "1,034.5", "0.5", " 1,034.0 "])
def test_tabs_leave_open_what_a_comma_is_until_a_number_shows_it(proof, tmp_path):
    lines = ["name\ts1\ts2", "hsa-let-7a-5p\t5,259\t7", "hsa-miR-21-5p\t12\t"]
    with pytest.raises(
        DataError,
        match=r"row 2, column s1: '5,259' may have a mark of thousands or of decimals: write",
    ):
        read(tmp_path, *lines[:2], lines[2] + "1")
    table = read(tmp_path, *lines[:2], lines[2] + proof)
    assert table.values.tolist() == [[5259, 12], [7, float(proof.replace(",", ""))]]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        # Decimals to three places all have a comma.
        (['a,"5,259","7,207"', 'b,"1,200","1,034"'], "row 2, column s1: '5,259' may have a mark"),
        (['a,"5,259",7', 'b,12,"0,500"'], "row 3, column s2: '0,500' is not a number: write decim"),
        (['a,"5,259",7', 'b,12,"10,25"'], "row 3, column s2: '10,25' is not a number: write decim"),
        (['a,"5,259",7', 'b,12,"1,0345"'], "row 3, column s2: '1,0345' is not a number"),
        (["a,5,259,7,207", "b,12,1,034"], "row 2: has 5 cells where the header has 3: check for a"),
        # Without its quotes it would be two cells.
        (["a,1,2", 'b,"5,259"'], "row 3: has 2 cells where the header has 3"),
        (["a,1,2", 'b,1,"5,259'], "row 3, column s2: '5,259' has a quote that is not closed"),
        (["a,1,2", 'b,1,"x, y"'], "row 3, column s2: 'x, y' is not a number"),
    ],
)
def test_commas_that_may_be_something_else_are_refused(rows, line, tmp_path):
    named = [
        row.replace("a,", "hsa-let-7a-5p,", 1).replace("b,", "hsa-miR-21-5p,", 1) for row in rows
    ]
    with pytest.raises(DataError) as caught:
        read(tmp_path, "name,s1,s2", *named)
    assert line in str(caught.value)


def test_a_quote_that_is_not_closed_is_refused_beside_text_too(tmp_path):
    with pytest.raises(DataError, match=r"row 3, column s2: '5,259' has a quote that is not cl"):
        read(tmp_path, "name,note,s1,s2", "hsa-let-7a-5p,x,1,2", 'hsa-miR-21-5p,y,1,"5,259')


def test_semicolons_with_points_and_commas_are_refused(tmp_path):
    with pytest.raises(DataError, match="numbers with a comma and others with a point"):
        read(tmp_path, "name;s1;s2", "hsa-let-7a-5p;5,259;1", "hsa-miR-21-5p;12;0.5")


def test_one_decimal_comma_in_each_row_is_no_delimiter(tmp_path):
    table = read(tmp_path, "miRNA;s1", "hsa-let-7a-5p;5,0", "hsa-miR-21-5p;1200,0")
    assert (table.samples, table.values.tolist()) == (["s1"], [[5, 1200]])
