import numpy as np
import pytest

from srna_augment.calibration.calls import Calibration
from srna_augment.cross_validation import calibrate_across_folds, cross_validate, transfer
from srna_augment.errors import DataError, UsageError
from srna_augment.fitting import Recipe, fit_on
from srna_augment.labelled import labelled
from srna_augment.learners import network
from srna_augment.learners.baselines import BASELINES
from srna_augment.learners.covariance import Spread, between_over_within
from srna_augment.learners.forest import fit_forest
from srna_augment.learners.forest_recipe import baseline_recipes, forest_recipe
from srna_augment.learners.network import LABORATORY_NOISE, NetworkSettings
from srna_augment.learners.network_recipe import network_recipe
from srna_augment.learners.weights import equal_unit_weights, study_class_weights
from srna_augment.model.network import Dense
from srna_augment.predictions import OutOfFold, read_out_of_fold, write_predictions
from srna_augment.training import Evidence, _novelty_threshold, evidence, final_model

from .toys import toy_expression

N, F = 120, 30


@pytest.fixture
def expression():
    """Return three tissues in six studies, four samples a patient, with ages."""
    generator = np.random.default_rng(0)
    tissue = np.arange(N) % 3
    study = np.arange(N) // 20
    profile = generator.normal(size=(3, F))
    values = 5 + profile[tissue] + 0.3 * generator.normal(size=(N, F))
    age = 40 + 20 * generator.random(N)
    values[:, 0] = age / 10
    return toy_expression(
        values,
        study=[f"GSE{k}" for k in study],
        patient_id=[f"p{i // 4}" for i in range(N)],
        tissue=np.array(["brain", "liver", "lung"])[tissue],
        age_years=age.astype(str),
    )


RF = forest_recipe(30, threads=1)


def test_weights_by_hand():
    study, tissue = np.array(list("aaaab")), np.array([0, 0, 0, 0, 0])
    weights = study_class_weights(study, tissue)
    assert weights[4] / weights[0] == pytest.approx(2)  # root of 4 against root of 1
    assert weights.mean() == pytest.approx(1)
    assert equal_unit_weights(study)[4] / equal_unit_weights(study)[0] == pytest.approx(4)


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_learn_what_they_can(expression, name):
    data = labelled(expression, "tissue")
    recipe = next(r for r in baseline_recipes(1) if r.name == name)
    (result,) = cross_validate(data, "group", recipe, n_folds=3, seed=1)
    right = (result.probabilities.argmax(axis=1) == result.truth_index()).mean()
    assert right == pytest.approx(1 / 3, abs=0.1) if name == "majority" else right > 0.95
    np.testing.assert_allclose(result.probabilities.sum(axis=1), 1, rtol=1e-5)


def test_every_sample_is_predicted_once_by_a_model_without_its_study(expression):
    seen = []

    def fit(x, y, n, weights, spread, seed):
        seen.append(set(spread.units))
        return RF.fit(x, y, n, weights, spread, seed)

    data = labelled(expression, "tissue")
    (result,) = cross_validate(data, "group", Recipe("spy", fit), n_folds=3, seed=1)
    assert len(result.samples) == N
    for k in range(3):
        assert not seen[k] & set(result.study[result.fold == k])


def test_labels_shuffled_within_studies_cannot_be_learnt(expression):
    shuffled = np.random.default_rng(1).permutation(expression.obs["tissue"])
    expression.obs["tissue"] = shuffled
    (result,) = cross_validate(labelled(expression, "tissue"), "random", RF, n_folds=5, seed=1)
    assert (result.probabilities.argmax(axis=1) == result.truth_index()).mean() < 0.5


def test_a_class_that_the_fold_does_not_know_gets_no_probability(expression):
    expression.obs.loc[expression.obs["study"] == "GSE0", "tissue"] = "eye"
    (result,) = cross_validate(labelled(expression, "tissue"), "group", RF, n_folds=6, seed=1)
    eye = result.classes.index("eye")
    own = result.study == "GSE0"
    assert (result.probabilities[own, eye] == 0).all()
    assert (result.probabilities[~own, eye] >= 0).all()


def test_folds_apart_equal_folds_together(expression, tmp_path):
    data = labelled(expression, "tissue")
    (whole,) = cross_validate(data, "group", RF, n_folds=3, seed=1)
    paths = []
    for k in range(3):
        part = cross_validate(data, "group", RF, n_folds=3, seed=1, only=frozenset([k]))
        paths.append(tmp_path / f"{k}.tsv")
        write_predictions(part, paths[-1])
    (gathered,) = read_out_of_fold(paths)
    write_predictions([calibrate_across_folds(whole)], tmp_path / "whole.tsv")
    write_predictions([calibrate_across_folds(gathered)], tmp_path / "gathered.tsv")
    assert (tmp_path / "whole.tsv").read_bytes() == (tmp_path / "gathered.tsv").read_bytes()


