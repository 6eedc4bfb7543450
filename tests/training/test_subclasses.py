"""Classes that are learnt by what they consist of."""

import numpy as np
import pytest

from srna_augment.cross_validation import cross_validate
from srna_augment.errors import UsageError
from srna_augment.fitting import fit_on
from srna_augment.labelled import labelled
from srna_augment.learners.network import NetworkSettings
from srna_augment.learners.network_recipe import network_recipe
from srna_augment.model.network import SubclassNetwork
from srna_augment.subclasses import NONE, find_subclasses
from srna_augment.training import Evidence, final_model

from .toys import toy_expression

N, F = 160, 20
LINEAR = network_recipe(NetworkSettings(members=0), threads=1)
# two of each organ lie far apart, so that their mean lies among those of the other
GROUPS = {"colon": "gut", "stomach": "gut", "skin": "surface", "lung": "surface"}


@pytest.fixture
def expression():
    """Return four tissues of two groups in eight studies."""
    generator = np.random.default_rng(0)
    tissue = np.array(list(GROUPS))[np.arange(N) % 4]
    values = 5 + 0.2 * generator.normal(size=(N, F))
    for place, (name, sign) in enumerate({"colon": 1, "stomach": -1}.items()):
        values[tissue == name, place] += 3
        values[tissue == name, 5] += sign
    for place, (name, sign) in enumerate({"skin": 1, "lung": -1}.items()):
        values[tissue == name, place] -= 3
        values[tissue == name, 6] += sign
    return toy_expression(
        values,
        study=[f"GSE{k}" for k in np.arange(N) // 20],
        tissue=tissue,
        tissue_group=[GROUPS[name] for name in tissue],
    )


def learnt(expression, **more):
    return labelled(expression, "tissue_group", subclasses="tissue", **more)


def test_subclasses_by_hand():
    y = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1])
    labels = np.array(["b", "b", "a", "a", "rare", "", "a", "", "other", "a"], dtype=object)
    found = find_subclasses(labels, y, 2)
    # of the first class a, b, and what is rare or not known; of the second a, and the same
    assert found.of_class.tolist() == [0, 0, 0, 1, 1]
    assert found.y.tolist() == [1, 1, 0, 0, 2, 2, 3, 4, 4, 3]


def test_what_is_rare_is_left_out_unless_it_is_all_there_is():
    y = np.array([0, 0, 0, 1, 1])
    found = find_subclasses(np.array(["a", "a", "b", "c", ""], dtype=object), y, 2)
    assert found.of_class.tolist() == [0, 1]
    assert found.y.tolist() == [0, 0, NONE, 1, 1]


