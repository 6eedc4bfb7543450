"""The report's sections of `augment`: counts, disagreements and the map, on known answers."""

import json

import numpy as np
import pandas as pd
import pytest

from srna_augment.annotate import Annotation
from srna_augment.multiqc_calls import write_multiqc
from srna_augment.sample_map import principal_plane

PLACES = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]])


@pytest.fixture
def annotation() -> Annotation:
    table = pd.DataFrame(
        {
            "sample_id": ["a", "<b>", "c", "d"],
            "study": ["S1", "S1", "S2", "S2"],
            "tissue": ["", "liver", "brain", "NA"],
            "tissue_best": ["liver", "brain", "brain", "lung"],
            "tissue_probability": ["0.9000", "0.9500", "0.9900", "0.3000"],
            "tissue_status": ["called", "called", "called", "withheld"],
            "tissue_check": ["", "disagrees", "agrees", ""],
        }
    )
    return Annotation(table=table, targets=["tissue"], cards={}, recognised="", places=PLACES)


def sections(annotation: Annotation, folder) -> dict[str, dict]:
    write_multiqc(annotation, folder / "new")
    found = [json.loads(path.read_text()) for path in (folder / "new").glob("*_mqc.json")]
    return {section["id"]: section for section in found}


def test_blanks_are_counted_apart_from_labelled_samples(annotation, tmp_path):
    data = sections(annotation, tmp_path)["srna_augment_calls"]["data"]
    assert data == {
        "tissue, blank": {"called": 1, "withheld": 1, "out_of_distribution": 0},
        "tissue, labelled": {"called": 2, "withheld": 0, "out_of_distribution": 0},
    }


def test_only_a_call_that_contradicts_its_label_is_listed_and_names_stay_text(annotation, tmp_path):
    data = sections(annotation, tmp_path)["srna_augment_disagreements"]["data"]
    assert data == {"&lt;b&gt;, tissue": {"label": "liver", "call": "brain", "probability": 0.95}}


def test_where_nothing_disagrees_it_says_so(annotation, tmp_path):
    annotation.table["tissue_check"] = ""
    section = sections(annotation, tmp_path)["srna_augment_disagreements"]
    assert "No call contradicts" in section["data"]


def test_the_map_has_a_point_a_sample_in_a_colour_of_its_tissue_and_study(annotation, tmp_path):
    by_tissue, by_study = sections(annotation, tmp_path)["srna_augment_map"]["data"]
    assert [(p["x"], p["y"]) for p in by_tissue.values()] == [tuple(place) for place in PLACES]
    assert [p["group"] for p in by_tissue.values()] == ["blank", "liver", "brain", "blank"]
    assert [p["group"] for p in by_study.values()] == ["S1", "S1", "S2", "S2"]
    colours = [p["color"] for p in by_study.values()]
    assert colours[0] == colours[1] != colours[2] == colours[3]


def test_the_plane_is_that_of_the_largest_differences():
    # all differences lie along (1, -1, 0): the first axis has them, the second nothing
    logits = np.array([[3.0, -3.0, 1.0], [-1.0, 1.0, 1.0], [-2.0, 2.0, 1.0]])
    places = principal_plane(logits)
    np.testing.assert_allclose(places[:, 0], np.array([3, -1, -2]) * np.sqrt(2), atol=1e-12)
    np.testing.assert_allclose(places[:, 1], 0, atol=1e-7)


def test_a_class_that_cannot_be_does_not_fill_the_map():
    places = principal_plane(np.array([[1.0, -np.inf], [2.0, -np.inf], [0.0, 3.0]]))
    assert np.isfinite(places).all()
    assert np.abs(places).max() < 100
