"""Runs of the workflow for the tests of containers and faults, and what to strike in them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IMAGE_PREFIX = "srna-augment"
IMAGE_TAG = "test"
# Debian's own client where there are several: it fits Debian's daemon.
DOCKER = "/usr/bin/docker" if Path("/usr/bin/docker").exists() else "docker"

# One forest for one target: what the faults strike, since it is quick. Everything else is the
# test profile's.
SMALL = ("--learners", "rf", "--targets", "sex")


def answers(*command: str) -> bool:
    """Return whether a command ends well within 20 seconds."""
    if shutil.which(command[0]) is None:
        return False
    try:
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def slurm_states() -> list[str]:
    """Return the states of Slurm's nodes, none where Slurm does not answer."""
    if not answers("sinfo"):
        return []
    listed = subprocess.run(
        ["sinfo", "--noheader", "--format", "%T"], capture_output=True, text=True, check=False
    )
    return listed.stdout.split()


@dataclass(frozen=True)
class Run:
    """A finished run of the workflow."""

    returncode: int
    output: str
    outdir: Path

    def tables(self) -> dict[str, bytes]:
        """Return the final tables by name: what must not depend on where the tasks ran."""
        found = sorted(self.outdir.glob("*.tsv")) + sorted(self.outdir.glob("*/*.tsv"))
        return {
            str(path.relative_to(self.outdir)): path.read_bytes()
            for path in found
            if path.parent.name != "pipeline_info"
        }

    def differing(self, other: Run) -> list[str]:
        """Return the names of final tables that are not the same, byte for byte, in both runs.

        Names alone: pytest would spend an hour on what differs between tables.
        """
        mine, theirs = self.tables(), other.tables()
        return sorted(n for n in mine.keys() | theirs.keys() if mine.get(n) != theirs.get(n))

    def trace(self) -> list[dict[str, str]]:
        """Return the rows of the trace, a task each."""
        lines = (self.outdir / "pipeline_info" / "trace.tsv").read_text().splitlines()
        header = lines[0].split("\t")
        return [dict(zip(header, line.split("\t"), strict=True)) for line in lines[1:]]


class Workflow:
    """Runs the workflow in a folder of its own, so that nothing of the checkout changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outdir = folder / "results"
        self.work = folder / "work"
        self.started: list[subprocess.Popen[str]] = []

    def command(self, profile: str, *options: object, work: Path | None = None) -> list[str]:
        """Return the command line of a run."""
        return [
            "nextflow",
            "run",
            str(ROOT / "main.nf"),
            "-profile",
            profile,
            "-ansi-log",
            "false",
            "-work-dir",
            str(work or self.work),
            "--outdir",
            str(self.outdir),
            "--container_registry",
            IMAGE_PREFIX,
            "--container_tag",
            IMAGE_TAG,
            *map(str, options),
        ]

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a run: the suite's commands and Nextflow first on PATH."""
        folders = [str(ROOT / "bin"), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
        return {**os.environ, "PATH": os.pathsep.join(folders), **more}

    def start(
        self, profile: str, *options: object, work: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start a run and return at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        process = subprocess.Popen(
            self.command(profile, *options, work=work),
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def stop(self) -> None:
        """End what a test left running."""
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            process.stdout.close()

    def finish(self, process: subprocess.Popen[str], timeout: float = 600) -> Run:
        """Wait for a run that was started."""
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)
            output, _ = process.communicate()
            pytest.fail(f"the workflow took more than {timeout} s:\n{output}")
        return Run(process.returncode, output, self.outdir)

    def run(self, profile: str, *options: object, work: Path | None = None) -> Run:
        """Run the workflow to its end."""
        return self.finish(self.start(profile, *options, work=work))

    def task_folder(self, process: str, timeout: float = 240) -> Path:
        """Wait until a task of a process runs; return its work folder."""
        return wait_for(lambda: self._running(process), timeout, f"a task of {process} to run")

    def _running(self, process: str) -> Path | None:
        named = re.compile(rf"^### name: '(.*:)?{process}[ ']", re.MULTILINE)
        for begun in self.work.glob("*/*/.command.begin"):
            folder = begun.parent
            ended = (folder / ".exitcode").exists()
            if not ended and named.search((folder / ".command.run").read_text()):
                return folder
        return None


def wait_for(find: Callable[[], Path | None], timeout: float, what: str) -> Path:
    """Return what ``find`` finds, asking until it finds something."""
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        found = find()
        if found is not None:
            return found
        time.sleep(0.1)
    pytest.fail(f"waited {timeout} s for {what}")
