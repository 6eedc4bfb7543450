import json

import h5py
import numpy as np
import pytest

from srna_augment.calibration import Calibration, Novelty
from srna_augment.errors import DataError
from srna_augment.model.file import load_models, save_models
from srna_augment.model.forest import Forest
from srna_augment.model.inputs import Inputs
from srna_augment.model.network import BatchNorm, Dense, Network, ReLU, SubclassNetwork
from srna_augment.model.target import TargetModel, Years
from srna_augment.normalisation import State

FEATURES = ["mir-1", "mir-9", "mir-122"]


def array(*values):
    return np.array(values, dtype=np.float32)


def network(n_outputs=2):
    generator = np.random.default_rng(0)

    def dense(n_in, n_out):
        return Dense(generator.normal(size=(n_in, n_out)).astype("f4"), np.ones(n_out, "f4"))

    norm = BatchNorm(array(1, 2), array(0, 1), array(0.5, 0), array(1, 4), array(1e-3))
    return Network(
        [[dense(3, n_outputs)], [dense(3, 2), norm, ReLU(), dense(2, n_outputs)]],
        np.array([0.25, 0.75]),
    )


def forest():
    # mir-9 <= 0: class 0, else mir-122 <= 5: half and half, else class 1; a second tree is one leaf
    return Forest(
        roots=np.array([0, 5], "i4"),
        feature=np.array([1, -1, 2, -1, -1, -1], "i4"),
        threshold=array(0, 0, 5, 0, 0, 0),
        left=np.array([1, 0, 3, 0, 0, 0], "i4"),
        right=np.array([2, 0, 4, 0, 0, 0], "i4"),
        value=array([0.5, 0.5], [1, 0], [0.25, 0.75], [0.5, 0.5], [0, 1], [0, 1]),
    )


def plain_inputs(features, mean):
    n = len(features)
    return Inputs(
        features, ["plain"], mean, mean[None], np.zeros((1, n, 1), "f4"), np.ones(1, "f4")
    )


def model(learner=None, **more):
    return TargetModel(
        target="tissue",
        classes=["brain", "liver; 'x'\n"],
        term_ids=["UBERON:0000955", ""],
        state=State("log2rpm", "stem", FEATURES, [0.0, 1.0, 2.0], None, "log2 RPM", 7),
        inputs=plain_inputs(FEATURES, array(1, 2, 3)),
        learner=learner or network(),
        calibration=Calibration(
            intercept=-1.5, slope=1.0, scale=0.5, frequency=[0.1, 0.2], threshold=0.8
        ),
        novelty=Novelty(
            profiles=np.ones((2, 3), "f4"),
            strangers=np.zeros((1, 3), "f4"),
            directions=np.eye(3, dtype="f4")[None, :2],
            variances=np.array([[2, 1]], "f4"),
            level=array(0.5),
            threshold=array(0.4),
        ),
        references={"mean": array(0, 0, 0), "class:brain": array(0, 1, 0)},
        card={"intended_use": "a test"},
        **more,
    )


@pytest.fixture
def path(tmp_path):
    save_models(
        [model(years=Years(network(1), 50.0, 10.0, 12.5, 0.9))], tmp_path / "m.h5", version="1"
    )
    return tmp_path / "m.h5"


def test_what_was_saved_comes_back(path):
    before, (after,) = model(years=Years(network(1), 50.0, 10.0, 12.5, 0.9)), load_models(path)
    x = np.random.default_rng(1).normal(size=(9, 3)).astype("f4")
    gaps = np.zeros(x.shape, dtype=bool)
    gaps[:, 0] = True
    np.testing.assert_array_equal(before.predict(x, gaps)[0], after.predict(x, gaps)[0])
    np.testing.assert_array_equal(before.years.predict(x), after.years.predict(x))
    assert after.classes == before.classes
    assert after.calibration == before.calibration
    assert after.state == before.state
    assert after.card == before.card
    np.testing.assert_array_equal(after.references["class:brain"], [0, 1, 0])


