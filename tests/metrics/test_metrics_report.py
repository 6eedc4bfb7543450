"""METRICS.json as a whole: schema, known classes, comparisons, the choice of a learner."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from metrics_toys import age_rows, random_classes, toy_rows

import srna_augment.metrics
from srna_augment.metrics.comparison import compare
from srna_augment.metrics.known import known_classes
from srna_augment.metrics.predictions import PredictionSet
from srna_augment.metrics.reading import read_predictions
from srna_augment.metrics.report import build_report
from srna_augment.metrics.settings import Settings
from srna_augment.metrics.table import table_rows

SETTINGS = Settings(resamples=200)


@pytest.fixture(scope="module")
def schema() -> dict:
    path = Path(srna_augment.metrics.__file__).parent / "metrics.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


def report_of(write, rows, settings=SETTINGS):
    return build_report(read_predictions([write(rows)]), settings, version="1.2.3")


@pytest.mark.parametrize(
    "rows",
    [
        [*toy_rows(), *toy_rows(model="rf"), *age_rows(), *age_rows(model="rf")],
        toy_rows(study="one study"),
        toy_rows()[:1],
        age_rows()[:1],
        [row | {"truth": "liver"} for row in toy_rows()],
        [row | {"truth": "skin"} for row in toy_rows()],
        [{k: v for k, v in row.items() if not k.startswith("prob:")} for row in toy_rows()],
    ],
    ids=[
        "all",
        "one study",
        "one sample",
        "one age",
        "one class",
        "class without column",
        "no prob: columns",
    ],
)
def test_every_report_follows_the_schema(write, schema, rows):
    report = report_of(write, rows)
    jsonschema.validate(report, schema)
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_one_study_has_figures_but_no_intervals(write):
    result = report_of(write, toy_rows(study="A"))["results"][0]
    assert result["metrics"]["accuracy_by_study"] == pytest.approx(3 / 5)
    assert set(result["intervals"].values()) == {None}


def test_few_studies_are_warned_about(write, caplog):
    with caplog.at_level("WARNING", "srna_augment"):
        report_of(write, toy_rows())
    assert "with 3 studies, too few" in caplog.text


def test_the_same_seed_gives_the_same_intervals(write):
    rows = [*toy_rows(), *age_rows()]
    assert report_of(write, rows) == report_of(write, rows)
    other = report_of(write, rows, Settings(resamples=200, seed=7))
    assert other["results"][0]["metrics"] == report_of(write, rows)["results"][0]["metrics"]


def test_a_class_of_one_fold_was_not_known(write):
    """Skin is in fold 1 only: when that is left out nobody has seen skin."""
    rows = toy_rows()
    rows[4] |= {"truth": "skin"}
    rows[3] |= {"predicted": "liver", "probability": 0.7, "prob:liver": 0.7, "prob:lung": 0.3}
    result = report_of(write, rows)["results"][0]
    known = result["known"]
    # lung is in fold 0 only, liver in both
    assert known["unknown_classes"] == ["lung", "skin"]
    assert known["rule"] == "other folds"
    assert (known["n"], known["n_studies"], known["n_classes"]) == (3, 2, 1)
    assert known["metrics"]["accuracy"] == 1.0
    assert known["metrics"]["accuracy_by_study"] == 1.0
    assert result["metrics"]["accuracy"] == pytest.approx(3 / 5)
    flags = {row["class"]: (row["known"], row["n"]) for row in result["per_class"]}
    assert flags == {"liver": (True, 3), "lung": (False, 1), "skin": (False, 1)}


def test_when_all_was_known_both_figures_are_the_same(write):
    rows = toy_rows()
    rows[2]["fold"] = "2"
    result = report_of(write, rows)["results"][0]
    assert result["known"]["unknown_classes"] == []
    assert result["known"]["n"] == 5
    for name, value in result["known"]["metrics"].items():
        assert value == result["metrics"][name]
        assert result["known"]["intervals"][name] == result["intervals"][name]


def test_known_figures_are_those_of_the_samples_left(write):
    """With an unknown class among others, figures equal those of a file without its samples."""
    rows = toy_rows() + toy_rows()
    for i, row in enumerate(rows[5:]):
        row |= {"sample_id": f"t{i}", "fold": "2", "study": "D"}
    unknown = {**toy_rows()[0], "sample_id": "u", "truth": "skin", "study": "B"}
    with_it = report_of(write, [*rows, unknown])["results"][0]
    without = report_of(write, rows)["results"][0]
    assert with_it["known"]["unknown_classes"] == ["skin"]
    for name, value in with_it["known"]["metrics"].items():
        assert value == pytest.approx(without["metrics"][name]), name
        assert with_it["known"]["intervals"][name] == pytest.approx(without["intervals"][name])


def test_with_one_fold_probabilities_say_what_was_known(write):
    """Trained on other data sets: all rows are of one fold."""
    rows = [row | {"fold": "0", "prob:skin": 0.0} for row in toy_rows()]
    rows[0]["truth"] = "skin"
    found = read_predictions([write(rows)]).predictions[0]
    known, rule = known_classes(found)
    assert dict(zip(found.classes, known.tolist(), strict=True)) == {
        "liver": True,
        "lung": True,
        "skin": False,
    }
    assert rule == "probabilities"


def test_confusion_counts_truth_by_row(write):
    confusion = report_of(write, toy_rows())["results"][0]["confusion"]
    assert confusion == {"classes": ["liver", "lung"], "counts": [[2, 1], [1, 1]]}


def test_a_class_never_in_truth_has_no_recall(write):
    rows = toy_rows()
    rows[3] |= {"predicted": "skin", "prob:skin": 0.7, "prob:lung": 0.0}
    skin = report_of(write, rows)["results"][0]["per_class"][2]
    assert (skin["n"], skin["n_predicted"]) == (0, 1)
    assert skin["recall"] is None
    assert skin["auroc"] is None
    assert skin["precision"] == 0.0


def test_a_learner_against_itself_differs_by_nothing(write):
    found = read_predictions([write([*toy_rows(), *toy_rows(model="rf")])]).predictions
    result = compare(found[0], found[1], SETTINGS)
    assert (result["reference"], result["model"], result["n"]) == ("dl", "rf", 5)
    for difference in result["differences"].values():
        assert difference["difference"] == 0
        assert difference["interval"] == [0, 0]
        assert difference["share_better"] == 0


def test_comparison_by_hand(write):
    """The forest is right on s3 and s4 too, and lacks s5: four samples of two studies."""
    forest = toy_rows(model="rf")[:4]
    forest[2] |= {"predicted": "lung", "probability": 0.6, "prob:lung": 0.6, "prob:liver": 0.4}
    forest[3] |= {"predicted": "liver", "probability": 0.7, "prob:liver": 0.7, "prob:lung": 0.3}
    found = read_predictions([write([*toy_rows(), *forest])]).predictions
    result = compare(found[0], found[1], SETTINGS)
    assert (result["n"], result["n_studies"]) == (4, 2)
    by_study = result["differences"]["accuracy_by_study"]
    assert by_study["difference"] == pytest.approx(((2 / 3 - 1) + (0 - 1)) / 2)
    # resamples: study A twice, both, B twice
    assert by_study["interval"] == pytest.approx([-1, -1 / 3])
    assert by_study["share_better"] == 0
    assert result["differences"]["accuracy"]["difference"] == pytest.approx(2 / 4 - 4 / 4)


def test_lower_errors_are_better(write):
    worse = [row | {"predicted": 0} for row in age_rows(model="rf")]
    found = read_predictions([write([*age_rows(), *worse])]).predictions
    error = compare(found[0], found[1], SETTINGS)["differences"]["mae_by_study"]
    # errors of rf are 30, 40, 50 in A and 60 in B
    assert error["difference"] == pytest.approx(((16 / 3 - 40) + (8 - 60)) / 2)
    assert error["share_better"] == 1.0


def test_a_pair_doubts_less_than_two_learners_alone():
    """What is hard for both learners cancels: that is why pairs are compared."""
    one = random_classes(3, n=600, n_studies=12)
    hard = one.study < 4
    rng = np.random.default_rng(1)
    one.predicted[hard] = (one.truth[hard] + 1) % len(one.classes)
    two = one.subset(np.arange(one.n_samples))
    two.model = "rf"
    flipped = rng.choice(np.flatnonzero(two.correct), 30, replace=False)
    two.predicted[flipped] = (two.truth[flipped] + 1) % len(two.classes)
    report = build_report(PredictionSet([one, two]), SETTINGS, version="")
    low, high = report["results"][0]["intervals"]["accuracy_by_study"]
    pair = report["comparisons"][0]["differences"]["accuracy_by_study"]
    assert pair["interval"][1] - pair["interval"][0] < (high - low) / 3
    assert pair["interval"][0] > 0


def test_learners_without_a_common_sample(write, caplog):
    other = [row | {"sample_id": f"x{i}"} for i, row in enumerate(toy_rows(model="rf"))]
    report = report_of(write, [*toy_rows(), *other])
    assert report["comparisons"][0]["n"] == 0
    assert report["comparisons"][0]["differences"] == {}
    assert "share no sample" in caplog.text


def test_without_the_reference_nothing_is_compared(write):
    assert report_of(write, toy_rows(model="rf"))["comparisons"] == []
    settings = Settings(resamples=50, reference="rf")
    pairs = report_of(write, [*toy_rows(), *toy_rows(model="rf")], settings)["comparisons"]
    assert [(pair["reference"], pair["model"]) for pair in pairs] == [("rf", "dl")]


def all_right(**changes: str) -> list[dict[str, object]]:
    return [
        row | {"predicted": row["truth"], "probability": row[f"prob:{row['truth']}"]}
        for row in toy_rows(**changes)
    ]


def test_the_scheme_of_unseen_studies_decides(write):
    """The network wins under random, the forest under group: the forest is chosen."""
    rows = [
        *toy_rows(scheme="group", model="dl"),
        *all_right(scheme="group", model="rf"),
        *all_right(scheme="random", model="dl"),
        *toy_rows(scheme="random", model="rf"),
    ]
    best = report_of(write, rows)["best_model"]["tissue"]
    assert (best["model"], best["scheme"], best["value"]) == ("rf", "group", 1.0)
    assert [one["model"] for one in best["ranking"]] == ["rf", "dl"]
    alone = report_of(write, [row for row in rows if row["scheme"] == "random"])
    assert alone["best_model"]["tissue"]["model"] == "dl"


def test_studies_decide_not_samples(write):
    """The forest is right on two small studies, the network on the large one."""
    forest = toy_rows(model="rf")
    for row in forest:
        right = row["study"] != "A"
        guess = row["truth"] if right else {"liver": "lung", "lung": "liver"}[row["truth"]]
        row |= {"predicted": guess, "probability": row[f"prob:{guess}"]}
    report = report_of(write, [*toy_rows(), *forest])
    accuracy = {r["model"]: r["metrics"]["accuracy"] for r in report["results"]}
    assert accuracy["dl"] > accuracy["rf"]
    assert report["best_model"]["tissue"]["model"] == "rf"


def test_the_lowest_error_wins_for_years(write):
    worse = [row | {"predicted": 0} for row in age_rows(model="dl")]
    best = report_of(write, [*worse, *age_rows(model="rf")])["best_model"]["age_years"]
    assert (best["model"], best["metric"]) == ("rf", "mae_by_study")


def test_equal_learners_are_chosen_by_name(write):
    rows = [*toy_rows(model="rf"), *toy_rows(model="dl")]
    assert report_of(write, rows)["best_model"]["tissue"]["model"] == "dl"


def test_table_by_hand(write):
    settings = Settings(resamples=0, precision=0.6)
    report = report_of(write, [*toy_rows(), *age_rows()], settings)
    header, tissue, age = table_rows(report, settings)
    tissue, age = (dict(zip(header, row, strict=True)) for row in (tissue, age))
    assert tissue == {
        "target": "tissue",
        "learner": "dl",
        "scheme": "group",
        "n": "5",
        "studies": "3",
        "accuracy_by_study": "0.556",
        "low": "",
        "high": "",
        "accuracy": "0.600",
        "balanced_accuracy": "0.583",
        "ece": "0.330",
        "coverage_at_0.6": "1.000",
        "mae_by_study": "",
        "best": "*",
    }
    assert (age["mae_by_study"], age["accuracy"], age["best"]) == ("6.67", "", "*")
