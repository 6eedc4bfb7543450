"""Bad files end in one line and leave nothing; odd ones give what plain ones give."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cli.running import Done, run_main

from .bad_arrays import EXPRESSIONS, MODELS, RAW_ARRAYS
from .bad_metadata import METADATA, PREDICTIONS, REFERENCES, STATES
from .bad_tables import ODD, REFUSED, Case
from .toys import World

READERS = ("normalise", "augment")
HOSTILE_NAME = "in 'put' $(touch hacked);\N{SNOWMAN}.tsv"


def check(done: Done, says: str | None, folder: Path, *, place: str = "") -> None:
    """Check how a command ended; what it may write is `folder`, empty before.

    Parameters
    ----------
    says : str or None
        What the line of refusal must hold; None: it must have worked.
    place : str
        The file that the line must name.
    """
    errors = [line for line in done.err.splitlines() if not line.startswith("WARNING: ")]
    written = sorted(path.name for path in folder.iterdir())
    if says is None:
        assert (done.code, errors) == (0, [])
        assert written
        assert not [name for name in written if name.startswith(".")]
        return
    assert done.code in (1, 2), errors
    assert written == []
    assert done.out == ""
    assert len(errors) == 1, errors
    assert errors[0].startswith("ERROR: ")
    assert says in errors[0]
    assert place in errors[0]
    assert not Path("hacked").exists()


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder for outputs, which is not the folder that the command runs in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def made(content: bytes | Callable[[World], bytes], world: World, path: Path) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content(world))
    return path


def reader(tool: str, world: World, out: Path, *arguments: object) -> Done:
    """Run `normalise` or `augment` so that it writes all that it can."""
    if tool == "normalise":
        own = ("--output", out / "e.h5ad", "--save-state", out / "state.json")
    else:
        own = (
            "--model", world.network, "--output", out / "a.tsv", "--html", out / "a.html",
        )  # fmt: skip
    return run_main(tool, *arguments, "--quiet", *own)


def cases(cases: list[Case]) -> pytest.MarkDecorator:
    given = [
        pytest.param(tool, case, id=f"{tool}-{case.name}")
        for case in cases
        for tool in case.only or READERS
    ]
    return pytest.mark.parametrize(("tool", "case"), given)


def named(arguments: str, cases: list[tuple]) -> pytest.MarkDecorator:
    given = [pytest.param(*rest, id=name) for name, *rest in cases]
    return pytest.mark.parametrize(arguments.split(", "), given)


@cases(REFUSED + ODD)
def test_tables(tool: str, case: Case, world: World, out: Path, tmp_path: Path) -> None:
    table = tmp_path / HOSTILE_NAME
    table.write_bytes(case.write())
    done = reader(tool, world, out, table, *case.options)
    check(done, case.says, out, place="" if case.options else str(table))
    if case.same and tool == "augment":
        plain = run_main(tool, world.table, "--model", world.network, "--output", "-")
        assert (out / "a.tsv").read_text() == plain.out


@cases(METADATA)
def test_metadata(tool: str, case: Case, world: World, out: Path, tmp_path: Path) -> None:
    metadata = tmp_path / HOSTILE_NAME
    metadata.write_bytes(case.write())
    done = reader(tool, world, out, world.table, "--metadata", metadata)
    check(done, case.says, out, place=str(metadata))
    if case.same and tool == "augment":
        plain = run_main(
            tool, world.table, "--model", world.network, "--metadata", world.metadata, "-o", "-"
        )
        assert (out / "a.tsv").read_text() == plain.out


@pytest.mark.parametrize("tool", READERS)
@named("content, says", RAW_ARRAYS)
def test_tables_in_binary(tool, content, says, world, out, tmp_path) -> None:
    table = made(content, world, tmp_path / "table")
    check(reader(tool, world, out, table), says, out, place=str(table))


@named("content, says", STATES)
def test_states(content, says, world, out, tmp_path) -> None:
    state = made(content, world, tmp_path / "state.json")
    done = run_main("normalise", world.table, "-q", "--state", state, "-o", out / "e.h5ad")
    check(done, says, out, place=str(state))


TRAINING = {
    "train-rf": ("--trees", 4),
    "train-dl": ("--members", 0),
}


@pytest.mark.parametrize("tool", TRAINING)
@named("content, says", EXPRESSIONS)
def test_expression_for_training(tool, content, says, world, out, tmp_path) -> None:
    expression = made(content, world, tmp_path / "e.h5ad")
    done = run_main(
        tool, expression, "-q", "--target", "tissue", "--folds", 2, "--min-samples", 2,
        *TRAINING[tool], "-o", out / "m.h5", "--predictions", out / "p.tsv",
    )  # fmt: skip
    check(done, says, out, place=str(expression))


@named("content, says", EXPRESSIONS)
def test_expression_to_explain(content, says, world, out, tmp_path) -> None:
    expression = made(content, world, tmp_path / "e.h5ad")
    done = run_main("deeplift-score", world.network, expression, "-q", "-o", out / "s.h5")
    check(done, says, out)


@pytest.mark.parametrize("tool", ["augment", "deeplift-score"])
@named("content, says", MODELS)
def test_models(tool, content, says, world, out, tmp_path) -> None:
    model = made(content, world, tmp_path / "m.h5")
    if tool == "augment":
        done = run_main(tool, world.table, "-q", "--model", model, "-o", out / "a.tsv")
    else:
        done = run_main(tool, model, world.expression, "-q", "-o", out / "s.h5")
    check(done, says, out, place=str(model))


@named("content, says", REFERENCES)
def test_references(content, says, world, out, tmp_path) -> None:
    reference = made(content, world, tmp_path / "r.tsv")
    done = run_main(
        "deeplift-score", world.network, world.expression, "-q", "--reference", reference,
        "-o", out / "s.h5",
    )  # fmt: skip
    check(done, says, out, place=str(reference))


@named("content, says, trained", PREDICTIONS)
def test_predictions(content, says, trained, world, out, tmp_path) -> None:
    path = made(content, world, tmp_path / "p.tsv")
    done = run_main("evaluate", path, "-q", "--bootstrap", 20, "-o", out / "m.json")
    check(done, says, out, place="" if says and "no row" in says else str(path))


# what is wrong with the predictions as a whole
GATHERED = ("sample", "are calibrated")


@pytest.mark.parametrize("tool", TRAINING)
@named("content, evaluated, says", PREDICTIONS)
def test_predictions_to_calibrate_from(
    tool, content, evaluated, says, world, out, tmp_path
) -> None:
    own = {"train-rf": world.predictions, "train-dl": world.network_predictions}[tool]
    raw = tmp_path / "raw.tsv"  # as --fold writes them
    raw.write_bytes(own.read_bytes().replace(b"\tyes\t", b"\tno\t"))
    path = made(content, replace(world, predictions=raw), tmp_path / "p.tsv")
    done = run_main(
        tool, world.expression, "-q", "--target", "tissue", "--min-samples", 2, *TRAINING[tool],
        "--calibrate-from", path, "-o", out / "m.h5",
    )  # fmt: skip
    check(done, says, out, place="--calibrate-from" if says in GATHERED else str(path))


@pytest.mark.parametrize("tool", READERS)
def test_standard_input_is_no_way_around(tool, world, out) -> None:
    done = run_main(
        tool, "-", "-q", "-o", out / "x", *(("--model", world.network) * (tool == "augment")),
        input=b"PK\x03\x04" + os.urandom(99),
    )  # fmt: skip
    check(done, "zip archive", out, place="standard input")