def test_the_same_model_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        save_models([model()], tmp_path / name, version="1")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_forest_by_hand(tmp_path):
    save_models([model(forest())], tmp_path / "m.h5", version="1")
    (loaded,) = load_models(tmp_path / "m.h5")
    x = array([9, -1, 9], [9, 1, 5], [9, 1, 6])
    np.testing.assert_allclose(loaded.learner.mean_value(x), [[0.5, 0.5], [0.25, 0.75], [0, 1]])


def test_forest_of_scores_by_hand(tmp_path):
    """The trees test the second of two scores, the sum of mir-9 and mir-122 less one, and a third.

    One input more than scores: what a node tests is held against the scores.
    """
    learner = forest()
    kernel = array([0, 0, 0], [0, 1, 0], [0, 1, 1])
    learner.discriminants = Dense(kernel, array(0, -1, 0))
    save_models([model(learner)], tmp_path / "m.h5", version="1")
    (loaded,) = load_models(tmp_path / "m.h5")
    x = array([9, -1, 2], [9, 1, 5], [9, 1, 6])
    np.testing.assert_allclose(loaded.learner.mean_value(x), [[0.5, 0.5], [0.25, 0.75], [0, 1]])
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        place = file["targets/tissue/learner/discriminants"]
        for name, cut in (("kernel", place["kernel"][:, :2]), ("bias", place["bias"][:2])):
            del place[name]
            place[name] = cut
    with pytest.raises(DataError, match="the trees are not sound"):
        load_models(tmp_path / "m.h5")


def test_subclass_network_by_hand(tmp_path):
    """The first class has two subclasses, mir-1 and mir-9; the second is mir-122."""
    within = Network([[Dense(np.eye(3, dtype="f4"), array(0, 1, 0))]], np.ones(1))
    learner = SubclassNetwork(within, np.array([0, 0, 1]))
    save_models([model(learner)], tmp_path / "m.h5", version="1")
    (loaded,) = load_models(tmp_path / "m.h5")
    x = array([5, 2, 1], [1, 2, 4], [1, 0, 0])
    np.testing.assert_array_equal(loaded.learner.logits(x), [[5, 1], [3, 4], [1, 0]])
    raw = loaded.learner.network.logits(x)
    np.testing.assert_array_equal(loaded.learner.best_subclasses(raw), [[0, 2], [1, 2], [0, 2]])


@pytest.mark.parametrize("wrong", [[0, 1, 0], [0, 0, 0], [0, 0, 2], [0, 1], [1, 1, 1], []])
def test_subclasses_of_no_sense_are_refused(tmp_path, wrong):
    learner = SubclassNetwork(network(3), np.array([0, 0, 1]))
    save_models([model(learner)], tmp_path / "m.h5", version="1")
    damage(tmp_path / "m.h5", lambda f, t: put(t, "learner/of_class", np.array(wrong, "i8")))
    with pytest.raises(DataError, match="not a sound model"):
        load_models(tmp_path / "m.h5")


def test_years_of_subclasses_are_refused(tmp_path):
    save_models(
        [model(years=Years(network(1), 50.0, 10.0, 12.5, 0.9))], tmp_path / "m", version="1"
    )

    def change(f, t):
        t["years/learner"].attrs["kind"] = SubclassNetwork.kind
        t.create_dataset("years/learner/of_class", data=np.zeros(1, "i8"))

    damage(tmp_path / "m", change)
    with pytest.raises(DataError, match="years have no subclasses"):
        load_models(tmp_path / "m")


def test_network_by_hand():
    member = [Dense(array([1, -1]), array(0, 0)), ReLU(), Dense(array([2, 0], [0, 3]), array(1, 1))]
    linear = [Dense(array([1, 1]), array(0, 0))]
    logits = Network([member, linear], np.array([0.5, 0.5])).logits(array([2], [-2]))
    # member: relu(2, -2) = (2, 0) gives (5, 1); linear gives (2, 2)
    np.testing.assert_allclose(logits, [[3.5, 1.5], [-0.5, 2.5]])


def test_batchnorm_by_hand():
    norm = BatchNorm(array(2), array(1), array(3), array(3), array(1))
    np.testing.assert_allclose(norm(array([5])), [[3]])  # 2 * (5 - 3) / sqrt(3 + 1) + 1


