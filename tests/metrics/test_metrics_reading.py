"""Reading predictions.tsv: however it was split, and what is refused with file and row."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from metrics_toys import age_rows, toy_rows

from srna_augment.errors import DataError
from srna_augment.metrics.reading import read_predictions


def test_files_split_by_fold_are_one(write):
    rows = toy_rows()
    whole = read_predictions([write(rows, "whole.tsv")]).predictions[0]
    parts = read_predictions([write(rows[:3], "a.tsv"), write(rows[3:], "b.tsv")])
    assert len(parts.predictions) == 1
    assert list(parts.rows.values()) == [3, 2]
    one = parts.predictions[0]
    assert one.samples.tolist() == whole.samples.tolist()
    assert one.studies == ["A", "B", "C"]
    assert (one.probabilities == whole.probabilities).all()


def test_targets_side_by_side_keep_their_own_classes(write):
    sex = [
        {
            "sample_id": "s1",
            "target": "sex",
            "model": "rf",
            "scheme": "random",
            "fold": "0",
            "truth": "male",
            "predicted": "male",
            "probability": 0.6,
            "study": "A",
            "prob:male": 0.6,
            "prob:female": 0.4,
        },
    ]
    found = read_predictions([write([*sex, *age_rows(), *toy_rows()])]).predictions
    assert [one.target for one in found] == ["tissue", "sex", "age_years"]
    assert found[0].classes == ["liver", "lung"]
    assert found[1].classes == ["female", "male"]
    assert found[2].truth.tolist() == [30, 40, 50, 60]


def test_a_class_that_a_fold_did_not_know_has_probability_zero(write):
    """Files of two folds: the second has no column of the class that only it holds."""
    first = [{**toy_rows()[0], "prob:skin": 0.0}]
    second = [
        {k: v for k, v in toy_rows()[3].items() if k != "prob:liver"}
        | {"prob:lung": 1.0, "probability": 1.0}
    ]
    found = read_predictions([write(first, "a.tsv"), write(second, "b.tsv")]).predictions[0]
    assert found.classes == ["liver", "lung", "skin"]
    assert found.probabilities.tolist() == [[0.9, 0.1, 0.0], [0.0, 1.0, 0.0]]


def test_age_groups_go_from_young_to_old(write):
    rows = [
        {k: v for k, v in row.items() if not k.startswith("prob:")}
        | {"target": "age", "truth": name, "predicted": "adult"}
        for row, name in zip(
            toy_rows(), ("older adult", "fetus", "unheard of", "child", "adult"), strict=True
        )
    ]
    found = read_predictions([write(rows)]).predictions[0]
    assert found.classes == ["fetus", "child", "adult", "older adult", "unheard of"]


def test_order_is_that_of_a_reader(write):
    rows = [
        row
        for scheme in ("random", "group")
        for model in ("zebra", "majority", "rf", "dl")
        for row in toy_rows(scheme=scheme, model=model)
    ]
    found = read_predictions([write(rows)]).predictions
    assert [(one.scheme, one.model) for one in found] == [
        (scheme, model)
        for scheme in ("group", "random")
        for model in ("dl", "rf", "majority", "zebra")
    ]


def test_rows_without_truth_are_counted(write, caplog):
    rows = toy_rows()
    rows[1]["truth"] = ""
    with caplog.at_level("INFO", "srna_augment"):
        found = read_predictions([write(rows)])
    assert found.skipped == {"tissue": 1}
    assert found.predictions[0].samples.tolist() == ["s1", "s3", "s4", "s5"]
    assert "1 rows without a truth" in caplog.text


@pytest.mark.parametrize("absent", [True, False])
def test_without_study_the_fold_counts_as_one(write, caplog, absent, tmp_path):
    path = Path(write(toy_rows(study="")))
    if absent:
        lines = [line.split("\t") for line in path.read_text().splitlines()]
        place = lines[0].index("study")
        path.write_text("".join("\t".join(x[:place] + x[place + 1 :]) + "\n" for x in lines))
    with caplog.at_level("INFO", "srna_augment"):
        found = read_predictions([path]).predictions[0]
    assert found.studies == ["fold 0", "fold 1"]
    assert found.study.tolist() == [0, 0, 0, 1, 1]
    assert found.study_unit == "fold"
    assert "5 of 5 rows name no study" in caplog.text


def test_gzip_windows_line_ends_and_byte_order_mark(write, tmp_path):
    text = Path(write(toy_rows())).read_text()
    path = tmp_path / "p.tsv.gz"
    path.write_bytes(gzip.compress(("\ufeff" + text.replace("\n", "\r\n")).encode()))
    assert read_predictions([path]).predictions[0].n_samples == 5


def test_blank_lines_at_the_end_are_no_rows(write):
    path = write(toy_rows())
    Path(path).write_text(Path(path).read_text() + "\n\n")
    assert read_predictions([path]).predictions[0].n_samples == 5


def test_names_that_look_like_nothing_stay_names(write):
    found = read_predictions([write(toy_rows(study="NA"))]).predictions[0]
    assert found.studies == ["NA"]


def test_quotation_marks_as_pandas_writes_them(tmp_path):
    rows = toy_rows(study='"12" cohort')
    for row in rows:
        row['prob:"odd"'] = row.pop("prob:lung")
        for column in ("truth", "predicted"):
            row[column] = row[column].replace("lung", '"odd"')
    pd.DataFrame(rows).to_csv(tmp_path / "p.tsv", sep="\t", index=False)
    found = read_predictions([tmp_path / "p.tsv"]).predictions[0]
    assert found.studies == ['"12" cohort']
    assert found.classes == ['"odd"', "liver"]


@pytest.mark.parametrize("rows", [[1], [1, 3]])
def test_an_open_quotation_mark_cannot_swallow_rows(write, rows):
    changed_rows = toy_rows()
    for row in rows:
        changed_rows[row]["truth"] = '"liver'
    with pytest.raises(DataError, match="quotation mark"):
        read_predictions([write(changed_rows)])


def test_without_prob_columns_the_rest_still_works(write, caplog):
    rows = [{k: v for k, v in row.items() if not k.startswith("prob:")} for row in toy_rows()]
    with caplog.at_level("INFO", "srna_augment"):
        found = read_predictions([write(rows)]).predictions[0]
    assert found.probabilities is None
    assert found.confidence.tolist() == [0.9, 0.8, 0.6, 0.7, 0.95]
    assert "no prob: columns" in caplog.text


def changed(row: int, **cells: object) -> list[dict[str, object]]:
    rows = toy_rows()
    rows[row] |= cells
    return rows


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (changed(1, sample_id=""), "p.tsv: row 3 has an empty sample_id"),
        (changed(2, fold=""), "p.tsv: row 4 has an empty fold"),
        (changed(0, predicted=""), "p.tsv: row 2 has an empty predicted"),
        (changed(3, probability="high"), "p.tsv: row 5, column probability: 'high'"),
        (changed(3, probability=""), "p.tsv: row 5, column probability: ''"),
        (changed(3, probability=70), "p.tsv: row 5, column probability: '70'"),
        (changed(4, **{"prob:lung": "x"}), "p.tsv: row 6, column prob:lung: 'x'"),
        (changed(4, **{"prob:lung": "1e400"}), "p.tsv: row 6, column prob:lung: '1e400'"),
        (changed(4, **{"prob:lung": -0.5}), "p.tsv: row 6: a prob: column is not between 0 and 1"),
        (changed(4, **{"prob:lung": ""}), "p.tsv: row 6: the prob: columns of tissue sum to 0.05"),
        (changed(4, **{"prob:liver": "", "prob:lung": ""}), "row 6: the prob: columns of tissue"),
        (changed(0, probability=0.5), "row 2: probability is 0.5 but prob:liver is 0.9"),
        (changed(0, predicted="skin"), "row 2: probability is 0.9 but prob:skin is empty"),
        (
            changed(1, sample_id="s1"),
            "p.tsv: row 3: sample 's1' was already predicted for tissue by dl under group",
        ),
        ([row | {"truth": ""} for row in toy_rows()], "no row has a truth"),
        ([], "no predictions"),
    ],
)
def test_what_cannot_be_used_is_named(write, rows, message):
    with pytest.raises(DataError) as caught:
        read_predictions([write(rows)])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_row_in_two_files_is_named_with_both(write):
    a, b = write(toy_rows(), "a.tsv"), write(toy_rows()[2:3], "b.tsv")
    with pytest.raises(DataError, match=r"b\.tsv: row 2: sample 's3'.*a\.tsv, row 4"):
        read_predictions([a, b])


def test_truths_that_differ_between_learners_are_named(write):
    other = toy_rows(model="rf")
    other[4]["truth"] = "liver"
    with pytest.raises(
        DataError,
        match=r"b\.tsv: row 6: tissue of sample 's5' is 'liver', but "
        r"'lung' in .*a\.tsv, row 6",
    ):
        read_predictions([write(toy_rows(), "a.tsv"), write(other, "b.tsv")])


def test_an_age_may_be_written_in_two_ways(write):
    found = read_predictions(
        [
            write(age_rows(), "a.tsv"),
            write([row | {"truth": float(row["truth"])} for row in age_rows(model="rf")], "b.tsv"),
        ]
    )
    assert [one.model for one in found.predictions] == ["dl", "rf"]


@pytest.mark.parametrize("column", ["truth", "predicted"])
@pytest.mark.parametrize("cell", ["old", "nan", "inf"])
def test_an_age_is_a_number(write, column, cell):
    rows = age_rows()
    rows[1][column] = cell
    with pytest.raises(DataError, match=rf"row 3, column {column}: '{cell}' is not an age"):
        read_predictions([write(rows)])


def test_missing_columns_are_named(write, tmp_path):
    path = Path(write(toy_rows()))
    path.write_text(path.read_text().replace("scheme", "plan").replace("truth", "label"))
    with pytest.raises(DataError, match="row 1 has no column scheme, truth"):
        read_predictions([path])


def test_a_file_cut_short_is_refused(write):
    path = Path(write(toy_rows()))
    path.write_text(path.read_text().rsplit("\t", 1)[0])
    with pytest.raises(DataError, match="row 6 has 10 cells, the header has 11"):
        read_predictions([path])


def test_a_column_twice_is_refused(write):
    path = Path(write(toy_rows()))
    path.write_text(path.read_text().replace("prob:lung", "prob:liver"))
    with pytest.raises(DataError, match="row 1 has column 'prob:liver' twice"):
        read_predictions([path])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\xff\xfe\x00\x01", "not a text table"),
        (b"\x1f\x8b\x08\x00 not gzip at all", "gzip data are damaged"),
        (gzip.compress(b"sample_id\ttarget" * 50)[:30], "gzip data end early"),
        (b"\x1f\x8bnot gzip at all", "gzip data are damaged"),
        (b"sample,target,model\n1,2,3\n", "row 1 has no column sample_id"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, message):
    path = tmp_path / "p.tsv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_predictions([path])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.tsv: cannot be read"):
        read_predictions([tmp_path / "nowhere.tsv"])


def test_a_subset_leaves_no_empty_study(write):
    found = read_predictions([write(toy_rows())]).predictions[0]
    part = found.subset(np.array([0, 4]))
    assert part.studies == ["A", "C"]
    assert part.study.tolist() == [0, 1]
    assert part.study_sizes.tolist() == [1, 1]
