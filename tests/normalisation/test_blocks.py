"""A large table is in memory once; how it is cut into blocks changes nothing."""

import tracemalloc

import anndata
import numpy as np
import pandas as pd
import pytest

from srna_augment import expression, features, normalisation
from srna_augment.expression import Expression, ExpressionTable, read_expression, write_expression
from srna_augment.features.sums import sum_columns
from srna_augment.normalisation import State, fit, methods, state, transform
from srna_augment.normalisation.methods import METHODS

NAN = np.nan


def random_table(n_samples=60, n_features=50, order="C", seed=0):
    """Return counts with gaps; the first sample and the first feature have no reads."""
    generator = np.random.default_rng(seed)
    values = generator.negative_binomial(1, 0.01, (n_samples, n_features)).astype(np.float32)
    values[generator.random(values.shape) < 0.03] = NAN
    values[0], values[:, 0] = 0, 0
    return ExpressionTable(
        np.array(values, order=order),
        [f"S{i}" for i in range(n_samples)],
        [f"hsa-miR-{i}-5p" for i in range(1, n_features + 1)],
        "counts",
    )


@pytest.mark.parametrize("order", ["C", "F"])
def test_sums_in_place_are_those_beside(order):
    source = random_table(order=order).values
    # the second key's columns lie on either side of the third's; columns 5 and 9 are dropped
    groups = [[0], [1, 7, 4], [2, 3], [6], [8, 40], [10, 11], [39]]
    whole = [np.nansum(source[:, group], axis=1) for group in groups]
    gaps = [np.isnan(source[:, group]).all(axis=1) for group in groups]
    expected = np.where(np.transpose(gaps), NAN, np.transpose(whole))
    np.testing.assert_array_equal(sum_columns(source, groups), expected)
    in_place = sum_columns(source, groups, reuse=True)
    assert np.shares_memory(in_place, source)
    np.testing.assert_array_equal(in_place, expected)


@pytest.mark.parametrize("order", ["C", "F"])
def test_merged_names_are_blanked_in_place_as_beside(order):
    names = ["hsa-miR-21-5p/122-5p", "hsa-miR-122-3p", "hsa-miR-9-5p", "hsa-miR-9-3p"]
    values = np.array([[9, 1, 4, 1], [NAN, 1, 5, NAN]], np.float32, order=order)
    table = ExpressionTable(values, ["a", "b"], names, "counts")
    beside = features.collapse(table, "stem").values
    np.testing.assert_array_equal(beside, [[9, NAN, 5], [NAN, 1, 5]])
    np.testing.assert_array_equal(features.collapse(table, "stem", reuse=True).values, beside)


@pytest.mark.parametrize("method", METHODS)
def test_fit_does_not_depend_on_blocks(method, monkeypatch):
    table = random_table()
    whole = fit(table, method=method, level="stem", minimum_reported=0.9)
    assert 0 < len(whole.features) < 50
    monkeypatch.setattr(methods, "BLOCK_VALUES", 350)  # seven samples
    monkeypatch.setattr(state, "_MEDIAN_VALUES", 180)  # three features
    parts = fit(table, method=method, level="stem", minimum_reported=0.9)
    assert parts.features == whole.features
    np.testing.assert_array_equal(parts.fill, whole.fill)
    # running sums may differ from one sum in the last digit
    np.testing.assert_allclose(parts.reference or 0, whole.reference or 0, rtol=1e-6)


def test_features_are_counted_over_all_blocks(monkeypatch):
    """One feature is expressed in the first block only, one in the last, one nowhere.

    Of four samples three report the last but one feature and two the last: a share that is as
    large as asked for is enough.
    """
    values = np.array(
        [[9, 1, 0, 0, 1, 1], [9, 0, 0, 0, 1, NAN], [9, 0, 0, 0, NAN, NAN], [9, 0, 0, 1, 1, 1]],
        dtype=np.float32,
    )
    names = ["always", "first", "never", "last", "three", "two"]
    table = ExpressionTable(values, list("abcd"), names, "counts")
    monkeypatch.setattr(methods, "BLOCK_VALUES", 12)  # two samples
    fitted = fit(table, method="log2rpm", level="stem", minimum_reported=0.75)
    assert fitted.features == ["always", "first", "last", "three"]
    assert fitted.n_samples == 4


