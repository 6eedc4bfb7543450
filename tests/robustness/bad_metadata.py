"""Metadata, states, references and predictions: wrong ones, and odd ones that are sound."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

from .bad_tables import Case, text, zipped
from .toys import SAMPLES, World, metadata

PLAIN = metadata()
LINES = PLAIN.splitlines()


def row(number: int, line: str) -> bytes:
    """Return the plain metadata with one line (counted from 1) replaced."""
    lines = list(LINES)
    lines[number - 1] = line
    return text("\n".join(lines) + "\n")


METADATA = [
    Case("empty", b"", "is empty"),
    Case("a byte order mark alone", b"\xef\xbb\xbf", "is empty"),
    Case("header only", text(LINES[0] + "\n"), "has a header and no row"),
    Case("noise", b"\x00\x93" + bytes(range(256)) * 9, "is not text"),
    Case("cut-off gzip", gzip.compress(text(PLAIN))[:-20], "gzip data end early"),
    Case("zip in disguise", zipped("metadata.tsv"), "zip archive"),
    Case("web page", b"<!DOCTYPE html>\n<html>\n", "web page"),
    Case("NUL far down", text(PLAIN[:-4] + "\0" + PLAIN[-4:]), "NUL"),
    Case("samples of another study", text(PLAIN.replace("\ns", "\nother")), "no sample id matches"),
    Case("a row without an id", row(5, LINES[4][3:]), "row 5, column sample_id: the sample id is"),
    Case("the same id twice", row(5, LINES[3]), "row 5, column sample_id: sample 's02' is already"),
    Case("the same column twice", row(1, LINES[0].replace("sex", "tissue")), "'tissue' is there"),
    Case("ragged, a cell short", row(5, "s03\tbrain"), "row 5: has 2 cells"),
    Case("ragged, a cell long", row(5, LINES[4] + "\tx"), "row 5: has 6 cells"),
    Case("a quote that never ends", row(5, LINES[4].replace("brain", '"brain')), "row"),
    Case("a field without end", row(5, LINES[4].replace("brain", "b" * 200_000)), "row 5"),
    Case(
        "a column that augment writes", row(1, LINES[0].replace("sex", "tissue_pred")),
        "already have a column 'tissue_pred'", only=("augment",),
    ),
    Case("byte order mark", b"\xef\xbb\xbf" + text(PLAIN), same=True),
    Case("CRLF", text(PLAIN.replace("\n", "\r\n")), same=True),
    Case("UTF-16", PLAIN.encode("utf-16"), same=True),
    Case("line ends of old Macs", text(PLAIN.replace("\n", "\r")), same=True),
    Case("commas", text(PLAIN.replace("\t", ",")), same=True),
    Case("gzip", gzip.compress(text(PLAIN)), same=True),
    Case("rows in another order", text("\n".join([LINES[0], *LINES[:0:-1]]) + "\n"), same=True),
    Case("blank lines", text(PLAIN.replace("\ns05", "\n\n\ns05")), same=True),
    Case("no end of the last line", text(PLAIN[:-1]), same=True),
    Case("one row of many", text("\n".join(LINES[:2]) + "\n")),
    Case("rows of samples that are not there", text(PLAIN + "x1\tliver\tmale\t3\tst9\n")),
    Case("formulas and substitutions", row(5, "s03\t=1+1\t$(touch hacked)\t`id`\t<b>\"'")),
    Case("a column named with slashes", row(1, LINES[0].replace("study", "a/b/../c"))),
    Case("a column without a name", row(1, LINES[0].replace("study", ""))),
    Case("cp1252", PLAIN.replace("st0", "Köln").encode("cp1252")),
    Case("only ids", text("\n".join(line.split("\t")[0] for line in LINES) + "\n")),
]  # fmt: skip


def state(change: Callable[[dict], None]) -> Callable[[World], bytes]:
    """Return what makes a state with something changed."""

    def make(world: World) -> bytes:
        content = json.loads(world.state.read_text())
        change(content)
        return json.dumps(content).encode()

    return make


NO_STATE = "not a normalisation state"
STATES: list[tuple[str, Callable[[World], bytes] | bytes, str | None]] = [
    ("empty", b"", NO_STATE),
    ("a word", b"oops", NO_STATE),
    ("a number", b"7", NO_STATE),
    ("a list", b"[1, 2]", NO_STATE),
    ("not UTF-8", b'{"method": "\xff"}', NO_STATE),
    ("deeply nested", b"[" * 100_000, NO_STATE),
    ("a number of ten thousand digits", b"1" * 10_000, NO_STATE),
    ("cut off", lambda w: w.state.read_bytes()[:-40], NO_STATE),
    ("a key that is unknown", state(lambda s: s.update(code="import os")), NO_STATE),
    ("a key that is missing", state(lambda s: s.pop("fill")), NO_STATE),
    ("a later version", state(lambda s: s.update(format_version=99)), NO_STATE),
    ("a method that is unknown", state(lambda s: s.update(method="magic")), NO_STATE),
    ("a method that is a list", state(lambda s: s.update(method=[])), NO_STATE),
    ("a level that is unknown", state(lambda s: s.update(level="gene")), NO_STATE),
    ("fills that are too few", state(lambda s: s["fill"].pop()), NO_STATE),
    ("a fill that is infinite", state(lambda s: s["fill"].__setitem__(0, float("inf"))), NO_STATE),
    ("a fill that is text", state(lambda s: s["fill"].__setitem__(0, "x")), NO_STATE),
    ("features that are numbers", state(lambda s: s["features"].__setitem__(0, 1)), NO_STATE),
    ("the same feature twice", state(lambda s: s["features"].__setitem__(0, s["features"][1])),
     NO_STATE),
    ("no features", state(lambda s: s.update(features=[], fill=[])), NO_STATE),
    ("units that are a list", state(lambda s: s.update(units=["log2 RPM"])), NO_STATE),
    ("as it was saved", lambda w: w.state.read_bytes(), None),
    ("indented", lambda w: json.dumps(json.loads(w.state.read_text()), indent=4).encode(), None),
]  # fmt: skip

REFERENCES: list[tuple[str, bytes, str | None]] = [
    ("empty", b"", "empty"),
    ("noise", bytes(range(256)) * 9, ""),
    ("a word for a number", b"feature\tx\nhsa-mir-122\tmuch\n", "line 2"),
    ("infinite", b"feature\tx\nhsa-mir-122\tinf\n", "none of its features"),
    ("one column", b"hsa-mir-122\nhsa-mir-9\n", "line"),
    ("no feature of the model", b"feature\tx\nGENE1\t3\n", "feature"),
    ("cut-off gzip", gzip.compress(b"feature\tx\nhsa-mir-122\t5\n" * 99)[:-20], "gzip data end"),
]


def predictions(change: Callable[[list[list[str]]], object]) -> Callable[[World], bytes]:
    """Return what makes a table of predictions with something changed; row 0 is the header."""

    def make(world: World) -> bytes:
        rows = [line.split("\t") for line in world.predictions.read_text().splitlines()]
        change(rows)
        return text("\n".join("\t".join(cells) for cells in rows) + "\n")

    return make


def put(row: int, column: str, value: str) -> Callable[[list[list[str]]], object]:
    return lambda rows: rows[row].__setitem__(rows[0].index(column), value)


# name, file, what evaluate says, what training from it (--calibrate-from) says
PREDICTIONS: list[tuple[str, Callable[[World], bytes] | bytes, str | None, str | None]] = [
    ("empty", b"", "is empty", "is empty"),
    ("header only", predictions(lambda r: r.__delitem__(slice(1, None))), "no rows",
     "no predictions"),
    ("noise", b"\x93\x00" + bytes(range(256)) * 9, "not a text table", "not a text table"),
    ("a column short", predictions(lambda r: [x.pop(0) for x in r]), "no column sample_id",
     "no column sample_id"),
    ("ragged", predictions(lambda r: r[3].pop()), "row 4 has", "row 4"),
    ("cut off", lambda w: w.predictions.read_bytes()[:-30], "row 23 has", "row 23"),
    ("a row twice", predictions(lambda r: r.append(r[1])), "already predicted", "stands twice"),
    ("a column twice", predictions(lambda r: [x.append(x[0]) for x in r]), "twice", "twice"),
    ("a word for a probability", predictions(put(2, "prob:liver", "high")),
     "row 3, column prob:liver", "high"),
    ("infinite", predictions(put(2, "prob:liver", "inf")), "row 3", "do not lie"),
    ("above one", predictions(put(2, "prob:liver", "3")), "row 3", "do not lie"),
    ("negative", predictions(put(2, "prob:liver", "-0.5")), "row 3", "do not lie"),
    ("a sum that is not one", predictions(put(2, "prob:liver", "0.3333")), "row 3", "sum to 1"),
    ("no truth", predictions(lambda r: [put(i, "truth", "")(r) for i in range(1, len(r))]),
     "no row has a truth", "truth"),
    ("a truth without a column", predictions(put(2, "truth", "lung")), None, "no column"),
    ("no sample id", predictions(put(2, "sample_id", "")), "empty sample_id", "empty sample_id"),
    ("no fold", predictions(put(2, "fold", "")), "empty fold", "empty fold"),
    ("a fold that is a word", predictions(put(2, "fold", "x")), None, "x"),
    ("a scheme that is unknown", predictions(put(2, "scheme", "guess")), None, "no scheme"),
    ("an open quote", predictions(put(2, "study", '"st0')), "quotation mark", "quotation mark"),
    ("samples of another study", predictions(
        lambda r: [put(i, "sample_id", f"x{i}")(r) for i in range(1, len(r))]), None, "sample"),
    ("a distance that is a word", predictions(put(2, "distance", "far")), None, "far"),
    ("a distance that is missing", predictions(put(2, "distance", "")), None, "distance"),
    ("calibrated in part", predictions(put(2, "calibrated", "yes")), None, "in all rows"),
    ("calibrated", predictions(
        lambda r: [put(i, "calibrated", "yes")(r) for i in range(1, len(r))]), None,
     "are calibrated"),
    ("gzip", lambda w: gzip.compress(w.predictions.read_bytes()), None, None),
    ("cut-off gzip", lambda w: gzip.compress(w.predictions.read_bytes())[:-20],
     "gzip data end early", "gzip data end early"),
    ("as it was written", lambda w: w.predictions.read_bytes(), None, None),
    ("names that are hostile", predictions(put(2, "study", "$(touch hacked)=1+1<b>")), None, None),
]  # fmt: skip

assert set(SAMPLES) <= {line.split("\t")[0] for line in LINES}
