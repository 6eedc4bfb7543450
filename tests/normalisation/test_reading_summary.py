"""What `normalise` says of what it read: counted by hand."""

from __future__ import annotations

import json
import os

import numpy as np
import pandas as pd
import pytest

from srna_augment.errors import DataError
from srna_augment.multiqc_reading import write_multiqc
from srna_augment.normalise import normalise
from srna_augment.reading_summary import load, save

# a known precursor, an older spelling, a name that no release has, read statistics
NAMES = ["hsa-mir-21", "hsa-mir-9-1", "hsa-mir-99999", "__no_feature"]
ROWS = {"a": [70, 20, 10, 500], "b": [0, 4, 0, 1], "c": [0, 0, 0, 9]}


@pytest.fixture
def expression(tmp_path):
    path = tmp_path / "table.tsv"
    table = pd.DataFrame.from_dict(ROWS, orient="index", columns=NAMES)
    table.to_csv(path, sep="\t")
    metadata = tmp_path / "samples.tsv"
    metadata.write_text("sample_id\tstudy\na\tS1\nb\t<S2>\nc\tS1\n")
    found, _ = normalise(
        [str(path)], metadata, None, method="log2rpm", level="stem", minimum_reported=0.5
    )
    return found


def test_names_and_samples_are_counted(expression):
    reading = expression.reading
    (table,) = reading["inputs"]
    assert (table["samples"], table["features"], table["units"]) == (3, 4, "counts")
    assert (table["mapped"], table["unmapped"], table["dropped"]) == (2, 1, 1)
    assert table["unmapped_kinds"] == {"miRNA": 1}
    assert reading["features"] == {"names": 4, "keys": 3, "kept": 3, "kept_in_table": 3}
    a, b, c = reading["samples"]
    assert (a["sample_id"], a["reads"], a["features_detected"]) == ("a", 100, 3)
    assert (a["share_mapped"], a["share_kept"], a["features_reported"]) == (0.9, 1, 3)
    assert (b["reads"], b["features_detected"]) == (4, 1)
    # nothing but read statistics
    assert (c["reads"], c["share_mapped"], c["in_output"]) == (0, None, False)
    assert expression.samples == ["a", "b"]
    np.testing.assert_array_equal(expression.depth, [100, 4])


def test_it_comes_back_from_its_file(expression, tmp_path):
    save(expression.reading, tmp_path / "reading.json")
    assert load(tmp_path / "reading.json") == expression.reading


def test_a_file_whose_name_is_no_text_is_named_as_far_as_it_goes(expression, tmp_path):
    expression.reading["inputs"][0]["file"] = os.fsdecode(b"d/caf\xe9.tsv")
    save(expression.reading, tmp_path / "reading.json")
    assert load(tmp_path / "reading.json")["inputs"][0]["file"] == "d/caf?.tsv"
    write_multiqc(expression, tmp_path / "new")
    text = (tmp_path / "new" / "srna_reading_tables_mqc.json").read_text(encoding="utf-8")
    assert list(json.loads(text)["data"]) == ["caf?.tsv"]


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": "2.0"}', '{"schema_version": 1}'])
def test_another_file_is_refused_in_one_line(text, tmp_path):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(DataError, match="not what normalise --report writes"):
        load(path)
    with pytest.raises(DataError, match="no such file"):
        load(tmp_path / "none.json")


@pytest.mark.parametrize("kept", ["3", 0, float("inf"), 3.5, None])
def test_a_summary_with_odd_numbers_is_refused_in_one_line(expression, tmp_path, kept):
    path = tmp_path / "x.json"
    odd = expression.reading | {"features": {"kept": kept}}
    path.write_text(json.dumps(odd))
    with pytest.raises(DataError, match="not what normalise --report writes"):
        load(path)


def test_sections_of_the_report_say_the_same(expression, tmp_path):
    write_multiqc(expression, tmp_path / "new")
    found = {
        section["id"]: section
        for section in (json.loads(path.read_text()) for path in (tmp_path / "new").iterdir())
    }
    row = found["srna_reading_tables"]["data"]["table.tsv"]
    assert (row["samples"], row["mapped"], row["unmapped"], row["kinds"]) == (3, 2, 1, "1 miRNA")
    assert "1 without reads" in found["srna_reading_tables"]["description"]
    studies = found["srna_reading_studies"]["data"]
    assert set(studies) == {"S1", "&lt;S2&gt;"}
    assert studies["S1"]["reads"] == pytest.approx(0.1)  # thousands
    assert studies["S1"]["reported"] == 100
    reads, detected = found["srna_reading_depth"]["data"]
    assert reads["all samples"][0] == [0, 4]
    assert reads["all samples"][-1] == [100, 100]
    assert detected["S1"][50] == [100, 3]
