"""The report's sections of `augment`: counts, disagreements and the map, on known answers."""

import json

import numpy as np
import pandas as pd
import pytest

from srna_augment.annotate import Annotation
from srna_augment.left_out_checks import LeftOut
from srna_augment.multiqc_calls import write_multiqc
from srna_augment.sample_map import MOST_POINTS, place, principal_plane

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
    return Annotation(table, ["tissue"], {"tissue": None}, {}, "", PLACES)


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


def test_two_samples_of_a_study_with_each_others_label_are_named_as_a_swap(annotation, tmp_path):
    table = annotation.table
    table["study"] = "S1"
    table.loc[3, ["tissue", "tissue_best", "tissue_check"]] = ["brain", "liver", "disagrees"]
    data = sections(annotation, tmp_path)["srna_augment_disagreements"]["data"]
    assert data["&lt;b&gt;, tissue"]["swap"] == "d"
    assert data["d, tissue"]["swap"] == "&lt;b&gt;"
    table.loc[3, "study"] = "S2"
    data = sections(annotation, tmp_path)["srna_augment_disagreements"]["data"]
    assert "swap" not in data["d, tissue"]


def test_a_swap_is_found_in_any_spelling(annotation, tmp_path):
    annotation.table["study"] = "S1"
    annotation.table["tissue"] = ["", "my tissue", "brain", "THE OTHER"]
    annotation.table["tissue_best"] = ["liver", "the_other", "brain", "my_tissue"]
    annotation.table.loc[3, "tissue_check"] = "disagrees"
    data = sections(annotation, tmp_path)["srna_augment_disagreements"]["data"]
    assert (data["&lt;b&gt;, tissue"]["swap"], data["d, tissue"]["swap"]) == ("d", "&lt;b&gt;")


def test_what_contradicts_a_training_sample_is_what_was_said_out_of_fold(annotation, tmp_path):
    # the final model has learnt the wrong label; the fold's model names another class
    annotation.table.loc[1, ["tissue_best", "tissue_probability"]] = ["liver", "0.9990"]
    annotation.left_out = {"tissue": {1: LeftOut("lung", 0.91, True)}}
    data = sections(annotation, tmp_path)["srna_augment_disagreements"]["data"]
    assert data == {"&lt;b&gt;, tissue": {"label": "liver", "call": "lung", "probability": 0.91}}


def test_a_tissue_that_contradicts_a_group_is_shown_with_its_group(annotation, tmp_path):
    table = annotation.table.rename(columns=lambda name: name.replace("tissue_", "tissue_group_"))
    table.loc[1, "tissue_group_best"] = "nervous system"
    annotation = Annotation(table, ["tissue_group"], {"tissue_group": None}, {}, "")
    (row,) = sections(annotation, tmp_path)["srna_augment_disagreements"]["data"].values()
    assert row["label"] == "liver (hepatobiliary)"


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
    # in grey, shapes say the same
    shapes = [p["marker_symbol"] for p in by_study.values()]
    assert shapes[0] == shapes[1] != shapes[2] == shapes[3]


def test_samples_that_were_not_drawn_are_not_on_the_map(annotation, tmp_path):
    annotation.places = np.where(np.arange(4)[:, None] == 2, np.nan, PLACES)
    section = sections(annotation, tmp_path)["srna_augment_map"]
    assert len(section["data"][0]) == 3
    assert "3 of 4" in section["description"]


def test_classes_that_are_far_apart_stay_together_on_the_map():
    generator = np.random.default_rng(3)
    truth = np.repeat(np.arange(5), 30)
    logits = 10 * np.eye(5)[truth] + generator.normal(size=(150, 5))
    places = place(logits)
    gaps = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    np.fill_diagonal(gaps, np.inf)
    assert (truth[gaps.argmin(axis=1)] == truth).all()
    np.testing.assert_array_equal(places, place(logits))


def test_of_many_samples_some_are_drawn():
    logits = np.zeros((MOST_POINTS + 500, 2))
    assert np.isfinite(place(logits)).all(axis=1).sum() == MOST_POINTS


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
