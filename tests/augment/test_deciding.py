"""What decided for a sample: on a linear model whose contributions are known by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from srna_augment import page
from srna_augment.calibration import Calibration, Novelty
from srna_augment.deciding import MOST, Deciding, deciding
from srna_augment.model.forest import Forest
from srna_augment.model.inputs import Inputs
from srna_augment.model.network import Dense, Network
from srna_augment.model.target import TargetModel
from srna_augment.normalisation import State

FEATURES = ["hsa-mir-122", "hsa-mir-9", "hsa-mir-1", "hsa-mir-21"]
# less the mean over the classes, the column of liver is 1, 0, 0.5, -1
KERNEL = np.array([[2, 0], [0, 0], [1, 0], [0, 2]], "f4")
VALUES = np.array([[9, 5, 3, 8], [9, 5, 3, 8]], "f4")


def model(learner) -> TargetModel:
    n = len(FEATURES)
    five = np.full(n, 5, "f4")
    return TargetModel(
        target="tissue",
        classes=["liver", "brain"],
        term_ids=["", ""],
        state=State("log2rpm", "stem", FEATURES, [5.0] * n, None, "log2 RPM", 7),
        inputs=Inputs(
            FEATURES, ["plain"], five, five[None], np.zeros((1, n, 1), "f4"), np.ones(1, "f4")
        ),
        learner=learner,
        calibration=Calibration(),
        novelty=Novelty(
            np.zeros((1, n), "f4"), np.zeros((0, n), "f4"), np.eye(1, n, dtype="f4")[None],
            np.ones((1, 1), "f4"), np.ones(1, "f4"), np.array([99], "f4"),
        ),
        references={"mean": np.zeros(n, "f4")},
    )  # fmt: skip


def test_the_largest_come_first_with_their_sign_and_how_far_they_are_from_the_mean():
    network = Network([[Dense(KERNEL, np.zeros(2, "f4"))]], np.ones(1))
    reported = np.ones(VALUES.shape, dtype=bool)
    reported[1, 3] = False
    best = np.array(["liver", "brain"], dtype=object)
    first, second = deciding(model(network), VALUES, reported, best)
    assert len(first) == min(MOST, len(FEATURES))
    assert [entry.feature for entry in first[:3]] == ["hsa-mir-122", "hsa-mir-21", "hsa-mir-1"]
    assert [entry.contribution for entry in first] == pytest.approx([4, -3, -1, 0])
    assert [entry.difference for entry in first] == pytest.approx([4, 3, -2, 0])
    # of the other class, and with one that was not reported and so is at its mean
    assert second[0].feature == "hsa-mir-122"
    assert second[0].contribution == pytest.approx(-4)
    silent = next(entry for entry in second if entry.feature == "hsa-mir-21")
    assert np.isnan(silent.difference)
    assert silent.contribution == pytest.approx(0)


def test_of_a_forest_nothing_is_said():
    forest = Forest(
        *(np.array([0], "i4"), np.array([-1], "i4"), np.zeros(1, "f4"), np.zeros(1, "i4")),
        np.zeros(1, "i4"), np.array([[1, 0]], "f4"),
    )  # fmt: skip
    reported = np.ones(VALUES.shape, dtype=bool)
    assert deciding(model(forest), VALUES, reported, np.array(["liver"] * 2)) == [[], []]


def test_the_page_has_a_card_a_sample_with_why_there_is_no_call():
    frame = pd.DataFrame(
        {
            "sample_id": ["sure", "<torn>", "odd"],
            "tissue_best": ["liver", "colon", "lung"],
            "tissue_probability": [0.95, 0.5, 0.3],
            "tissue_status": ["called", "withheld", "out_of_distribution"],
            "tissue_set": ["liver", "colon|rectum", "lung|brain"],
            "tissue_check": ["", "", ""],
        }
    )
    entries = [Deciding("hsa-mir-122", 4.0, 2.5), Deciding("<b>", -1.0, float("nan"))]
    why = {"tissue": {0: entries, 1: [], 2: []}}
    shown = page.render_page(frame, targets=["tissue"], model_cards={}, input_summary="", why=why)
    cards = shown.split('<article class="card">')[1:]
    assert len(cards) == 3
    assert "hsa-mir-122" in cards[0]
    assert "+4.0" in cards[0]
    assert "↑2.5" in cards[0]
    assert "\N{MINUS SIGN}1.0" in cards[0]
    assert "not reported" in cards[0]
    assert "&lt;b&gt;" in cards[0]
    assert "no call" not in cards[0]
    assert "&lt;torn&gt;" in cards[1]
    assert "no class is probable enough, and 2 classes remain possible" in cards[1]
    assert "unlike the samples that the model knows" in cards[2]


def test_without_reasons_there_are_no_cards():
    frame = pd.DataFrame({"sample_id": ["a"], "tissue_best": ["liver"]})
    shown = page.render_page(frame, targets=["tissue"], model_cards={}, input_summary="")
    assert "<article" not in shown
    assert "One by one" not in shown