def test_a_fold_given_twice_is_said(expression, tmp_path):
    part = cross_validate(labelled(expression, "tissue"), "group", RF, n_folds=3, seed=1)
    write_predictions(part, tmp_path / "p.tsv")
    with pytest.raises(DataError, match="stands twice in tissue, rf, group"):
        read_out_of_fold([tmp_path / "p.tsv", tmp_path / "p.tsv"])


def test_a_fold_is_calibrated_by_the_others():
    n = 300
    generator = np.random.default_rng(0)
    truth = np.array(["a", "b"])[generator.integers(0, 2, n)]
    sure_is_right = generator.random(n) < 0.7
    p = np.where(sure_is_right == (truth == "a"), 0.999, 0.001)
    raw = OutOfFold(
        "tissue",
        "dl",
        "group",
        np.array([f"s{i:03d}" for i in range(n)]),
        np.arange(n) % 3,
        truth,
        np.array([f"study {i}" for i in range(n)]),
        np.ones(n),
        ["a", "b"],
        np.stack([p, 1 - p], axis=1).astype("f4"),
    )
    calibrated = calibrate_across_folds(raw).probabilities.max(axis=1)
    assert calibrated.mean() == pytest.approx(sure_is_right.mean(), abs=0.03)


def test_the_final_model_predicts_calls_and_years(expression):
    data = labelled(expression, "age", minimum_samples=2)
    raw = cross_validate(data, "random", RF, n_folds=3, seed=1)
    model = final_model(data, RF, 1, evidence(raw, "age", "rf"), {"seed": 1})
    x = model.prepare(expression.values, expression.features)
    truth = expression.obs["age_years"].astype(float).to_numpy()
    assert np.abs(model.years.predict(x) - truth).mean() < 3
    assert model.years.half_width < 15
    assert model.calibration.fitted_on.startswith("random folds (optimistic")
    assert set(model.references) == {"mean", "class:adult", "class:older adult"}
    assert model.card["samples_by_class"]["adult"] == (truth < 50).sum()


def test_without_out_of_fold_predictions_nothing_is_called(expression):
    data = labelled(expression, "tissue")
    model = final_model(data, RF, 1, evidence([], "tissue", "rf"), {})
    assert model.calibration == Calibration()
    x = model.prepare(expression.values, expression.features)
    probabilities, novel = model.predict(x, np.zeros((len(x), len(model.features)), dtype=bool))
    assert not model.calibration.called(probabilities).any()
    assert not novel.any()


def test_where_no_fold_knew_the_class_nothing_is_called(expression):
    expression.obs["tissue"] = expression.obs["study"]  # leaving out a study leaves out its class
    data = labelled(expression, "tissue")
    raw = cross_validate(data, "group", RF, n_folds=6, seed=1)
    model = final_model(data, RF, 1, evidence(raw, "tissue", "rf"), {})
    x = model.prepare(expression.values, expression.features)
    probabilities, novel = model.predict(x, np.zeros((len(x), len(model.features)), dtype=bool))
    assert not model.calibration.called(probabilities).any()
    assert not novel.any()


def test_rare_classes_are_left_out_and_one_class_is_refused(expression):
    expression.obs.iloc[0, expression.obs.columns.get_loc("tissue")] = "eye"
    assert "eye" not in labelled(expression, "tissue").classes
    expression.obs["tissue"] = "liver"
    with pytest.raises(DataError, match="target tissue: 1 classes with 5 labelled samples"):
        labelled(expression, "tissue")


def test_forest_arrays_predict_as_scikit_learn_does():
    from sklearn.ensemble import ExtraTreesClassifier

    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 8)).astype("f4")
    y = generator.integers(0, 3, 200)
    weights = generator.random(200)
    ours = fit_forest(x, y, 3, weights, 20, seed=4)
    theirs = ExtraTreesClassifier(20, random_state=4).fit(x, y, sample_weight=weights)
    new = generator.normal(size=(500, 8)).astype("f4")
    np.testing.assert_allclose(ours.mean_value(new), theirs.predict_proba(new), atol=1e-6)


