"""The contract of `train-rf` and `train-dl`: predictions.tsv, model.h5, refusals."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from srna_augment.expression import read_expression
from srna_augment.model.file import load_models, save_models

from .conftest import TARGETS, Cohort, write
from .running import Done, Here, run_main

FIRST = ["sample_id", "target", "model", "scheme", "fold", "truth", "predicted", "probability"]


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


def forest(expression: Path, *arguments: object, target: str = "tissue") -> Done:
    return run_main(
        "train-rf", expression, "--target", target, "--trees", 5, "--folds", 3, *arguments
    )


def relabelled(cohort: Cohort, path: Path, **columns: object) -> Path:
    """Write the cohort's expression file with other labels; ``None`` drops a column."""
    data = anndata.read_h5ad(cohort.expression)
    for name, values in columns.items():
        if values is None:
            del data.obs[name]
        else:
            data.obs[name] = pd.Series(values, index=data.obs_names).astype(str)
    data.write_h5ad(path)
    return path


def test_predictions_are_of_all_labelled_samples_each_once(trained):
    for target in TARGETS:
        table = read(trained.predictions[target])
        classes = table[table["target"] == target]
        assert list(table.columns[:8]) == FIRST
        assert set(table["model"]) == {"rf"}
        assert set(table["scheme"]) == {"random"}
        assert classes["sample_id"].is_unique
        shares = classes[[c for c in table.columns if c.startswith("prob:")]].astype(float)
        np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
        best = shares.idxmax(axis=1).str.removeprefix("prob:")
        assert (best == classes["predicted"]).all()
        np.testing.assert_allclose(shares.max(axis=1), classes["probability"].astype(float))
    tissue = read(trained.predictions["tissue"]).set_index("sample_id")["truth"]
    labels = trained.labels["tissue"].replace("prostate", "prostate gland")
    assert (tissue == labels[tissue.index]).all()
    assert len(tissue) == len(labels)


def test_years_stand_beside_age_groups(trained):
    table = read(trained.predictions["age"])
    years = table[table["target"] == "age_years"].set_index("sample_id")
    given = trained.labels.loc[years.index, "age_years"].astype(float)
    np.testing.assert_allclose(years["truth"].astype(float), given, atol=0.01)
    assert years["predicted"].astype(float).between(0, 130).all()


def test_no_subject_is_cut_in_two_and_no_study_under_group(trained, tmp_path):
    path = tmp_path / "p.tsv"
    done = forest(
        trained.expression, "--predictions", path, "--scheme", "group", "--scheme", "site"
    )
    assert done.code == 0, done.err
    table = read(path)
    assert set(table["scheme"]) == {"group", "site"}
    for scheme, column in (("group", "study"), ("site", "site")):
        rows = table[table["scheme"] == scheme].set_index("sample_id")
        unit = trained.labels.loc[rows.index, column]
        assert all(len(set(folds)) == 1 for _, folds in rows.groupby(unit)["fold"])
        assert len(set(rows["fold"])) > 1


def test_a_class_that_a_fold_cannot_know_gets_no_probability(trained, tmp_path):
    path = tmp_path / "p.tsv"
    expression = relabelled(trained, tmp_path / "e.h5ad", study=trained.labels["tissue"])
    assert forest(expression, "--predictions", path, "--scheme", "group").code == 0
    table = read(path)
    for _, row in table.iterrows():
        assert float(row[f"prob:{row['truth']}"]) == 0
        assert row["predicted"] != row["truth"]


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(trained, tmp_path):
    for name, seed, threads in (("a", 1, 1), ("b", 1, 2), ("c", 2, 1)):
        done = run_main(
            "train-rf", trained.expression, "--target", "tissue", "--trees", 5, "--folds", 3,
            "--seed", seed, "-o", tmp_path / f"{name}.h5", "--predictions", tmp_path / name,
            threads=threads,
        )  # fmt: skip
        assert done.code == 0, done.err
    for ending in ("", ".h5"):
        a, b, c = ((tmp_path / f"{name}{ending}").read_bytes() for name in "abc")
        assert a == b
        assert a != c


@pytest.mark.parametrize("target", ["tissue", "age"])
def test_folds_run_apart_and_gathered_give_the_same_as_in_one_go(trained, tmp_path, target):
    parts = [tmp_path / f"{fold}.tsv" for fold in range(3)]
    for fold, path in enumerate(parts):
        run = ("--fold", fold, "--predictions", path)
        assert forest(trained.expression, *run, target=target).code == 0
    gathered = [word for path in parts for word in ("--calibrate-from", path)]
    for name, extra in (("one", []), ("apart", gathered)):
        outputs = ("-o", tmp_path / f"{name}.h5", "--predictions", tmp_path / f"{name}.tsv")
        done = forest(trained.expression, *outputs, *extra, target=target)
        assert done.code == 0, done.err
    for ending in (".h5", ".tsv"):
        one, apart = ((tmp_path / f"{name}{ending}").read_bytes() for name in ("one", "apart"))
        assert one == apart


