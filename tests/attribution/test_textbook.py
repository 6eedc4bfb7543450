"""The shipped model must have learnt what every textbook says."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from srna_augment.attribution.engine import RULES, contributions
from srna_augment.model.file import load_models
from srna_augment.model.forest import Forest
from srna_augment.model.network import SubclassNetwork
from srna_augment.model.target import TargetModel

MODELS = Path(__file__).resolve().parents[2] / "models"
TOP = 10
# Class -> sets of families; of each set one must be among the first. Landgraf 2007 (Cell 129,
# 1401), Ludwig 2016 (NAR 44, 3865). miR-205 marks squamous epithelium: of the classes that have
# much of it, skin is mostly melanoma here and half of the oesophagus adenocarcinoma.
TEXTBOOK: dict[str, tuple[set[str], ...]] = {
    "liver": ({"122"},),
    "brain": ({"9"}, {"124"}),
    "skeletal muscle tissue": ({"1"}, {"133"}, {"206"}),
    "heart": ({"1"}, {"133"}, {"208"}),
    "blood": ({"451"}, {"486"}),
    "pancreas": ({"375"},),
    "pituitary gland": ({"375"},),
    "craniocervical region": ({"205"},),
    "uterine cervix": ({"205"},),
    "testis": ({"202"}, {"506", "507", "508", "509", "510", "513", "514"}),
    "colon": ({"192", "215"}, {"194"}),
    "rectum": ({"192", "215"}, {"194"}),
    "small intestine": ({"192", "215"}, {"194"}),
}


def families(feature: str) -> set[str]:
    """Return the family numbers in a feature's name: ``hsa-mir-133a/133b`` is 133."""
    return set(re.findall(r"(?:^|[-/])(\d+)", feature.partition("mir-")[2].replace("mir-", "")))


@pytest.fixture(scope="module")
def tissue_model() -> TargetModel:
    for path in sorted(MODELS.glob("*.h5")):
        for model in load_models(path):
            if model.target == "tissue" and not isinstance(model.learner, Forest):
                return model
    pytest.skip("models/ holds no network for tissue yet")


def first_features(model: TargetModel, name: str, rule: str) -> list[str]:
    """Explain the mean sample of a class (studies equal) from the mean of all training samples."""
    found = contributions(
        model.learner, model.references[f"class:{name}"][None], model.references["mean"],
        rule=rule, outputs=model.classes.index(name),
    )  # fmt: skip
    assert found.relative_delta() < 1e-4
    order = np.argsort(-model.inputs.fold(found.values)[0, 0])
    return [model.features[i] for i in order[:TOP]]


def test_family_numbers():
    assert families("hsa-mir-133a/133b") == {"133"}
    assert families("hsa-mir-192/215") == {"192", "215"}
    assert families("hsa-mir-9") == {"9"}
    assert families("hsa-mir-509-3") == {"509", "3"}
    assert families("hsa-let-7a") == set()


def known(model: TargetModel, name: str) -> None:
    """Skip a class that the model was not trained on."""
    if name not in model.classes:
        pytest.skip(f"the model was not trained on {name}")


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", TEXTBOOK)
def test_markers_are_among_the_first_ten_of_the_mean_sample(tissue_model, name, rule):
    known(tissue_model, name)
    learner = tissue_model.learner
    if isinstance(learner, SubclassNetwork):
        parts = np.bincount(learner.of_class)[tissue_model.classes.index(name)]
        if parts > 1:
            pytest.skip(f"the mean of the {parts} parts of {name} is like no sample")
    first = first_features(tissue_model, name, rule)
    for wanted in TEXTBOOK[name]:
        assert any(families(feature) & wanted for feature in first), first


@pytest.mark.parametrize("name", TEXTBOOK)
def test_markers_are_among_the_first_ten_of_the_table_that_ships(tissue_model, name):
    """Every sample explained, studies equal: what deeplift-score wrote for `make model`."""
    known(tissue_model, name)
    with (MODELS / "explanations.tsv").open(encoding="utf-8") as handle:
        rows = [row for row in csv.DictReader(handle, delimiter="\t") if row["class"] == name]
    ours = [row for row in rows if row["target"] == "tissue"]
    first = {row["feature"] for row in ours if int(row["rank"]) <= TOP}
    assert len(first) == TOP
    for wanted in TEXTBOOK[name]:
        assert any(families(feature) & wanted for feature in first), first
