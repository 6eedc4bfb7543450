"""A real Galaxy for the tests, installed and started by scripts/galaxy_server.py."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from galaxy_client import Galaxy
from galaxy_harness import CLIENT, SERVER


@pytest.fixture(scope="session")
def installed() -> None:
    """Install Galaxy, planemo and Chromium, once; without a package registry there is no Galaxy."""
    done = subprocess.run([*SERVER, "install"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"Galaxy cannot be installed here: {done.stderr.strip()[-500:]}")


@pytest.fixture(scope="session")
def server(installed: None) -> Iterator[dict]:
    """Start Galaxy and stop it again; one that answers already is used and left running."""
    was_running = subprocess.run([*SERVER, "status"], capture_output=True, check=False)
    started = subprocess.run([*SERVER, "start"], capture_output=True, text=True, check=False)
    assert started.returncode == 0, started.stderr
    yield json.loads(started.stdout)
    if was_running.returncode:
        subprocess.run([*SERVER, "stop"], check=True)


@pytest.fixture
def galaxy(server: dict) -> Galaxy:
    """Act as an ordinary user, in a new history."""
    return Galaxy(server["url"], server["user"]["key"])


@pytest.fixture(scope="session")
def planemo(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Run planemo and return what it says; fail if it fails."""
    home = tmp_path_factory.mktemp("planemo")

    def run(*arguments: str | Path) -> str:
        done = subprocess.run(
            [CLIENT / "planemo", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=home,
            env={**os.environ, "HOME": str(home), "PATH": f"{CLIENT}:{os.environ['PATH']}"},
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said[-6000:]
        return said

    return run