def test_references_by_hand():
    rpm = np.array([[1, 4, 0], [4, 4, 16], [16, 4, 64]], np.float32)
    blocks = [rpm[:1], rpm[1:]]
    # geometric means where nine tenths of the samples have reads
    np.testing.assert_allclose(methods.fit_geometric_mean(lambda: blocks), [4, 4, 0], rtol=1e-6)
    # upper quartiles 2.5, 10 and 40: their mean, 17.5, is nearest to the second's
    np.testing.assert_array_equal(methods.fit_upper_quartile_sample(lambda: blocks), rpm[1])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("method", METHODS)
def test_transform_in_place_is_that_beside(method, order, monkeypatch):
    table = random_table(order=order)
    fitted = fit(table, method=method, level="stem", minimum_reported=0.9)
    # another order of features, and one that the table does not have
    mixed = State.from_json(
        {
            **fitted.to_json(),
            "features": [*fitted.features[:0:-1], "hsa-mir-99999"],
            "reference": fitted.reference and [*fitted.reference[:0:-1], 1.0],
        },
        "toy",
    )
    values, reported = transform(table, mixed)
    monkeypatch.setattr(methods, "BLOCK_VALUES", 350)
    in_place, reported_in_place = transform(table, mixed, reuse=True)
    assert np.shares_memory(in_place, table.values)
    np.testing.assert_array_equal(in_place, values)
    np.testing.assert_array_equal(reported_in_place, reported)
    assert not reported[:, -1].any()


def test_a_state_with_more_features_than_the_table_takes_memory_of_its_own():
    names = [f"mir-{i}" for i in range(30)]
    fitted = State("log2rpm", "stem", names, [7.0] * 30, None, "log2 RPM", 1)
    table = ExpressionTable(np.ones((2, 25), np.float32), ["a", "b"], names[:25], "counts")
    values, _ = transform(table, fitted, reuse=True)
    assert values.shape == (2, 30)
    np.testing.assert_array_equal(values[:, 25:], 7.0)


def test_from_raw_values_to_the_file_the_table_is_there_once(monkeypatch, tmp_path):
    table = random_table(3000, 1000)
    table.values[0] = 1
    monkeypatch.setattr(methods, "BLOCK_VALUES", 50_000)
    monkeypatch.setattr(state, "_MEDIAN_VALUES", 300_000)
    monkeypatch.setattr("srna_augment.features.sums._BLOCK_VALUES", 50_000)
    monkeypatch.setattr(expression, "_CHUNK_VALUES", 50_000)
    features.collapse(random_table(2, 1000), "stem")  # names are resolved and kept
    tracemalloc.start()
    collapsed = features.collapse(table, "stem", reuse=True)
    fitted = normalisation.fit(collapsed, method="log2rpm", level="stem", minimum_reported=0.5)
    values, reported = normalisation.transform(collapsed, fitted, reuse=True)
    result = Expression(
        values,
        table.samples,
        fitted.features,
        pd.DataFrame(index=table.samples),
        pd.DataFrame(index=fitted.features),
        fitted.to_json(),
        reported,
    )
    write_expression(result, tmp_path / "e.h5ad", version="0")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # beside the table (12 MB) which cells are reported (3 MB), and blocks
    assert peak < 8e6
    data = anndata.read_h5ad(tmp_path / "e.h5ad")
    np.testing.assert_array_equal(data.X, values)
    np.testing.assert_array_equal(data.layers["reported"], reported)


def test_a_file_written_by_blocks_is_read_back(monkeypatch, tmp_path):
    values = np.arange(35, dtype=np.float32).reshape(7, 5)
    parts = {
        "samples": list("abcdefg"),
        "features": list("vwxyz"),
        "obs": pd.DataFrame({"sex": [*"fmfmfm", ""]}, index=list("abcdefg")),
        "var": pd.DataFrame(index=list("vwxyz")),
        "state": State("log2rpm", "stem", list("vwxyz"), [1.0] * 5, None, "log2 RPM", 7).to_json(),
    }
    monkeypatch.setattr(expression, "_CHUNK_VALUES", 10)  # two samples
    write_expression(
        Expression(values.copy("F"), reported=values > 3, **parts), tmp_path / "e.h5ad", version="0"
    )
    data = anndata.read_h5ad(tmp_path / "e.h5ad")
    assert (data.X.dtype, data.layers["reported"].dtype) == (np.float32, np.uint8)
    found = read_expression(tmp_path / "e.h5ad")
    np.testing.assert_array_equal(found.values, values)
    np.testing.assert_array_equal(found.reported, values > 3)
    assert found.samples == parts["samples"]
    assert found.obs["sex"].astype(str).tolist() == parts["obs"]["sex"].tolist()