def test_a_forest_of_scores_is_scikit_learns_on_them():
    from sklearn.ensemble import ExtraTreesClassifier

    generator = np.random.default_rng(0)
    x, new = (generator.normal(size=(n, 40)).astype("f4") for n in (200, 500))
    y, weights = generator.integers(0, 3, 200), generator.random(200)
    kernel = generator.normal(size=(40, 5)).astype("f4")
    bias = np.array([3, -100, 0, 1e4, 0.1], "f4")
    ours = fit_forest(x, y, 3, weights, 20, seed=4, discriminants=Dense(kernel, bias))
    scores = [(each.astype("f8") @ kernel + bias).astype("f4") for each in (x, new)]
    theirs = ExtraTreesClassifier(20, max_features=1.0, min_samples_leaf=3, random_state=4)
    theirs.fit(scores[0], y, sample_weight=weights)
    np.testing.assert_allclose(ours.mean_value(new), theirs.predict_proba(scores[1]), atol=1e-6)
    # a tree turns on the last digit, which must not hang on who is asked together
    alone = np.concatenate([ours.scores(row[None]) for row in new])
    np.testing.assert_array_equal(alone, ours.scores(new))


def test_references_and_the_limit_of_strangers_count_studies_alike(expression):
    """One study of forty samples and five of four: each counts once."""
    keep = [i for i in range(N) if i < 20 or i % 5 == 0]
    data = labelled(expression.subset(np.array(keep)), "tissue")
    raw = cross_validate(data, "group", RF, n_folds=6, seed=1)
    model = final_model(data, RF, 1, evidence(raw, "tissue", "rf"), {})
    x = model.prepare(data.expression.values, data.expression.features)
    by_study = [x[data.study == name].mean(axis=0) for name in np.unique(data.study)]
    np.testing.assert_allclose(model.references["mean"], np.mean(by_study, axis=0), atol=1e-5)
    assert np.abs(model.references["mean"] - x.mean(axis=0)).max() > 0.01
    liver = data.y == data.classes.index("liver")
    studies = np.unique(data.study[liver])
    by_study = [x[liver & (data.study == name)].mean(axis=0) for name in studies]
    np.testing.assert_allclose(
        model.references["class:liver"], np.mean(by_study, axis=0), atol=1e-5
    )


def test_a_small_study_counts_in_the_limit_of_strangers():
    """Two of a hundred may be above: of the samples those of B, of the studies half of B's."""
    raw = OutOfFold(
        "tissue", "rf", "group", np.arange(202).astype(str), np.zeros(202, int),
        np.full(202, "liver"), np.repeat(["A", "B"], [200, 2]),
        np.repeat([1.0, 5.0], [200, 2]).astype("f4"), ["liver"], np.ones((202, 1), "f4"),
    )  # fmt: skip
    assert _novelty_threshold(Evidence(raw)) == 5
    raw.study = np.array([f"G{i}" for i in range(202)])
    assert _novelty_threshold(Evidence(raw)) == 1


def test_failed_libraries_teach_nothing_and_are_tested(expression, monkeypatch):
    monkeypatch.setattr("srna_augment.fitting.MINIMUM_RESEMBLANCE", 0.5)
    level = np.linspace(0, 12, F)
    expression.values[:] = level + np.random.default_rng(1).normal(size=(N, F))
    failed = np.array([0, 7, 50])
    expression.values[failed] = level[::-1]
    rows = []

    def fit(x, y, n, weights, spread, seed):
        rows.append(len(x))
        return RF.fit(x, y, n, weights, spread, seed)

    data = labelled(expression, "tissue")
    (result,) = cross_validate(data, "group", Recipe("rf", fit, views=RF.views), n_folds=6, seed=1)
    assert sorted(rows) == [97, 97, 97, 97, 98, 99]
    assert set(np.array(data.expression.samples)[failed]) <= set(result.samples)


def test_transfer_trains_on_one_side_only(expression):
    data = labelled(expression, "tissue")
    fitted_on = []

    def fit(x, y, n, weights, spread, seed):
        fitted_on.append(set(spread.units))
        return RF.fit(x, y, n, weights, spread, seed)

    recipe = Recipe("rf", fit, views=RF.views)
    (moved,) = transfer(data, recipe, ("GSE0", "GSE1"), ("GSE4",), n_folds=2, seed=0)
    assert set(moved.study) == {"GSE4"}
    assert set(moved.fold) == {0}
    assert set().union(*fitted_on) == {"GSE0", "GSE1"}
    assert (moved.probabilities.argmax(axis=1) == moved.truth_index()).mean() > 0.9
    np.testing.assert_allclose(moved.probabilities.sum(axis=1), 1, atol=1e-5)


def test_nobody_is_on_both_sides_of_a_transfer(expression, monkeypatch):
    monkeypatch.setattr("srna_augment.fitting.MINIMUM_RESEMBLANCE", -1)
    expression.obs["patient_id"] = ["p0" if i in (0, 119) else f"q{i}" for i in range(N)]
    data = labelled(expression, "tissue")
    sizes = []

    def fit(x, y, n, weights, spread, seed):
        sizes.append(len(x))
        return RF.fit(x, y, n, weights, spread, seed)

    transfer(data, Recipe("rf", fit, views=RF.views), ("GSE0", "GSE1"), (), n_folds=2, seed=0)
    assert sizes[-1] == 39  # of forty, less the one whose patient is tested