def test_a_model_read_back_is_the_same_and_writes_the_same_bytes(trained, tmp_path):
    for target, path in trained.models.items():
        (model,) = load_models(path)
        assert model.target == target
        save_models([model], tmp_path / "again.h5", version="test")
        (again,) = load_models(tmp_path / "again.h5")
        expression = read_expression(trained.expression)
        x = model.prepare(expression.values, expression.features, expression.reported)
        np.testing.assert_array_equal(again.learner.logits(x), model.learner.logits(x))
        assert again.calibration == model.calibration
        assert again.provenance == model.provenance
        assert again.classes == model.classes


def test_the_model_says_where_it_came_from(trained):
    (model,) = load_models(trained.models["tissue"])
    assert model.provenance["seed"] == 1
    assert model.provenance["n_samples_labelled"] == 32
    assert len(model.provenance["expression_sha256"]) == 64
    assert model.card["samples_by_class"]["liver"] == 8
    assert sum(model.card["studies"].values()) == 32


def agrees_with_augment(trained: Cohort, model: Path, here: Here) -> None:
    """Compare what the training process's own table gives with what augment makes of raw counts."""
    done = here("augment", trained.table, "--model", model, "-o", "-")
    assert done.code == 0, done.err
    rows = list(csv.DictReader(done.out.splitlines(), delimiter="\t"))
    (loaded,) = load_models(model)
    expression = read_expression(trained.expression)
    x = loaded.prepare(expression.values, expression.features, expression.reported)
    logits = loaded.learner.logits(x)
    assert [row["tissue_best"] for row in rows] == [loaded.classes[i] for i in logits.argmax(1)]


def test_augment_predicts_from_raw_counts_what_training_sees(trained, here):
    agrees_with_augment(trained, trained.models["tissue"], here)


