"""Which studies fail, and the hints at why: known by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from metrics_toys import toy_rows

from srna_augment.metrics.reading import read_predictions
from srna_augment.metrics.studies import reasons, study_details, usual_figures

READING = {
    "features": {"kept": 10},
    "samples": [
        {"sample_id": "s1", "reads": 1000.0, "features_reported": 10},
        {"sample_id": "s2", "reads": 3000.0, "features_reported": 6},
        {"sample_id": "s3", "reads": None, "features_reported": 8},
        {"sample_id": "s4", "reads": 7.0, "features_reported": 5},
    ],
}


@pytest.fixture
def toy(write):
    rows = [row | {"distance": 0.5 + k} for k, row in enumerate(toy_rows())]
    (found,) = read_predictions([write(rows)]).predictions
    return found


def test_a_study_is_described_by_its_samples(toy):
    a, b, c = study_details(toy, np.array([True, False]), READING)
    assert a["truth"] == {"liver": 2, "lung": 1}
    assert a["mistakes"] == [{"truth": "lung", "predicted": "liver", "n": 1}]
    assert a["share_known"] == pytest.approx(2 / 3)
    assert a["probability"] == pytest.approx(0.8)
    assert a["distance"] == pytest.approx(1.5)
    assert a["reads"] == pytest.approx(2000)  # of the two that have any
    assert a["features_reported"] == pytest.approx(0.8)
    assert (b["reads"], b["distance"]) == (7, 3.5)
    # its only sample was not read
    assert (c["reads"], c["features_reported"], c["mistakes"]) == (None, None, [])


def test_mistakes_do_not_depend_on_the_order_of_samples(write):
    row = {k: v for k, v in toy_rows()[0].items() if not k.startswith("prob:")}
    rows = [
        row | {"sample_id": f"{truth}{predicted}", "truth": truth, "predicted": predicted}
        for truth in "abc"
        for predicted in "def"
    ]
    found = []
    for part in (rows, rows[::-1]):
        (predictions,) = read_predictions([write(part)]).predictions
        found.append(json.dumps(study_details(predictions, np.ones(6, dtype=bool), None)))
    assert found[0] == found[1]
    (study,) = json.loads(found[0])
    assert [(m["truth"], m["predicted"]) for m in study["mistakes"]] == [
        ("a", "d"), ("a", "e"), ("a", "f"), ("b", "d"), ("b", "e"),
    ]  # fmt: skip


def test_without_a_report_of_reading_there_is_none_of_it(toy):
    assert "reads" not in study_details(toy, np.array([True, True]), None)[0]


def test_predictions_without_distances_have_none(write):
    (found,) = read_predictions([write(toy_rows())]).predictions
    assert study_details(found, np.array([True, True]), None)[0]["distance"] is None


FINE = {
    "accuracy": 0.2, "share_known": 1.0, "probability": 0.5, "distance": 0.3, "reads": 1e6,
    "features_reported": 1.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"share_known": 0.2}, ["training did not know its class"]),
        ({"distance": 2.0}, ["unlike what it was trained on"]),
        ({"reads": 6000.0}, ["6 thousand reads a sample"]),
        ({"features_reported": 0.5}, ["reports 50 % of the features"]),
        ({"probability": 0.9}, ["sure, and wrong: it looks like another class"]),
        ({"probability": 0.9, "accuracy": 0.9}, []),
        ({"distance": None, "reads": None, "features_reported": None}, []),
    ],
)
def test_reasons(change, words):
    assert reasons(FINE | change, {"distance": 1.0}) == words


def test_what_is_usual_is_read_from_studies_that_are_right():
    right = [{"accuracy": 1.0, "distance": float(k)} for k in range(11)]
    wrong = [{"accuracy": 0.1, "distance": 99.0}]
    assert usual_figures(right + wrong) == {"distance": pytest.approx(9.0)}
    assert usual_figures(right[:4] + wrong) == {}