@pytest.mark.parametrize(
    ("train", "test", "line"),
    [
        (("GSE9",), (), "--train-on GSE9: no labelled sample has this in column 'study'"),
        (("GSE1",), ("GSE1",), "both name GSE1"),
        (tuple(f"GSE{i}" for i in range(6)), (), "takes every labelled sample"),
    ],
)
def test_a_transfer_that_cannot_be_says_why(expression, train, test, line):
    data = labelled(expression, "tissue")
    with pytest.raises((DataError, UsageError), match=line):
        transfer(data, RF, train, test, n_folds=2, seed=0)


def test_conditions_vote_apart(expression):
    expression.obs["condition"] = ["tumour", "normal"] * 60
    data = labelled(expression, "tissue")
    assert set(data.study) == {f"GSE{i}" for i in range(6)}
    assert len(set(data.votes)) == 12


def test_strangers_are_no_class_and_are_known_again(expression, monkeypatch):
    monkeypatch.setattr("srna_augment.model.inputs.MINIMUM_RESEMBLANCE", -1)
    generator = np.random.default_rng(1)
    own = 5 + generator.normal(size=F) + expression.values.mean(axis=0) / 5
    expression.values[:20] = own + 0.3 * generator.normal(size=(20, F))
    expression.obs["material"] = ["cells"] * 20 + ["tissue"] * 100
    data = labelled(expression, "tissue", strangers=("material", "cells"))
    assert len(data.y) == 100
    model = final_model(data, RF, 0, evidence([], "tissue", "rf"), {})
    x = model.prepare(expression.values, expression.features)
    _, novel = model.predict(x, np.zeros((len(x), len(model.features)), dtype=bool))
    assert novel[:20].all()
    assert novel[20:].mean() < 0.05
    with pytest.raises(DataError, match="--strangers material=stones: no sample"):
        labelled(expression, "tissue", strangers=("material", "stones"))


def test_variance_between_studies_by_hand():
    x = np.array([[0.0], [2.0], [4.0], [6.0], [9.0], [9.0]])
    tissue = np.array([0, 0, 0, 0, 1, 1])
    study = np.array(["GSE1", "GSE1", "GSE2", "GSE2", "GSE1", "GSE1"])
    # within: 4 squares of 1 over 3 degrees of freedom; means 1 and 5: 8, less chance, a half of
    # 4/3 / 2 twice
    within = 4 / 3
    assert between_over_within(x, tissue, study) == pytest.approx((8 - within / 2) / within)
    assert between_over_within(x, tissue, np.array(["GSE1"] * 6)) == 0
    assert Spread(x, tissue, study, study, 1).studies_differ


@pytest.mark.train
@pytest.mark.parametrize(("apart", "same"), [(0.0, 0.0), (3.0, LABORATORY_NOISE)])
def test_hidden_members_see_noise_where_studies_differ(expression, apart, same):
    """What nothing is said of is what the rule says."""
    number = expression.obs["study"].str.removeprefix("GSE").astype(int).to_numpy()
    expression.values += apart * np.sin(np.outer(number, np.arange(F))).astype("f4")
    data = labelled(expression, "tissue")

    def weights_with(noise):
        settings = NetworkSettings(members=1, hidden=(4,), epochs=2, input_noise=noise)
        fitted = fit_on(data, np.arange(N), network_recipe(settings, threads=1), seed=1)
        return fitted.learner.members[1][0].kernel

    other = LABORATORY_NOISE - same
    np.testing.assert_array_equal(weights_with(None), weights_with(same))
    assert not np.allclose(weights_with(None), weights_with(other))


@pytest.mark.train
def test_with_noise_a_small_table_gets_as_many_steps_as_it_takes(expression, monkeypatch):
    """A hundred samples are one step a pass."""
    monkeypatch.setattr(network, "EPOCHS", 2)
    monkeypatch.setattr(network, "MINIMUM_STEPS", 5)
    data = labelled(expression, "tissue")

    def weights_with(epochs, noise=1.0):
        settings = NetworkSettings(members=1, hidden=(4,), epochs=epochs, input_noise=noise)
        fitted = fit_on(data, np.arange(N), network_recipe(settings, threads=1), seed=1)
        return fitted.learner.members[1][0].kernel

    np.testing.assert_array_equal(weights_with(None), weights_with(5))
    np.testing.assert_array_equal(weights_with(None, 0.0), weights_with(2, 0.0))
    monkeypatch.setattr(network, "MINIMUM_STEPS", 1)
    np.testing.assert_array_equal(weights_with(None), weights_with(2))