def test_a_model_is_read_with_numpy_and_h5py_alone(trained, root):
    script = (
        f"import sys; sys.path.insert(0, {str(root / 'tools')!r})\n"
        "from srna_augment.model.file import load_models\n"
        f"load_models({str(trained.models['tissue'])!r})\n"
        "print(*sorted(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "h5py" in loaded
    assert loaded & {"pandas", "scipy", "sklearn", "tensorflow", "anndata"} == set()


def test_without_folds_nothing_is_ever_called(trained, here, tmp_path):
    model = tmp_path / "m.h5"
    done = forest(trained.expression, "--scheme", "none", "-o", model)
    assert done.code == 0
    assert "nothing will be called" in done.err
    done = here("augment", trained.table, "--model", model, "-o", "-")
    assert done.code == 0, done.err
    rows = list(csv.DictReader(done.out.splitlines(), delimiter="\t"))
    assert {row["tissue_pred"] for row in rows} == {""}
    assert "called" not in {row["tissue_status"] for row in rows}


@pytest.mark.parametrize(
    ("columns", "target", "arguments", "line"),
    [
        ({"tissue": [""] * 32}, "tissue", (), "0 classes with 5 labelled samples"),
        ({"tissue": ["liver"] * 32}, "tissue", (), "1 classes with 5 labelled samples"),
        ({"tissue": None}, "tissue", (), "no metadata column holds it"),
        ({"study": ["S1"] * 32}, "tissue", ("--scheme", "group"), "samples are from 'S1'"),
        ({"tissue": list(map(str, range(32)))}, "tissue", ("--min-samples", 1), "--scheme none"),
        ({"sex": ["1"] * 16 + ["2"] * 16}, "sex", (), "0 classes"),
        ({"age_years": ["14000"] * 32}, "age", (), "in years, not in days"),
        ({"age_years": ["30-40"] * 32}, "age", (), "0 classes"),
    ],
)
def test_data_that_cannot_be_learnt_from_are_refused(
    trained, columns, target, arguments, line, tmp_path
):
    expression = relabelled(trained, tmp_path / "e.h5ad", **columns)
    outputs = ("-o", tmp_path / "m.h5", "--predictions", tmp_path / "p.tsv")
    done = forest(expression, *arguments, *outputs, target=target)
    assert (done.code, done.out) == (1, "")
    assert line in done.err.splitlines()[-1]
    assert not (tmp_path / "m.h5").exists()
    assert not (tmp_path / "p.tsv").exists()


def test_wrong_calls_exit_with_2(trained, tmp_path):
    bare = relabelled(trained, tmp_path / "bare.h5ad", study=None, site=None)
    model = ("-o", tmp_path / "m.h5")
    for expression, arguments, line in [
        (trained.expression, (), "nothing to write"),
        (trained.expression, ("--label-column", "organ", *model), "no such column: it has sample"),
        (trained.expression, ("--group", "lab", "--scheme", "group", *model), "no such column"),
        (bare, ("--scheme", "group", *model), "name the column with --group"),
        (bare, ("--scheme", "site", *model), "--scheme random"),
        (trained.expression, ("--fold", 1, *model), "leave out --output"),
        (trained.expression, ("--fold", 3, "--predictions", tmp_path / "p"), "counted from 0"),
        (
            trained.expression,
            ("--scheme", "none", "--predictions", tmp_path / "p"),
            "--predictions needs a --scheme",
        ),
        (trained.expression, ("-o", trained.expression), "a name of its own"),
        (trained.expression, ("-o", tmp_path / "no" / "m.h5"), "make it first"),
    ]:
        done = forest(expression, *arguments)
        assert (done.code, done.out) == (2, ""), done.err
        assert line in done.err
    assert not (tmp_path / "m.h5").exists()
    assert not (tmp_path / "p").exists()


def test_fewer_samples_than_folds_make_fewer_folds(trained, tmp_path):
    few = trained.labels.groupby("tissue").head(3).index
    labels = trained.labels["tissue"].where(trained.labels.index.isin(few), "")
    expression = relabelled(trained, tmp_path / "e.h5ad", tissue=labels)
    done = forest(
        expression, "--min-samples", 3, "--folds", 10, "--predictions", tmp_path / "p.tsv"
    )
    assert done.code == 0, done.err
    assert "folds: 3, not 10" in done.err
    assert set(read(tmp_path / "p.tsv")["fold"]) == {"0", "1", "2"}


def test_a_class_of_one_sample_is_left_out_unless_told(trained, tmp_path):
    labels = trained.labels["tissue"].copy()
    labels.iloc[0] = "adrenal gland"
    expression = relabelled(trained, tmp_path / "e.h5ad", tissue=labels)
    done = forest(expression, "--predictions", tmp_path / "p.tsv")
    assert "left out: adrenal gland" in done.err
    assert len(read(tmp_path / "p.tsv")) == 31
    done = forest(expression, "--predictions", tmp_path / "q.tsv", "--min-samples", 1)
    assert done.code == 0, done.err
    assert len(read(tmp_path / "q.tsv")) == 32


def test_labels_in_several_spellings_are_one_class(trained, tmp_path):
    spelt = {"kidney": "My Organ", "liver": "my organ", "brain": "Brain", "prostate": "PROSTATE"}
    expression = relabelled(
        trained, tmp_path / "e.h5ad", tissue=trained.labels["tissue"].map(spelt)
    )
    assert forest(expression, "--predictions", tmp_path / "p.tsv").code == 0
    assert set(read(tmp_path / "p.tsv")["truth"]) == {"My Organ", "brain", "prostate gland"}


def test_years_come_from_the_named_column(trained, tmp_path):
    expression = relabelled(
        trained, tmp_path / "e.h5ad", age_years=["30"] * 32, years_2=["40"] * 16 + ["60"] * 16
    )
    path = tmp_path / "p.tsv"
    done = forest(expression, "--label-column", "years_2", "--predictions", path, target="age")
    assert done.code == 0, done.err
    table = read(path)
    assert set(table.loc[table["target"] == "age_years", "truth"]) == {"40", "60"}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda text: text.replace("\t0\t", "\tzero\t"), "'zero'"),
        (lambda text: text.replace("\trandom\t", "\tmagic\t"), "there is no scheme 'magic'"),
        (lambda text: text.replace("kidney", "gill", 1), "labelled samples"),
        (lambda text: text.replace("\ttissue\t", "\tsex\t"), "no predictions of tissue by rf"),
        (lambda text: text[: len(text) // 2].rsplit("\n", 1)[0], "have no prediction"),
        (lambda text: text + text.split("\n", 1)[1], "stands twice"),
        (lambda text: "sample_id\tvalue\na\t1\n", "probability, study, distance, calibrated: give"),
        (lambda text: "", "is empty"),
    ],
)  # fmt: skip
def test_gathered_predictions_that_do_not_fit_are_refused(trained, change, line, tmp_path):
    path = tmp_path / "p.tsv"
    text = trained.predictions["tissue"].read_text().replace("\tyes\t", "\tno\t")
    if "gill" in change(text):  # a truth that no column of probabilities is for
        text, line = text.replace("\tkidney\t", "\tgill\t"), "no column 'prob:gill'"
        path.write_text(text)
    else:
        path.write_text(change(text))
    done = forest(trained.expression, "--calibrate-from", path, "-o", tmp_path / "m.h5")
    assert (done.code, done.out) == (1, "")
    assert line in done.err.splitlines()[-1]
    assert not (tmp_path / "m.h5").exists()


