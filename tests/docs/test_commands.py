"""Every command that the documents show: its options exist, and it runs."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from checkout import ROOT, command_path

from .commands import SHELL, blocks, documents, make_workspace

PAGES = documents(ROOT)
TOOLS = {path.name for path in (ROOT / "bin").iterdir()}
# The README's commands make what the other pages start from.
LATER = [page for page in PAGES if page.name not in ("README.md", "CONTRIBUTING.md")]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def commands(page: Path) -> list[list[str]]:
    """Return the words of each command of a page."""
    found: list[list[str]] = []
    for line in "".join(blocks(page)).replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        ends = [i for i, word in enumerate(words) if word in ("|", "&&", ";")]
        starts = [0, *(i + 1 for i in ends)]
        found += [words[i:j] for i, j in zip(starts, [*ends, len(words)], strict=True)]
    return [words for words in found if words]


def test_the_commands_are_found():
    shown = [words[0] for page in PAGES for words in commands(page)]
    assert set(shown) >= TOOLS | {"make", "nextflow"}
    assert len(PAGES) >= 6


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_and_option_that_is_shown_exists(page: Path):
    makefile = (ROOT / "Makefile").read_text()
    parameters = {
        f"--{name}"
        for section in json.loads((ROOT / "nextflow_schema.json").read_text())["$defs"].values()
        for name in section["properties"]
    }
    for name, *words in commands(page):
        if name in TOOLS:
            module = importlib.import_module(f"srna_augment.cli.{name.replace('-', '_')}")
            known = {
                option
                for parameter in module.main.params
                if isinstance(parameter, click.Option)
                for option in parameter.opts
            }
            given = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
            assert given <= known | {"-h", "--help"}, (name, given - known)
        elif name == "make":
            for target in words:
                assert re.search(rf"^{target}:", makefile, re.M), target
        elif name == "nextflow":
            assert {word for word in words if word.startswith("--")} <= parameters, words


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small checkout in which the README's commands have been run, in order."""
    folder = tmp_path_factory.mktemp("checkout")
    make_workspace(folder, ROOT)
    (folder / "functions.sh").write_text(SHELL)
    run_blocks(ROOT / "README.md", folder)
    return folder


def run_blocks(page: Path, folder: Path) -> None:
    for block in blocks(page):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f". ./functions.sh\n{block}"],
            cwd=folder,
            env={**os.environ, "PATH": command_path(), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        # a reader of the pipe that has enough (head) ends its writer with SIGPIPE
        assert done.returncode in (0, 141), f"{block}\n{done.stdout}\n{done.stderr}"


@pytest.mark.slow
@pytest.mark.train
@pytest.mark.pipeline
def test_what_the_readme_shows_runs_and_writes_what_it_says(workspace: Path):
    made = {path.name for path in workspace.iterdir()}
    assert made >= {
        "annotated.tsv", "calls.html", "expression.h5ad", "state.json", "tissue.dl.h5",
        "tissue.dl.tsv", "tissue.rf.h5", "tissue.rf.tsv", "metrics.json", "metrics.tsv", "plots",
        "scores.h5", "results",
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.train
@pytest.mark.pipeline
@pytest.mark.parametrize("page", LATER, ids=name_of)
def test_what_the_other_pages_show_runs(page: Path, workspace: Path, tmp_path: Path):
    folder = tmp_path / "checkout"
    shutil.copytree(workspace, folder, symlinks=True)
    shutil.rmtree(folder / "results")
    # names that pages use for what they take for given
    shutil.copy(folder / "tissue.dl.h5", folder / "tissue.h5")
    predictions = folder / "results" / "predictions"
    predictions.mkdir(parents=True)
    for name in ("tissue.dl.tsv", "tissue.rf.tsv"):
        shutil.copy(folder / name, predictions)
    run_blocks(page, folder)
