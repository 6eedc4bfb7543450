"""Engines, images and reference runs for the tests of containers, Slurm and faults."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from container_harness import (
    DOCKER,
    IMAGE_PREFIX,
    IMAGE_TAG,
    ROOT,
    SMALL,
    Run,
    Workflow,
    answers,
    slurm_states,
)

START = "(make services starts one, on Debian as root)"


@pytest.fixture(scope="session")
def docker() -> str:
    """Return the docker client to use; skip where no daemon answers."""
    if not answers(DOCKER, "info"):
        pytest.skip(f"no docker daemon answers {START}")
    return DOCKER


@pytest.fixture(scope="session")
def slurm() -> None:
    """Skip where Slurm has no node that works."""
    if not any(state in ("idle", "mixed", "allocated") for state in slurm_states()):
        pytest.skip(f"no Slurm answers {START}")


@pytest.fixture(scope="session")
def images(docker: str) -> Callable[..., str]:
    """Return a function that builds images as the working tree has them, and names the first.

    The first build of all takes some five minutes, a later one seconds.
    """

    @functools.cache
    def build(*targets: str) -> str:
        built = subprocess.run(
            [
                str(ROOT / "scripts" / "build-images.sh"),
                *("--registry", IMAGE_PREFIX, "--tag", IMAGE_TAG),
                *targets,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert built.returncode == 0, built.stdout + built.stderr
        return f"{IMAGE_PREFIX}/{targets[0]}:{IMAGE_TAG}"

    return build


@pytest.fixture
def workflow(tmp_path: Path) -> Iterator[Workflow]:
    """Return a workflow that has not run yet."""
    workflow = Workflow(tmp_path)
    yield workflow
    workflow.stop()


@pytest.fixture(scope="session")
def small_reference(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return an undisturbed local run of what the faults strike."""
    return _reference(tmp_path_factory.mktemp("small"), SMALL)


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a local run of the test profile."""
    return _reference(tmp_path_factory.mktemp("whole"), ())


def _reference(folder: Path, options: Sequence[str]) -> Run:
    done = Workflow(folder).run("test", *options)
    assert done.returncode == 0, done.output
    return done


@pytest.fixture
def small_disc(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Return a function that gives a file system of a size; a later call resizes it."""
    folder = tmp_path / "disc"
    folder.mkdir()

    def mount(size: str) -> Path:
        again = ["-o", f"remount,size={size}"] if folder.is_mount() else ["-o", f"size={size}"]
        done = subprocess.run(
            ["mount", "-t", "tmpfs", *again, "tmpfs", str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"a small disc cannot be mounted: {done.stderr.strip()}")
        return folder

    yield mount
    if folder.is_mount():
        subprocess.run(["umount", str(folder)], check=True)
