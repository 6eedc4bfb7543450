"""``expression.h5ad`` after other tools have had it in hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from srna_augment.errors import DataError
from srna_augment.expression import UNS_KEY, Expression, read_expression, write_expression

NAMES = ["hsa-mir-21", "hsa-mir-9"]
STATE = {
    "method": "log2rpm", "level": "stem", "features": NAMES, "fill": [1.0, 2.0],
    "reference": None, "units": "log2 RPM", "n_samples": 3,
}  # fmt: skip


@pytest.fixture
def written(tmp_path: Path) -> tuple[Expression, Path]:
    expression = Expression(
        values=np.array([[1, 2], [0, 3], [4, 0]], np.float32),
        samples=["a", "b", "c"],
        features=NAMES,
        obs=pd.DataFrame({"a/b": ["x", "y", ""]}, index=["a", "b", "c"]),
        var=pd.DataFrame(index=NAMES),
        state=STATE,
        reported=np.array([[True, True], [False, True], [True, False]]),
        depth=np.array([10.0, 20.0, 30.0]),
    )
    write_expression(expression, tmp_path / "e.h5ad", version="1")
    return expression, tmp_path / "e.h5ad"


def changed(path: Path, change: Callable[[anndata.AnnData], object]) -> Path:
    data = anndata.read_h5ad(path)
    change(data)
    data.write_h5ad(path)
    return path


def test_sparse_matrices_are_what_they_were(written):
    expression, path = written

    def make_sparse(data: anndata.AnnData) -> None:
        data.X = sparse.csr_matrix(data.X)
        data.layers["reported"] = sparse.csr_matrix(data.layers["reported"])
        data.obsm["depth"] = sparse.csr_matrix(data.obsm["depth"])

    found = read_expression(changed(path, make_sparse))
    for name in ("values", "reported", "depth"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expression, name))
    assert list(found.obs.columns) == ["a/b"]


def test_a_depth_of_no_column_is_none(written):
    path = changed(written[1], lambda data: data.obsm.update(depth=np.zeros((3, 0))))
    assert read_expression(path).depth is None


@pytest.mark.filterwarnings("ignore:.*names are not unique:UserWarning")
@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda data: setattr(data, "obs_names", ["a", "b", "a"]), "sample 'a' is there twice"),
        (lambda data: setattr(data, "var_names", ["x", "x"]), "feature 'x' is there twice"),
        (lambda data: setattr(data, "X", np.full((3, 2), 1e300)), "X holds cells that are no"),
        (lambda data: data.uns.update({UNS_KEY: 5}), "was not written by normalise"),
        (lambda data: data.uns[UNS_KEY].update(state=5), "its state is damaged"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(written, change, line):
    with pytest.raises(DataError, match=line):
        read_expression(changed(written[1], change))


@pytest.mark.parametrize("columns", [5, {"0": 1}, ["x", "y"]])
def test_names_of_columns_that_do_not_fit_are_left(written, columns):
    path = changed(
        written[1], lambda data: data.uns[UNS_KEY].update(obs_columns=json.dumps(columns))
    )
    assert len(read_expression(path).obs.columns) == 1
