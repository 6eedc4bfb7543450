"""Batches of a study that have not the same classes: what they differ in is to tell nothing."""

import json

import h5py
import numpy as np
import pytest

from srna_augment.errors import DataError, UsageError
from srna_augment.expression import write_expression
from srna_augment.fitting import fit_on
from srna_augment.labelled import labelled
from srna_augment.learners.forest_recipe import forest_recipe
from srna_augment.learners.network import NetworkSettings
from srna_augment.learners.network_recipe import network_recipe

from .toys import toy_expression

N, F = 240, 32
LINEAR = network_recipe(NetworkSettings(members=0), threads=1)
TISSUES = np.array(["colon", "ovary", "stomach", "liver", "lung", "skin", "brain", "breast"])
# three markers a tissue, and what the old pipeline counts otherwise
MARKERS, ARTEFACT = 3, slice(24, 32)


@pytest.fixture
def expression():
    """Return tissues of which an older pipeline counted two; it finds some miRNAs more often."""
    generator = np.random.default_rng(0)
    tissue = TISSUES[np.arange(N) % len(TISSUES)]
    values = 5 + 0.5 * generator.normal(size=(N, F))
    for place, name in enumerate(TISSUES):
        values[tissue == name, MARKERS * place : MARKERS * (place + 1)] += 2
    old = np.isin(tissue, ["colon", "ovary"])
    values[np.ix_(old, np.arange(F)[ARTEFACT])] += 4
    return toy_expression(
        values,
        study=[f"GSE{k}" for k in np.arange(N) // 120],
        tissue=tissue,
        pipeline=np.where(old, "v1", "v2"),
    )


def by_the_new_pipeline(expression):
    """Return colons as the new pipeline would have counted them."""
    values = expression.values[expression.obs["tissue"] == "colon"].copy()
    values[:, ARTEFACT] -= 4
    return values


@pytest.mark.parametrize("recipe", [LINEAR, forest_recipe(50, 1)], ids=["network", "forest"])
def test_a_pipeline_is_not_taken_for_a_tissue(expression, recipe):
    def right(**more):
        data = labelled(expression, "tissue", **more)
        fitted = fit_on(data, np.arange(N), recipe, seed=0)
        x = fitted.inputs.prepare(by_the_new_pipeline(expression), expression.features, None)
        return (fitted.learner.logits(x).argmax(axis=1) == data.classes.index("colon")).mean()

    assert right() < 0.7
    assert right(batch_column="pipeline") > 0.9


def test_a_batch_that_is_blank_is_no_batch(expression):
    expression.obs.loc[expression.obs["tissue"] == "lung", "pipeline"] = ""
    data = labelled(expression, "tissue", batch_column="pipeline")
    assert sorted(set(data.batch)) == ["", "v1", "v2"]
    assert len(data.subset(np.arange(7)).batch) == 7


def test_columns_that_are_no_batches_are_refused(expression):
    with pytest.raises(UsageError, match="--batch plate: the metadata has no such column"):
        labelled(expression, "tissue", batch_column="plate")
    expression.obs["one"], expression.obs["many"] = "v1", expression.samples
    with pytest.raises(DataError, match="--batch one: 1 values among the labelled samples"):
        labelled(expression, "tissue", batch_column="one")
    with pytest.raises(DataError, match="--batch many: 240 values .* give a column with 2 to 20"):
        labelled(expression, "tissue", batch_column="many")


def test_the_option_reaches_the_model_and_its_record(expression, tmp_path, run_command):
    write_expression(expression, tmp_path / "e.h5ad", version="1")
    given = ["--target", "tissue", "--scheme", "none", "--trees", 20]
    for name, more in {"with": ["--batch", "pipeline"], "without": []}.items():
        output = tmp_path / f"{name}.h5"
        done = run_command("train-rf", tmp_path / "e.h5ad", *given, *more, "--output", output)
        assert done.returncode == 0, done.stderr
        with h5py.File(output) as file:
            record = json.loads(file["targets/tissue/provenance"][()].tobytes())
        assert record.get("batch_column") == ("pipeline" if more else None)
        told = "what 2 batches by 'pipeline' differ in is to tell nothing"
        assert (told in done.stderr) == bool(more)
