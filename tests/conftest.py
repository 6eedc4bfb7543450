"""What all tests share: where things lie, how a command is run, what is skipped and why."""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checkout import ROOT, command_path

DATA_VARIABLE = "SRNA_AUGMENT_DATA"
# Cheap tests first, so that a mistake shows itself early; the last ones need services.
ORDER = ("pipeline", "container", "galaxy")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick",
        action="store_true",
        help="skip what takes long: tests marked slow, train, pipeline, container or galaxy",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        return max(
            (ORDER.index(m.name) + 1 for m in item.iter_markers() if m.name in ORDER), default=0
        )

    items.sort(key=rank)
    missing = {}
    if importlib.util.find_spec("tensorflow") is None:
        missing["train"] = "TensorFlow is not installed (make setup installs it)"
    if shutil.which("nextflow", path=command_path()) is None:
        missing["pipeline"] = (
            "there is no nextflow on PATH or in .venv/bin (make setup installs it)"
        )
    if config.getoption("--quick"):
        for name in ("slow", "train", *ORDER):
            missing.setdefault(name, f"--quick leaves out tests marked {name}")
    for item in items:
        for marker in item.iter_markers():
            if marker.name in missing:
                item.add_marker(pytest.mark.skip(reason=missing[marker.name]))


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def demo_data() -> Path:
    """Return the folder with the bundled real tables."""
    return ROOT / "assets" / "demo"


@pytest.fixture(scope="session")
def demo_truth() -> Path:
    """Return the table with the truth of the demo's blanks."""
    return ROOT / "tests" / "data" / "demo_truth.tsv"


@pytest.fixture(scope="session")
def development_data() -> Path:
    """Return the folder of full tables that SRNA_AUGMENT_DATA names; skip where there is none."""
    named = os.environ.get(DATA_VARIABLE)
    if not named:
        pytest.skip(f"{DATA_VARIABLE} does not name the folder with the full tables")
    folder = Path(named)
    if not folder.is_dir():
        pytest.skip(f"{DATA_VARIABLE}={named}: no such folder")
    return folder


Runner = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def run_command() -> Runner:
    """Return a function that runs one of the suite's commands in a process of its own.

    ``run_command("augment", "table.tsv", "--output", "-")`` gives its exit code, stdout and stderr
    as text; ``input=`` is its standard input, ``cwd=`` its folder, ``env=`` more environment.
    """

    def run(
        command: str,
        *arguments: object,
        input: str | None = None,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        timeout: float = 600,
    ) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PATH": command_path(), "COLUMNS": "100", **(env or {})}
        return subprocess.run(
            [sys.executable, str(ROOT / "bin" / command), *map(str, arguments)],
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            cwd=cwd,
            env=environment,
            timeout=timeout,
            check=False,
        )

    return run


@pytest.fixture(autouse=True)
def _log_as_found() -> Iterator[None]:
    """Undo what a command did to the package's logger, so that `caplog` works in the next test."""
    logger = logging.getLogger("srna_augment")
    before = (logger.level, logger.propagate, list(logger.handlers))
    yield
    logger.setLevel(before[0])
    logger.propagate = before[1]
    logger.handlers[:] = before[2]