def test_a_class_is_as_near_as_the_nearest_of_its_subclasses(expression):
    """The model of groups is that of tissues: the same logits, the largest of each group."""
    groups = fit_on(learnt(expression), np.arange(N), LINEAR, seed=1)
    tissues = fit_on(labelled(expression, "tissue"), np.arange(N), LINEAR, seed=1)
    assert isinstance(groups.learner, SubclassNetwork)
    x = groups.inputs.prepare(expression.values, expression.features)
    own, theirs = groups.learner.logits(x), tissues.learner.logits(x)
    # colon, lung, skin, stomach
    expected = np.stack([theirs[:, [0, 3]].max(axis=1), theirs[:, [1, 2]].max(axis=1)], axis=1)
    np.testing.assert_allclose(own, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(groups.novelty.distance(x), tissues.novelty.distance(x))


def test_groups_that_are_no_cloud_are_told_apart(expression):
    (found,) = cross_validate(learnt(expression), "group", LINEAR, n_folds=4, seed=1)
    assert found.classes == ["gut", "surface"]
    assert (found.probabilities.argmax(axis=1) == found.truth_index()).mean() == 1


def test_rare_subclasses_are_predicted_though_not_learnt(expression):
    expression.obs.iloc[0, 1] = "rectum"  # a single colon
    data = learnt(expression)
    assert (data.subclasses.y == NONE).sum() == 1
    (found,) = cross_validate(data, "group", LINEAR, n_folds=4, seed=1)
    assert len(found.samples) == N
    own = found.samples == "s000"
    assert found.probabilities[own].argmax() == found.classes.index("gut")


def test_a_fold_without_a_subclass_and_one_without_a_class(expression):
    expression.obs.loc[expression.obs["study"] != "GSE0", "tissue"] = "colon"
    expression.obs.loc[expression.obs["study"] != "GSE0", "tissue_group"] = "gut"
    (found,) = cross_validate(learnt(expression), "group", LINEAR, n_folds=8, seed=1)
    own = found.study == "GSE0"
    surface = found.classes.index("surface")
    assert (found.probabilities[own, surface] == 0).all()
    assert np.isfinite(found.probabilities).all()


def test_a_class_of_which_nothing_could_be_learnt_gets_no_probability(expression):
    """All stomachs are of one study; what is left of their group is too rare to be learnt."""
    expression.obs["tissue_group"] = expression.obs["tissue"].map({**GROUPS, "colon": "surface"})
    rare = (expression.obs["study"] == "GSE1") & (expression.obs["tissue"] == "stomach")
    gut = expression.obs["tissue_group"] == "gut"
    expression.obs.loc[gut & (expression.obs["study"] != "GSE0"), "tissue_group"] = ""
    expression.obs.loc[expression.obs.index[rare][:2], ["tissue", "tissue_group"]] = [
        "mouth",
        "gut",
    ]
    data = learnt(expression)
    (found,) = cross_validate(data, "group", LINEAR, n_folds=8, seed=1)
    own = found.study == "GSE0"
    assert (found.probabilities[own, found.classes.index("gut")] == 0).all()
    assert (found.truth_or_unknown()[own & (found.truth == "gut")] == -1).all()


def test_the_final_model_knows_classes(expression):
    data = learnt(expression)
    found = cross_validate(data, "group", LINEAR, n_folds=4, seed=1)
    model = final_model(data, LINEAR, 1, Evidence(found[0]), {})
    assert model.classes == ["gut", "surface"]
    assert set(model.references) == {"mean", "class:gut", "class:surface"}
    x = model.prepare(expression.values, expression.features)
    probabilities, novel = model.predict(x, np.zeros((N, len(model.features)), dtype=bool))
    assert probabilities.shape == (N, 2)
    assert (probabilities.argmax(axis=1) == data.y).all()
    assert not novel.all()


def test_tissue_groups_consist_of_tissues_where_these_are_known(expression):
    def found(**more):
        return labelled(expression, "tissue_group", subclasses="auto", **more).subclasses

    assert found().of_class.tolist() == [0, 0, 1, 1]
    assert labelled(expression, "tissue_group").subclasses is None
    assert labelled(expression, "tissue", subclasses="auto").subclasses is None
    del expression.obs["tissue"]
    assert found() is None


def test_a_column_that_is_not_there(expression):
    with pytest.raises(UsageError, match="--subclasses organ: the metadata has no such column"):
        labelled(expression, "tissue_group", subclasses="organ")


@pytest.mark.train
def test_hidden_members_of_groups_are_those_of_their_tissues(expression):
    recipe = network_recipe(NetworkSettings(members=2, hidden=(8,), epochs=20), threads=1)
    groups = fit_on(learnt(expression), np.arange(N), recipe, seed=1)
    tissues = fit_on(labelled(expression, "tissue"), np.arange(N), recipe, seed=1)
    x = groups.inputs.prepare(expression.values, expression.features)
    own, theirs = groups.learner.logits(x), tissues.learner.logits(x)
    # colon, lung, skin, stomach
    expected = np.stack([theirs[:, [0, 3]].max(axis=1), theirs[:, [1, 2]].max(axis=1)], axis=1)
    np.testing.assert_array_equal(own, expected)


@pytest.mark.train
def test_hidden_members_learn_subclasses(expression):
    settings = NetworkSettings(members=2, hidden=(8,), epochs=20)
    recipe = network_recipe(settings, threads=1)
    fitted = fit_on(learnt(expression), np.arange(N), recipe, seed=1)
    x = fitted.inputs.prepare(expression.values, expression.features)
    assert fitted.learner.logits(x).shape == (N, 2)
    assert fitted.learner.network.n_outputs == 4
    assert len(fitted.learner.hidden_members()) == 2
    truth = learnt(expression).y
    assert (fitted.learner.logits(x).argmax(axis=1) == truth).mean() > 0.95