def damage(path, change):
    with h5py.File(path, "r+") as file:
        change(file, file["targets/tissue"])


def put(group, name, data):
    del group[name]
    group.create_dataset(name, data=data)


DAMAGES = {
    "kernel of another shape": lambda f, t: put(t, "learner/members/0/0/kernel", np.ones((4, 2))),
    "not a number": lambda f, t: put(t, "inputs/profile", [1, np.nan, 1]),
    "noise of zero": lambda f, t: put(t, "inputs/noise", [0.0]),
    "views of another width": lambda f, t: put(t, "inputs/mean", np.zeros((2, 3))),
    "unknown layer": lambda f, t: t["learner/members/0/0"].attrs.__setitem__("kind", "lambda"),
    "unknown learner": lambda f, t: t["learner"].attrs.__setitem__("kind", "pickle"),
    "soft link": lambda f, t: t.__setitem__("x", h5py.SoftLink("/targets")),
    "external link": lambda f, t: t.__setitem__("x", h5py.ExternalLink("/etc/passwd", "/")),
    "objects": lambda f, t: t.create_dataset("x", data="text"),
    "huge": lambda f, t: t.create_dataset("x", shape=(1 << 40,), dtype="f4", chunks=(1024,)),
    "no classes": lambda f, t: t.__delitem__("classes"),
    "json that is none": lambda f, t: put(t, "state", np.frombuffer(b"{oops", "u1")),
    "later format": lambda f, t: f.attrs.__setitem__("format_version", 99),
    "another file": lambda f, t: f.attrs.__delitem__("format"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_hostile_file_ends_in_one_line(path, name):
    damage(path, DAMAGES[name])
    with pytest.raises(DataError) as caught:
        load_models(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def as_json(content):
    return np.frombuffer(json.dumps(content).encode(), "u1")


def change_json(name, **more):
    def change(file, target):
        content = json.loads(target[name][...].tobytes())
        put(target, name, as_json({**content, **more}))

    return change


# What is wrong, and how the file is said to be wrong.
REASONS = {
    "no target": (lambda f, t: f.__delitem__("targets/tissue"), "it has no target"),
    "more than fits": (
        lambda f, t: [t.create_dataset(f"x{i}", (1 << 29,), "f8", fillvalue=0) for i in range(2)],
        "declares more than 200 times its size",
    ),
    "half precision": (
        lambda f, t: put(t, "inputs/profile", np.ones(3, "f2")),
        "'profile' holds float16, not float32",
    ),
    "beyond all reason": (lambda f, t: put(t, "inputs/profile", array(1, 1e20, 1)), "not finite"),
    "one term id": (lambda f, t: put(t, "term_ids", as_json([""])), "classes and term ids"),
    "a class twice": (lambda f, t: put(t, "classes", as_json(["a", "a"])), "classes and term ids"),
    "a class that is no name": (
        lambda f, t: put(t, "classes", as_json(["a", 2])),
        "'classes' is not a list of names",
    ),
    "references of other features": (
        lambda f, t: put(t, "references/values", np.zeros((2, 4), "f4")),
        "references do not match",
    ),
    "unknown view": (
        lambda f, t: put(t, "inputs/views", as_json(["sideways"])),
        "views that are not known",
    ),
    "no view": (lambda f, t: put(t, "inputs/views", as_json([])), "views that are not known"),
    "directions without variances": (
        lambda f, t: put(t, "novelty/variances", array([2, 1, 1])),
        "'variances' and 'directions' do not match",
    ),
    "no profile": (
        lambda f, t: put(t, "novelty/profiles", np.ones((0, 3), "f4")),
        "'profiles' is empty",
    ),
    "variance below the level": (
        lambda f, t: put(t, "novelty/variances", array([2, 0.25])),
        "'variances' are not above 'level'",
    ),
    "level of zero": (lambda f, t: put(t, "novelty/level", array(0)), "not above 'level'"),
    "calibration without a slope": (
        lambda f, t: put(t, "calibration", as_json({"scale": 1})),
        "the calibration is not sound",
    ),
    "calibration that turns round": (
        change_json("calibration", slope=-1.0),
        "the calibration is not sound",
    ),
    "calibration of no scale": (change_json("calibration", scale=0.0), "calibration is not sound"),
    "calibration of three classes": (
        change_json("calibration", frequency=[0.1, 0.2, 0.3]),
        "the calibration is not sound",
    ),
    "threshold not a number": (
        change_json("calibration", threshold=float("nan")),
        "the calibration is not sound",
    ),
    "years not finite": (
        change_json("years/numbers", centre=float("inf")),
        "the numbers of years are not finite",
    ),
    "years of no share": (
        change_json("years/numbers", level=1.0),
        "the numbers of years are not sound",
    ),
    "years of no width": (
        change_json("years/numbers", half_width=-1.0),
        "the numbers of years are not sound",
    ),
    "years that stand still": (
        change_json("years/numbers", scale=0.0),
        "the numbers of years are not sound",
    ),
    "no member": (
        lambda f, t: put(t, "learner/weights", np.zeros(0)),
        "the ensemble's weights are not sound",
    ),
    "weight not a number": (
        lambda f, t: put(t, "learner/weights", [0.5, np.nan]),
        "the ensemble's weights are not sound",
    ),
    "weights beyond all reason": (
        lambda f, t: put(t, "learner/weights", [1e300, -1e300]),
        "the ensemble's weights are not sound",
    ),
    "weights that are more than all": (
        lambda f, t: put(t, "learner/weights", [0.5, 0.6]),
        "the ensemble's weights are not sound",
    ),
    "references not a number": (
        lambda f, t: put(t, "references/values", array([0, np.nan, 0], [0, 1, 0])),
        "'references' holds values that are not finite",
    ),
    "card that is a list": (lambda f, t: put(t, "card", as_json([])), "'card' is not an object"),
    "provenance that is none": (
        lambda f, t: put(t, "provenance", as_json(None)),
        "'provenance' is not an object",
    ),
    "a member that ends in a relu": (
        lambda f, t: t.__delitem__("learner/members/1/3"),
        "does not end in one output a class",
    ),
    "a member that starts with a relu": (
        lambda f, t: t["learner/members/0/0"].attrs.modify("kind", "relu"),
        "a member starts with a relu",
    ),
    "variance below zero": (
        lambda f, t: put(t, "learner/members/1/1/variance", array(1, -1)),
        "'variance' holds values that are not positive",
    ),
}


@pytest.mark.parametrize("name", REASONS)
def test_what_is_wrong_in_a_model_is_said(path, name):
    change, reason = REASONS[name]
    damage(path, change)
    with pytest.raises(DataError) as caught:
        load_models(path)
    assert reason in str(caught.value)
    assert str(caught.value).startswith(f"{path}: not a sound model (")


def test_a_forest_that_goes_round_in_circles_is_refused(tmp_path):
    save_models([model(forest())], tmp_path / "m.h5", version="1")
    damage(
        tmp_path / "m.h5", lambda f, t: put(t, "learner/left", np.array([0, 0, 0, 0, 0, 0], "i4"))
    )
    with pytest.raises(DataError, match="trees are not sound"):
        load_models(tmp_path / "m.h5")


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"\x89HDF\r\n\x1a\n" + b"\0" * 50])
def test_what_is_not_hdf5_is_refused(tmp_path, content):
    (tmp_path / "m.h5").write_bytes(content)
    with pytest.raises(DataError, match="cannot be read as a model"):
        load_models(tmp_path / "m.h5")


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        load_models(tmp_path / "none.h5")


def test_the_card_says_how_calls_fared():
    judged = model()
    judged.calibration = Calibration(threshold=0.8, precision=0.844, coverage=0.25)
    calls = judged.described()["calls"]
    assert calls["from a probability of"] == "80%"
    assert (calls["right"], calls["share of samples called"]) == ("84%", "25%")
    judged.calibration = Calibration()
    assert judged.described()["calls"] == "none are made"
    assert judged.card == {"intended_use": "a test"}
