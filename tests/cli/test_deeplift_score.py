"""`deeplift-score` as a user runs it, on a small model whose answers are known."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from srna_augment.calibration import Calibration, Novelty
from srna_augment.expression import Expression, read_expression, write_expression
from srna_augment.model.file import save_models
from srna_augment.model.forest import Forest
from srna_augment.model.inputs import Inputs
from srna_augment.model.network import Dense, Network, ReLU
from srna_augment.model.target import TargetModel, Years
from srna_augment.normalisation import State


def never_novel(n_views):
    """Return a metric of four features in each view by which no sample is strange."""
    directions = np.tile(np.eye(1, 4, dtype="f4"), (n_views, 1, 1))
    level = np.ones(n_views, "f4")
    threshold = np.array([99], "f4")
    profiles, none = np.zeros((3, 4 * n_views), "f4"), np.zeros((0, 4 * n_views), "f4")
    return Novelty(profiles, none, directions, level[:, None], level, threshold)


FEATURES = ["hsa-mir-122", "hsa-mir-9", "hsa-mir-1", "hsa-let-7a"]
CLASSES = ["brain", "heart", "liver"]
MARKER = {"liver": 0, "brain": 1, "heart": 2}
N = 30
OPTION = {"t": "tables", "p": "plots", "m": "multiqc"}


def state(**changes) -> State:
    content = {
        "method": "log2rpm", "level": "stem", "features": FEATURES, "fill": [0.0] * 4,
        "reference": None, "units": "log2 RPM", "n_samples": N,
    }  # fmt: skip
    return State(**{**content, **changes})


def network(seed: int = 0) -> Network:
    """Each class looks at its marker; the last feature is a decoy, and noise is small."""
    g = np.random.default_rng(seed)
    members = []
    for _ in range(2):
        first = 0.01 * g.standard_normal((4, 6)).astype("f4")
        last = 0.01 * g.standard_normal((6, 3)).astype("f4")
        for place, name in enumerate(CLASSES):
            first[MARKER[name], place] = 1
            last[place, place] = 2
        members.append([Dense(first, np.zeros(6, "f4")), ReLU(), Dense(last, np.zeros(3, "f4"))])
    return Network(members, np.full(2, 0.5))


def target(learner, **changes) -> TargetModel:
    inputs = Inputs(
        FEATURES, ["plain"], profile=np.full(4, 5, "f4"), mean=np.full((1, 4), 5, "f4"),
        loadings=np.zeros((1, 4, 1), "f4"), noise=np.ones(1, "f4"),
    )  # fmt: skip
    content = {
        "target": "tissue", "classes": CLASSES, "term_ids": [""] * 3, "state": state(),
        "inputs": inputs, "learner": learner, "calibration": Calibration(),
        "novelty": never_novel(1),
        "references": {
            "mean": np.zeros(4, "f4"), "class:liver": np.array([4, -1, -1, -1], "f4"),
        },
    }  # fmt: skip
    return TargetModel(**{**content, **changes})


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a folder with a network, a forest, and expression of 30 samples in two studies."""
    folder = tmp_path_factory.mktemp("score")
    save_models([target(network())], folder / "model.h5", version="0")
    save_models([target(network(1))], folder / "other.h5", version="0")
    forest = Forest(
        roots=np.array([0, 3], "i4"), feature=np.array([0, -1, -1, 1, -1, -1], "i4"),
        threshold=np.array([1, 0, 0, 1, 0, 0], "f4"), left=np.array([1, 0, 0, 4, 0, 0], "i4"),
        right=np.array([2, 0, 0, 5, 0, 0], "i4"),
        value=np.array(
            [[0.3, 0.3, 0.4], [0.5, 0.5, 0], [0, 0, 1], [0.3, 0.3, 0.4], [0, 0.5, 0.5], [1, 0, 0]],
            "f4",
        ),
    )  # fmt: skip
    save_models([target(forest)], folder / "forest.h5", version="0")
    truth = np.array(CLASSES)[np.arange(N) % 3]
    values = np.random.default_rng(5).normal(4, 0.3, (N, 4)).astype("f4")
    values[np.arange(N), [MARKER[name] for name in truth]] += 5
    names = [f"s{i}" for i in range(N)]
    obs = pd.DataFrame(
        {"tissue": truth, "study": np.where(np.arange(N) < 12, "A", "B")}, index=names
    )
    obs.loc["s3", "tissue"] = ""
    var = pd.DataFrame(index=FEATURES)
    write_expression(
        Expression(values, names, FEATURES, obs, var, state().to_json()),
        folder / "e.h5ad", version="0",
    )  # fmt: skip
    write_expression(
        Expression(values, names, FEATURES, obs, var, state(units="log2 CPM").to_json()),
        folder / "units.h5ad", version="0",
    )  # fmt: skip
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def test_markers_come_first_and_everything_is_written(run_command, folder, tmp_path):
    out = tmp_path / "s.h5"
    run = run_command(
        "deeplift-score", folder / "model.h5", folder / "e.h5ad", "--output", out, "--strict",
        "--tables", tmp_path / "t", "--plots", tmp_path / "p", "--multiqc", tmp_path / "m",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout == ""
    assert "tissue: reference: mean" in run.stderr

    classes = rows(tmp_path / "t" / "tissue.classes.tsv")
    first = {row["class"]: row for row in classes if row["rank"] == "1"}
    assert {name: row["feature"] for name, row in first.items()} == {
        name: FEATURES[MARKER[name]] for name in CLASSES
    }
    for row in first.values():
        assert row["share_positive"] == "1.000"
        assert (row["n_samples"], row["n_studies"], row["studies_positive"]) == ("10", "2", "2")

    per_sample = rows(tmp_path / "t" / "tissue.samples.tsv")
    assert len(per_sample) == N * len(FEATURES)
    s3 = [row for row in per_sample if row["sample_id"] == "s3"]
    assert {row["truth"] for row in s3} == {""}
    assert [row["rank"] for row in s3] == ["1", "2", "3", "4"]
    assert {row["training_mean"] for row in s3} == {"5"}
    first_row = next(row for row in s3 if row["feature"] == "hsa-mir-9")
    assert float(first_row["expression"]) == pytest.approx(rows_as_inputs(folder)[3, 1] + 5, 1e-3)

    stable = rows(tmp_path / "t" / "tissue.stability.tsv")
    assert [row["n_models"] for row in stable] == ["2", "2", "2"]

    with h5py.File(out) as file:
        place = file["targets/tissue"]
        assert place.attrs["rule"] == "rescale"
        assert place.attrs["engine"] == "native"
        assert place.attrs["completeness"] < 1e-5
        assert list(place["features"].asstr()) == FEATURES
        assert list(place["samples"].asstr())[:2] == ["s0", "s1"]
        assert list(place["references/names"].asstr()) == ["mean"]
        # explained again by hand: completeness against the model's own logits
        values = place["contributions"][...]
        learner = network()
        x = rows_as_inputs(folder)
        logits = learner.logits(x) - learner.logits(np.zeros((1, 4), "f4"))
        logits -= logits.mean(axis=1, keepdims=True)
        explained = place["explained"][...]
        np.testing.assert_array_equal(explained, learner.logits(x).argmax(axis=1))
        np.testing.assert_allclose(values.sum(axis=1), logits[np.arange(N), explained], atol=1e-5)

    for stem in ("tissue.classes", "tissue.samples"):
        assert (tmp_path / "p" / f"{stem}.svg").read_text().count("hsa-mir-122") >= 1
        assert (tmp_path / "p" / f"{stem}.png").read_bytes()[:4] == b"\x89PNG"
    section = json.loads((tmp_path / "m" / "srna_deeplift_tissue_mqc.json").read_text())
    assert section["plot_type"] == "heatmap"
    assert [row.split(" (")[0] for row in section["ycats"]] == CLASSES
    assert np.array(section["data"]).shape == (3, len(section["xcats"]))
    # what speaks for a class is red in its own row only
    liver = np.array(section["data"])[:, section["xcats"].index("hsa-mir-122")]
    assert liver[2] > 0 > max(liver[:2])


def rows_as_inputs(folder: Path) -> np.ndarray:
    import anndata

    return (anndata.read_h5ad(folder / "e.h5ad").X - 5).astype("f4")


def test_all_classes_and_the_true_class(run_command, folder, tmp_path):
    for kind in ("all", "true", "predicted"):
        run = run_command(
            "deeplift-score", folder / "model.h5", folder / "e.h5ad", "-q",
            "--output", tmp_path / f"{kind}.h5", "--target-class", kind,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
    with h5py.File(tmp_path / "all.h5") as file, h5py.File(tmp_path / "true.h5") as true:
        every, own = file["targets/tissue"], true["targets/tissue"]
        assert every["contributions"].shape == (N, 3, 4)
        assert own["contributions"].shape == (N - 1, 4)  # s3 has no label
        assert "s3" not in list(own["samples"].asstr())
        truth = own["truth"][...]
        kept = np.delete(every["contributions"][...], 3, axis=0)
        np.testing.assert_allclose(
            own["contributions"][...], kept[np.arange(N - 1), truth], atol=1e-6
        )
        # contributions to all classes together are nothing: logits are mean-normalised
        np.testing.assert_allclose(every["contributions"][...].sum(axis=1), 0, atol=1e-6)


def test_why_liver_and_not_another(run_command, folder, tmp_path):
    """From the liver's own profile, a brain sample is no liver for want of miR-122."""
    run = run_command(
        "deeplift-score", folder / "model.h5", folder / "e.h5ad", "--output", tmp_path / "s.h5",
        "--target-class", "liver", "--reference", "class:liver", "--tables", tmp_path,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    brain = [r for r in rows(tmp_path / "tissue.classes.tsv") if r["samples_of"] == "brain"]
    assert {row["class"] for row in brain} == {"liver"}
    last = brain[-1]
    assert last["feature"] == "hsa-mir-122"
    assert float(last["mean"]) < -1


def test_reference_from_files(run_command, folder, tmp_path):
    table = tmp_path / "reference.tsv"
    table.write_text("feature\tlog2rpm\n" + "".join(f"{name}\t5\n" for name in FEATURES[:3]))
    arguments = ("deeplift-score", folder / "model.h5", folder / "e.h5ad", "--output")
    given = run_command(*arguments, tmp_path / "file.h5", "--reference", table)
    assert given.returncode == 0, given.stderr
    assert "gives 3 of 4 features; the others are estimated" in given.stderr
    assert run_command(*arguments, tmp_path / "mean.h5").returncode == 0
    both = run_command(
        *arguments, tmp_path / "both.h5", "--reference", folder / "e.h5ad", "--reference", "mean"
    )
    assert both.returncode == 0, both.stderr
    with (
        h5py.File(tmp_path / "file.h5") as one, h5py.File(tmp_path / "mean.h5") as mean,
        h5py.File(tmp_path / "both.h5") as two,
    ):  # fmt: skip
        # 5 is the centre of every feature, so the file says what the mean says
        np.testing.assert_allclose(
            one["targets/tissue/contributions"][...], mean["targets/tissue/contributions"][...]
        )
        stored = two["targets/tissue/references/values"][...]
        np.testing.assert_allclose(stored[0], rows_as_inputs(folder).mean(axis=0), atol=1e-5)
        np.testing.assert_allclose(stored[1], 0)


def test_views_of_a_feature_are_added_up(run_command, folder, tmp_path):
    """A model that sees every feature twice, at half the weight each, says the same."""
    learner = network()
    for member in learner.members:
        member[0].kernel = np.concatenate([member[0].kernel / 2] * 2)
    one = target(learner).inputs
    inputs = Inputs(
        FEATURES, ["plain", "plain"], one.profile, np.repeat(one.mean, 2, axis=0),
        np.repeat(one.loadings, 2, axis=0), np.ones(2, "f4"),
    )  # fmt: skip
    wide = {
        "inputs": inputs, "references": {"mean": np.zeros(8, "f4")},
        "novelty": never_novel(2),
    }  # fmt: skip
    save_models([target(learner, **wide)], tmp_path / "two.h5", version="0")
    values = []
    for model in (folder / "model.h5", tmp_path / "two.h5"):
        run = run_command(
            "deeplift-score", model, folder / "e.h5ad", "--output", tmp_path / "s.h5", "--strict"
        )
        assert run.returncode == 0, run.stderr
        with h5py.File(tmp_path / "s.h5") as file:
            values.append(file["targets/tissue/contributions"][...])
    assert values[0].shape == (N, 4)
    np.testing.assert_allclose(values[1], values[0], atol=1e-5)


def test_strict_ends_with_3_and_writes_nothing(run_command, folder, tmp_path):
    run = run_command(
        "deeplift-score", folder / "model.h5", folder / "e.h5ad", "--output", tmp_path / "s.h5",
        "--strict", "--tolerance", "1e-12",
    )  # fmt: skip
    assert run.returncode == 3
    assert list(tmp_path.iterdir()) == []
    assert "miss the difference of the logit" in run.stderr
    lax = run_command(
        "deeplift-score", folder / "model.h5", folder / "e.h5ad", "--output", tmp_path / "s.h5",
        "--tolerance", "1e-12",
    )  # fmt: skip
    assert lax.returncode == 0
    assert "WARNING" in lax.stderr


def test_strict_writes_no_table_of_a_target_that_was_right(run_command, folder, tmp_path):
    """The first target is exact; the second is a bent network, right to rounding only."""
    kernel = np.zeros((4, 3), "f4")
    kernel[0] = 1, -1, 0
    exact = Network([[Dense(kernel, np.zeros(3, "f4"))]], np.ones(1))
    models = [target(exact, target="sex"), target(network())]
    save_models(models, tmp_path / "two.h5", version="0")
    arguments = ("deeplift-score", tmp_path / "two.h5", folder / "e.h5ad", "--tolerance", "1e-12")
    places = [word for name in "tpm" for word in (f"--{OPTION[name]}", tmp_path / name)]
    run = run_command(*arguments, "--strict", "--output", tmp_path / "s.h5", *places)
    assert run.returncode == 3, run.stderr
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["two.h5"]
    assert all(not list((tmp_path / name).iterdir()) for name in "tpm")


def test_labels_in_any_spelling_are_the_true_class(run_command, folder, tmp_path):
    upper = target(network(), classes=[name.upper() for name in CLASSES])
    save_models([upper], tmp_path / "upper.h5", version="0")
    run = run_command(
        "deeplift-score", tmp_path / "upper.h5", folder / "e.h5ad", "--target-class", "true",
        "--output", tmp_path / "s.h5",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    with h5py.File(tmp_path / "s.h5") as file:
        assert len(file["targets/tissue/truth"]) == N - 1


def test_labels_of_a_named_column_are_the_true_class(trained, run_command, tmp_path):
    """A model of another thing than tissue: its labels are not where those of tissues are."""
    expression = read_expression(trained.expression)
    expression.obs["disease"] = "disease of " + expression.obs["tissue"].astype(str)
    expression.obs = expression.obs.rename(columns={"age_years": "years"})
    write_expression(expression, tmp_path / "e.h5ad", version="0")
    told = {}
    for target, column in (("tissue", "disease"), ("age", "years")):
        done = run_command(
            "train-dl", tmp_path / "e.h5ad", "--target", target, "--label-column", column,
            "--members", 0, "--scheme", "none", "-o", tmp_path / f"{target}.h5", "--threads", 1,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        done = run_command(
            "deeplift-score", tmp_path / f"{target}.h5", tmp_path / "e.h5ad", "--target-class",
            "true", "-o", tmp_path / "s.h5", "--tables", tmp_path, "--threads", 1,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        for path in tmp_path.glob(f"{target}*.samples.tsv"):
            told[path.name] = {row["sample_id"]: row for row in rows(path)}
    assert set(told) == {"tissue.samples.tsv", "age.samples.tsv", "age_years.samples.tsv"}
    disease = expression.obs["disease"].to_dict()
    found = told["tissue.samples.tsv"].items()
    assert {name: (row["class"], row["truth"]) for name, row in found} == {
        name: (label, label) for name, label in disease.items()
    }
    found = told["age_years.samples.tsv"].items()
    years = {name: float(row["truth"]) for name, row in found}
    assert len(years) > 20
    given = {name: round(float(expression.obs["years"][name]), 1) for name in years}
    assert years == given


def test_without_studies_sites_count_once(run_command, folder, tmp_path):
    expression = read_expression(folder / "e.h5ad")
    expression.obs = expression.obs.rename(columns={"study": "center"})
    write_expression(expression, tmp_path / "sites.h5ad", version="0")
    run = run_command(
        "deeplift-score", folder / "model.h5", tmp_path / "sites.h5ad", "--tables", tmp_path,
        "--output", tmp_path / "s.h5",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert {row["n_studies"] for row in rows(tmp_path / "tissue.classes.tsv")} == {"2"}


def test_an_output_never_overwrites_an_input(run_command, folder, tmp_path):
    for name in ("model.h5", "e.h5ad", "other.h5"):
        before = (folder / name).read_bytes()
        run = run_command(
            "deeplift-score", folder / "model.h5", folder / "e.h5ad", "--output", folder / name,
            "--compare", folder / "other.h5",
        )  # fmt: skip
        assert run.returncode == 2
        assert "a name of its own" in run.stderr
        assert (folder / name).read_bytes() == before


def test_comparison_with_another_model(run_command, folder, tmp_path):
    run = run_command(
        "deeplift-score", folder / "model.h5", folder / "e.h5ad", "--output", tmp_path / "s.h5",
        "--tables", tmp_path, "--compare", folder / "other.h5", "--compare", folder / "model.h5",
        "--multiqc", tmp_path,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    section = json.loads((tmp_path / "srna_deeplift_tissue_mqc.json").read_text())
    assert section["description"].endswith(
        "Of the 4 strongest sRNAs of a class 4 stay between 3 models compared (median of the "
        "classes)."
    )
    stable = rows(tmp_path / "tissue.stability.tsv")
    assert [row["n_models"] for row in stable] == ["3"] * 3
    assert all(row["kept_of_top20"] == "4" for row in stable)  # there are four features


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--target", "sex"], 2, "it has tissue"),
        (["--target-class", "lung"], 2, "one of brain, heart, liver"),
        (["--reference", "class:lung"], 2, "choose from mean, class:liver"),
        (["--reference", "zero"], 2, "neither a reference of the model (mean, class:liver) nor a"),
        (["--sample", "s99", "--plots", "p"], 2, "--sample s99: no such sample"),
        (["--sample", "s1", "--tables", "t"], 2, "--sample is for pictures: add --plots"),
        (["--compare", "model.h5", "--plots", "p"], 2, "--compare is for the table of stability"),
        (["--group", "lab"], 2, "the metadata has no such column"),
        (["--rule", "gradient"], 2, "rescale"),
    ],
)
def test_wrong_calls_end_in_one_line(run_command, folder, tmp_path, arguments, code, message):
    arguments = [folder / word if word.endswith(".h5") else word for word in arguments]
    run = run_command(
        "deeplift-score", folder / "model.h5", folder / "e.h5ad", "--output", tmp_path / "s.h5",
        *arguments, cwd=tmp_path,
    )  # fmt: skip
    assert run.returncode == code
    assert message in " ".join(run.stderr.split())
    assert "Traceback" not in run.stderr
    assert not list(tmp_path.glob("*.h5"))


def test_wrong_data_end_in_one_line(run_command, folder, tmp_path):
    bad = tmp_path / "bad.tsv"
    bad.write_text("hsa-mir-122\t1\nhsa-mir-9\tmuch\n")
    out = ("--output", tmp_path / "s.h5")
    for arguments, message in (
        ((folder / "model.h5", folder / "units.h5ad", *out), "expression has units 'log2 CPM'"),
        ((folder / "model.h5", folder / "model.h5", *out), "not an AnnData file"),
        ((folder / "e.h5ad", folder / "e.h5ad", *out), "not a model of this suite"),
        ((folder / "model.h5", folder / "e.h5ad", *out, "--reference", bad), "bad.tsv: line 2"),
    ):
        run = run_command("deeplift-score", *arguments)
        assert run.returncode == 1, run.stderr
        assert message in run.stderr
        assert len(run.stderr.splitlines()) == 1


@pytest.mark.train
def test_the_package_gives_the_same_file(run_command, folder, tmp_path):
    values = []
    for engine in ("native", "deeplift"):
        run = run_command(
            "deeplift-score", folder / "model.h5", folder / "e.h5ad", "--target-class", "all",
            "--rule", "revealcancel", "--engine", engine, "--output", tmp_path / f"{engine}.h5",
            "--strict",
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        assert run.stdout == ""
        with h5py.File(tmp_path / f"{engine}.h5") as file:
            assert file["targets/tissue"].attrs["engine"] == engine
            values.append(file["targets/tissue/contributions"][...])
    assert np.abs(values[0] - values[1]).max() < 1e-5 * np.abs(values[0]).max()


def test_a_forest_is_not_for_deeplift(run_command, folder, tmp_path):
    run = run_command(
        "deeplift-score", folder / "forest.h5", folder / "e.h5ad", "--engine", "deeplift",
        "--output", tmp_path / "s.h5",
    )  # fmt: skip
    assert run.returncode == 2
    assert "is a forest, which DeepLIFT does not explain" in run.stderr
    run = run_command(
        "deeplift-score", folder / "forest.h5", folder / "e.h5ad", "--tables", tmp_path,
        "--compare", folder / "other.h5", "--output", tmp_path / "s.h5",
    )  # fmt: skip
    assert run.returncode == 2
    assert "--compare: the model for tissue is a forest: give networks" in run.stderr


def test_a_forest_by_treeshap_in_the_same_shape(run_command, folder, tmp_path):
    pytest.importorskip("shap", reason="shap is not installed (pip install shap)")
    run = run_command(
        "deeplift-score", folder / "forest.h5", folder / "e.h5ad", "--target-class", "liver",
        "--output", tmp_path / "s.h5", "--tables", tmp_path, "--strict",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    table = rows(tmp_path / "tissue.classes.tsv")
    first = next(row for row in table if row["samples_of"] == "liver")
    # two trees: miR-122 above 1 makes the liver's share 1 instead of 0 in one of them
    assert (first["feature"], float(first["mean"])) == ("hsa-mir-122", pytest.approx(0.5))
    with h5py.File(tmp_path / "s.h5") as file:
        assert file["targets/tissue"].attrs["rule"] == "treeshap"
        assert file["targets/tissue"].attrs["unit"] == "class share"


def test_years_are_explained_in_years_by_age_group(run_command, folder, tmp_path):
    """A line of 2 years a unit of the first feature: completeness is in years."""
    line = Network([[Dense(np.array([[1], [0], [0], [0]], "f4"), np.zeros(1, "f4"))]], np.ones(1))
    model = target(network(), target="age", classes=["adult", "elderly", "older adult"])
    model.years = Years(line, centre=50, scale=2, half_width=9, level=0.9)
    save_models([model], tmp_path / "age.h5", version="0")
    out = tmp_path / "s.h5"
    run = run_command(
        "deeplift-score", tmp_path / "age.h5", folder / "e.h5ad", "--output", out, "--strict",
        "--target", "age_years", "--tables", tmp_path / "t", "--plots", tmp_path / "p",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    x = rows_as_inputs(folder)
    with h5py.File(out) as file:
        assert list(file["targets"]) == ["age_years"]
        place = file["targets/age_years"]
        assert place.attrs["unit"] == "year"
        assert list(place["classes"].asstr()) == ["years"]
        assert list(place["groups"].asstr()) == ["adult", "elderly", "older adult"]
        np.testing.assert_allclose(place["logits"][:, 0], 50 + 2 * x[:, 0], rtol=1e-5)
        np.testing.assert_allclose(place["contributions"][:, 0], 2 * x[:, 0], rtol=1e-4, atol=1e-5)
        assert (place["contributions"][:, 1:] == 0).all()
    classes = rows(tmp_path / "t" / "age_years.classes.tsv")
    assert {row["class"] for row in classes} == {"years"}
    assert {row["samples_of"] for row in classes} == {"adult", "elderly", "older adult"}
    first = rows(tmp_path / "t" / "age_years.samples.tsv")[0]
    assert float(first["predicted"]) == pytest.approx(50 + 2 * x[0, 0], abs=0.06)
    assert first["truth"] == ""
    refused = run_command(
        "deeplift-score", folder / "model.h5", folder / "e.h5ad", "--output", out,
        "--target", "age_years",
    )  # fmt: skip
    assert refused.returncode == 2
    assert "has none of that name: it has tissue" in refused.stderr
