"""Whatever is thrown at the readers, names and methods ends in a table or in one line.

`SRNA_AUGMENT_EXAMPLES=3000 python -m pytest tests/robustness/test_fuzzing.py` tries more.
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from srna_augment import features, normalisation
from srna_augment.errors import DataError, SrnaAugmentError
from srna_augment.expression import ExpressionTable
from srna_augment.metadata import match, read_metadata
from srna_augment.metrics.reading import read_predictions
from srna_augment.normalisation.methods import METHODS
from srna_augment.reading import read_tables

from .bad_tables import PLAIN
from .toys import NAMES, metadata

pytest.importorskip("hypothesis", reason="hypothesis is not installed")
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

quick = settings(
    max_examples=int(os.environ.get("SRNA_AUGMENT_EXAMPLES", "60")),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PIECES = [
    "\t", ",", ";", " ", "\n", "\r\n", "\r", '"', "'", "#", "##", "0", "1", "7", "-3", "1e9", "0.5",
    "NA", "nan", "inf", "x", "\ufeff", "\u2028", "\x85", "\x1c", "é", "hsa-miR-21-5p", "miRNA",
    "hsa-let-7a", "UID\tRead\t", "sample_id", "read_count", "#miRNA\tread_count\tprecursor\ttotal",
    "ReferenceID\tmultimapAdjustedReadCount", "name\tunique reads\tread count (SA)", "(norm)",
    "Geneid\tChr\tStart\tEnd\tStrand\tLength", "id\tnloci\tann",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=60).map("".join)
cells = st.sampled_from(["0", "1", "12", "3.5", "", "NA", "1e4", "-1", "007", "1e999", '"5"'])


@st.composite
def damaged(draw: st.DrawFn, whole: str) -> bytes:
    """Take a sound table and put something into it, somewhere, once or some times."""
    data = whole.encode()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        cut = draw(st.sampled_from([0, 0, 1, 5, 400]))
        piece = draw(st.sampled_from(PIECES).map(str.encode) | st.binary(max_size=4))
        data = data[:at] + piece + data[at + cut :]
    return gzip.compress(data) if draw(st.booleans()) else data


def one_line(error: SrnaAugmentError, path: Path) -> None:
    assert str(path) in str(error)
    assert len(str(error).split("\n")) == 1


@quick
@given(data=texts.map(str.encode) | st.binary(max_size=300) | damaged(PLAIN))
def test_tables(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_bytes(data)
    try:
        table = read_tables(path)
    except SrnaAugmentError as error:
        one_line(error, path)
        return
    assert table.values.shape == (len(table.samples), len(table.features))
    assert len(set(table.samples)) == len(table.samples)
    assert len(set(table.features)) == len(table.features)
    assert not (table.values < 0).any()
    assert not np.isinf(table.values).any()


@quick
@given(rows=st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=6))
def test_a_table_that_is_read_holds_what_was_written(rows, tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    lines = ["\t".join([name, *row]) for name, row in zip(NAMES, rows, strict=False)]
    path.write_text("\n".join(["miRNA\ts1\ts2", *lines]) + "\n")
    try:
        found = read_tables(path, units="rpm").values
    except DataError as error:
        one_line(error, path)
        return
    written = [[float(c.strip('"')) if c not in ("", "NA") else np.nan for c in r] for r in rows]
    np.testing.assert_array_equal(found.T, np.array(written, np.float32))


@quick
@given(data=texts.map(str.encode) | st.binary(max_size=300) | damaged(metadata()))
def test_metadata(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.tsv"
    path.write_bytes(data)
    try:
        frame = read_metadata(path)
    except SrnaAugmentError as error:
        one_line(error, path)
        return
    assert len(set(frame.index)) == len(frame)
    aligned, _ = match(list(frame.index), frame)
    assert (aligned.to_numpy() == frame.to_numpy()).all()


PREDICTIONS = (
    "sample_id\ttarget\tmodel\tscheme\tfold\ttruth\tpredicted\tprobability\tstudy\tprob:a\tprob:b\n"
    "s1\ttissue\tdl\tgroup\t0\ta\ta\t0.9\tA\t0.9\t0.1\ns2\ttissue\tdl\tgroup\t1\tb\ta\t1\tB\t1\t0\n"
)


@quick
@given(data=texts.map(str.encode) | damaged(PREDICTIONS))
def test_predictions(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    path.write_bytes(data)
    try:
        found = read_predictions([path])
    except DataError as error:
        assert len(str(error).split("\n")) == 1
        return
    assert all(len(each.samples) for each in found.predictions)


names = st.text(max_size=30) | st.sampled_from(NAMES) | st.from_regex(
    r"(hsa|mmu|ath)?[-_]?(mi[rR]|let|piR|tRNA|MIMAT|MI|snoRD)[-_0-9a-z|:/*.]{0,20}", fullmatch=True
)  # fmt: skip


@quick
@given(given_names=st.lists(names, min_size=1, max_size=12, unique=True), level=st.sampled_from(
    ["stem", "mature", "precursor"]))  # fmt: skip
def test_names_are_collapsed_without_loss(given_names: list[str], level: str) -> None:
    values = np.arange(1, len(given_names) + 1, dtype=np.float32)[None]
    table = ExpressionTable(values.copy(), ["s"], list(given_names), "counts")
    try:
        found = features.collapse(table, level)
    except SrnaAugmentError as error:
        assert "\n" not in str(error)
        return
    assert len(set(found.features)) == len(found.features) == found.values.shape[1]
    assert np.nansum(found.values) <= values.sum()
    again = ExpressionTable(found.values.copy(), ["s"], list(found.features), "counts")
    assert features.collapse(again, level).features == found.features


@quick
@given(
    values=st.lists(
        st.lists(
            st.sampled_from([0, 0, 1, 5, 1e3, 1e7, 1e11, 1e-6, np.nan]) | st.integers(0, 10**6),
            min_size=4, max_size=4,
        ),
        min_size=1, max_size=6,
    ),
    method=st.sampled_from(sorted(METHODS)),
)  # fmt: skip
def test_methods_give_finite_values_for_whatever_counts(values, method: str) -> None:
    array = np.array(values, dtype=np.float32)
    samples = [f"s{i}" for i in range(len(array))]

    def table() -> ExpressionTable:
        return ExpressionTable(array.copy(), samples, NAMES[:4], "counts")

    try:
        state = normalisation.fit(table(), method=method, level="stem", minimum_reported=0.5)
    except DataError:
        return
    found, reported = normalisation.transform(table(), state)
    assert np.isfinite(found).all()
    assert found.shape == reported.shape == (len(array), len(state.features))
    state_again = normalisation.State.from_json(state.to_json(), "state")
    np.testing.assert_array_equal(normalisation.transform(table(), state_again)[0], found)
