"""Killed, ended, without room, without a reader, two at once: an output is whole or absent.

`SRNA_AUGMENT_KILLS=50 python -m pytest tests/robustness/test_faults.py` kills each tool so often.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from checkout import ROOT, command_path
from cli.running import run_main

from .toys import World

KILLS = int(os.environ.get("SRNA_AUGMENT_KILLS", "3"))
TOOLS = ("normalise", "train-rf", "train-dl", "evaluate", "deeplift-score", "augment")
each_tool = pytest.mark.parametrize("tool", TOOLS)


def arguments(tool: str, world: World) -> list[str]:
    """Return a call of a tool that writes all that it can into the current folder."""
    training = ["--target", "tissue", "--scheme", "group", "--folds", "3", "--min-samples", "2",
                "-o", "m.h5", "--predictions", "p.tsv"]  # fmt: skip
    calls = {
        "normalise": [world.table, "--metadata", world.metadata, "-o", "e.h5ad",
                      "--save-state", "state.json"],
        "train-rf": [world.expression, "--trees", "8", *training],
        "train-dl": [world.expression, "--members", "0", *training],
        "evaluate": [world.predictions, "-o", "m.json", "--table", "t.tsv", "--bootstrap", "50"],
        "deeplift-score": [world.network, world.expression, "-o", "s.h5", "--tables", "tables"],
        "augment": [world.table, "--metadata", world.metadata, "--model", world.network,
                    "-o", "a.tsv", "--html", "a.html"],
    }  # fmt: skip
    return [str(word) for word in (*calls[tool], "--threads", "1", "-q")]


def start(tool: str, world: World, folder: Path, **settings) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, str(ROOT / "bin" / tool), *arguments(tool, world)],
        cwd=folder, env={**os.environ, "PATH": command_path(), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings,
    )  # fmt: skip


def outputs(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder by name, without what a killed run could not take away."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".part")
    }


@pytest.fixture(scope="module")
def undisturbed(world: World, tmp_path_factory) -> dict[str, tuple[dict[str, bytes], float]]:
    """Return what each tool writes when it is left alone, and the seconds that it takes."""
    found = {}
    for tool in TOOLS:
        folder, began = tmp_path_factory.mktemp(tool), time.monotonic()
        run = start(tool, world, folder)
        _, errors = run.communicate(timeout=120)
        assert run.returncode == 0, errors
        found[tool] = outputs(folder), time.monotonic() - began
    return found


def wait_for_point(run: subprocess.Popen[str], folder: Path, seconds: float, seed: int) -> None:
    """Wait for a random point of a run: any, or one of those where it writes."""
    g = random.Random(seed)
    if seed % 2:
        time.sleep(g.uniform(0, seconds))
        return
    while run.poll() is None and not any(folder.iterdir()):
        time.sleep(0.001)
    time.sleep(g.uniform(0, 0.1))


@each_tool
def test_killed_at_any_point_an_output_is_whole_or_absent(tool, world, undisturbed, tmp_path):
    whole, seconds = undisturbed[tool]
    for seed in range(KILLS):
        folder = tmp_path / str(seed)
        run = start(tool, world, folder)
        wait_for_point(run, folder, seconds, seed)
        run.kill()
        run.communicate(timeout=60)
        left = outputs(folder)
        assert left.items() <= whole.items(), f"seed {seed}: {sorted(left)}"


@each_tool
def test_ended_by_sigterm_it_says_so_and_leaves_nothing_half(tool, world, undisturbed, tmp_path):
    whole, seconds = undisturbed[tool]
    for seed in range(max(2, KILLS // 10)):
        folder = tmp_path / str(seed)
        run = start(tool, world, folder)
        wait_for_point(run, folder, seconds, seed)
        run.terminate()
        _, errors = run.communicate(timeout=60)
        # before Python has come to the command nothing handles the signal
        assert run.returncode in (0, 143, -signal.SIGTERM), errors
        assert "Traceback" not in errors
        assert outputs(folder).items() <= whole.items()
        assert list(folder.rglob("*.part")) == []


def _small_files_only() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))


@each_tool
def test_where_there_is_no_room_it_says_so_and_leaves_nothing_half(
    tool, world, undisturbed, tmp_path
):
    run = start(tool, world, tmp_path / "full", preexec_fn=_small_files_only)
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 1, errors
    lines = [line for line in errors.splitlines() if not line.startswith("WARNING: ")]
    assert len(lines) == 1, errors
    assert lines[0].startswith("ERROR: ")
    assert "File too large" in lines[0]
    assert outputs(tmp_path / "full").items() <= undisturbed[tool][0].items()
    assert list((tmp_path / "full").rglob("*.part")) == []


@each_tool
def test_a_folder_that_cannot_be_written_to_is_refused_at_once(tool, world):
    words = arguments(tool, world)[:-3]  # without --threads, which `run_main` gives
    place = words.index("-o") + 1
    words[place] = f"/proc/{words[place]}"  # not even root can write there
    done = run_main(tool, *words[: place + 1], "-q")
    assert (done.code, done.out) == (2, "")
    lines = [line for line in done.err.splitlines() if not line.startswith("WARNING: ")]
    assert len(lines) == 1, done.err
    assert lines[0].startswith(f"ERROR: {words[place]}: ")


@pytest.mark.parametrize("tool", ["augment", "evaluate"])
def test_a_reader_that_goes_ends_it_quietly(tool, world):
    reading, writing = os.pipe()
    os.close(reading)
    given = [world.table, "--model", world.network] if tool == "augment" else [world.predictions]
    run = subprocess.run(
        [sys.executable, str(ROOT / "bin" / tool), *map(str, given), "-q", "-o", "-"],
        stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        env={**os.environ, "PATH": command_path()},
    )  # fmt: skip
    os.close(writing)
    assert run.returncode in (0, 1)
    assert [line for line in run.stderr.splitlines() if not line.startswith("WARNING: ")] == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_device_is_said(world):
    done = run_main("augment", world.table, "--model", world.network, "-q", "-o", "/dev/full")
    assert done.code == 1
    assert done.err.startswith("ERROR: /dev/full: cannot be written (No space left on device)")
    assert Path("/dev/full").is_char_device()


@each_tool
def test_two_at_once_in_one_folder_do_not_harm_one_another(tool, world, undisturbed, tmp_path):
    whole, _ = undisturbed[tool]
    folder = tmp_path / "shared"
    runs = [start(tool, world, folder) for _ in range(2)]
    for run in runs:
        _, errors = run.communicate(timeout=120)
        assert run.returncode == 0, errors
    assert outputs(folder) == whole
    assert list(folder.rglob("*.part")) == []


# Python runs this at the start of each process: a clock that goes back and forth by a day.
JUMPING_CLOCK = """
import itertools, time
truth, jumps = time.time, itertools.cycle((0, 86400, -86400))
time.time = lambda: truth() + next(jumps)
"""


@each_tool
def test_a_clock_that_jumps_changes_nothing(tool, world, undisturbed, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(JUMPING_CLOCK)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    run = start(tool, world, tmp_path / "jumps")
    _, errors = run.communicate(timeout=120)
    assert run.returncode == 0, errors
    assert outputs(tmp_path / "jumps") == undisturbed[tool][0]


@pytest.mark.parametrize("moment", [0, 4e9], ids=["1970", "2096"])
def test_files_of_another_time_are_read_as_any(moment, world, undisturbed, tmp_path):
    """A restored or copied file, or one of a machine whose clock is wrong."""
    table = tmp_path / "counts.tsv"
    table.write_bytes(Path(world.table).read_bytes())
    os.utime(table, (moment, moment))
    out = tmp_path / "a.tsv"
    out.write_text("old")
    os.utime(out, (moment, moment))
    done = run_main("augment", table, "--metadata", world.metadata, "--model", world.network,
                    "-q", "-o", out)  # fmt: skip
    assert done.code == 0, done.err
    assert out.read_bytes() == undisturbed["augment"][0]["a.tsv"]