def test_files_that_are_no_expression_are_refused(trained, tmp_path):
    plain = tmp_path / "plain.h5ad"
    anndata.AnnData(np.ones((3, 2), dtype=np.float32)).write_h5ad(plain)
    broken = tmp_path / "broken.h5ad"
    data = anndata.read_h5ad(trained.expression)
    data.uns["srna_augment"] = {"state": "{"}
    data.write_h5ad(broken)
    holes = tmp_path / "holes.h5ad"
    data = anndata.read_h5ad(trained.expression)
    data.X[0, 0] = np.nan
    data.write_h5ad(holes)
    for path, line in [
        (trained.table, "not an AnnData file"),
        (trained.models["tissue"], "not an AnnData file"),
        (plain, "was not written by normalise"),
        (broken, "its state is damaged"),
        (holes, "no finite numbers"),
    ]:
        done = forest(path, "-o", tmp_path / "m.h5")
        assert (done.code, done.out) == (1, "")
        assert line in done.err.splitlines()[-1]


def test_predictions_go_to_standard_output(trained, tmp_path):
    done = forest(trained.expression, "--predictions", "-")
    assert done.out.startswith("\t".join(FIRST))
    assert len(done.out.splitlines()) == 33


@pytest.mark.train
def test_the_network_keeps_the_same_contract(trained, here, run_command, tmp_path):
    for name in ("a", "b"):
        done = run_command(
            "train-dl", trained.expression, "--target", "tissue", "--folds", 3, "--epochs", 3,
            "--members", 1, "--hidden", 16, "--threads", 1, "-o", tmp_path / f"{name}.h5",
            "--predictions", tmp_path / f"{name}.tsv",
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert "Traceback" not in done.stderr
    table = read(tmp_path / "a.tsv")
    assert list(table.columns[:8]) == FIRST
    assert set(table["model"]) == {"dl"}
    assert len(table) == 32
    for ending in (".tsv", ".h5"):
        a, b = ((tmp_path / f"{name}{ending}").read_bytes() for name in "ab")
        assert a == b
    agrees_with_augment(trained, tmp_path / "a.h5", here)


@pytest.mark.train
def test_the_network_refuses_layers_that_are_none(trained, here, tmp_path):
    for hidden in ("", "0", "a,b", "-3"):
        done = here(
            "train-dl", trained.expression, "--target", "tissue", f"--hidden={hidden}",
            "-o", tmp_path / "m.h5",
        )  # fmt: skip
        assert (done.code, done.out) == (2, "")
        assert "--hidden" in done.err


def test_a_table_is_no_expression_and_says_what_to_do(trained, tmp_path):
    path = write(trained.counts, tmp_path / "t.tsv")
    done = forest(path, "-o", tmp_path / "m.h5")
    assert "give the output of normalise" in done.err


def test_what_calibrated_predictions_are_not_for(trained, tmp_path):
    done = forest(
        trained.expression,
        "--calibrate-from",
        trained.predictions["tissue"],
        "-o",
        tmp_path / "m.h5",
    )
    assert (done.code, done.out) == (1, "")
    assert "these predictions are calibrated" in done.err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_a_transfer_has_no_folds(trained, tmp_path):
    done = forest(
        trained.expression, "--scheme", "transfer", "--train-on", "S1", "--fold", 0,
        "--predictions", tmp_path / "p.tsv",
    )  # fmt: skip
    assert done.code == 2
    assert "--scheme transfer has none" in done.err


def test_the_largest_seed(trained, tmp_path):
    done = forest(
        trained.expression, "--seed", 2**32 - 1, "--folds", 3, "--predictions", tmp_path / "p.tsv"
    )
    assert done.code == 0, done.err


def test_ages_that_no_fold_has_enough_of(trained, tmp_path):
    """Ten ages are enough for the final model, and for no fold to say how far off it is."""
    few = anndata.read_h5ad(trained.expression)
    few.obs["age_years"] = [*["40", "60"] * 5, *[""] * (few.n_obs - 10)]
    few.write_h5ad(tmp_path / "few.h5ad")
    done = forest(tmp_path / "few.h5ad", "--folds", 5, "-o", tmp_path / "m.h5", target="age")
    assert done.code == 0, done.err
