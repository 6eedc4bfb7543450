"""Faults, struck for real: each ends in a clear message or in the same tables, byte for byte."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from container_harness import SMALL, Workflow, wait_for

pytestmark = [pytest.mark.container, pytest.mark.pipeline]


def processes_in(folder: Path) -> list[int]:
    """Return the processes whose working folder is a task's, the wrapper's shell first."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").resolve() == folder:
                    found.append(int(entry.name))
            except OSError:
                continue
    return sorted(found)


def tools_in(folder: Path) -> list[int]:
    """Return the processes of a task's tool, its wrapper's shells left out."""
    found = []
    for pid in processes_in(folder):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if any(word.endswith("/train-rf") for word in words):
            found.append(pid)
    return found


def kill_task(folder: Path) -> None:
    """Kill a task's tool once it runs, as a machine short of memory would."""
    wait_for(lambda: folder if tools_in(folder) else None, 60, f"a tool to run in {folder}")
    for pid in tools_in(folder):
        os.kill(pid, signal.SIGKILL)


def statuses(run) -> list[tuple[str, str]]:
    """Return process and status of each task of a run."""
    return [(row["name"].split(" ")[0], row["status"]) for row in run.trace()]


def test_missing_engine_is_named(workflow, docker):
    # A docker client that finds no daemon behind its address.
    process = subprocess.run(
        workflow.command("docker,test", *SMALL),
        cwd=workflow.folder,
        env=workflow.environment(DOCKER_HOST="unix:///nowhere/docker.sock"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert process.returncode != 0
    assert "Cannot connect to the Docker daemon" in process.stdout + process.stderr
    assert not list(workflow.outdir.glob("*.tsv"))


def test_missing_image_is_named(workflow, docker):
    done = workflow.run("docker,test", *SMALL, "--container_tag", "no-such-tag")
    assert done.returncode != 0
    assert "srna-augment/base:no-such-tag" in done.output
    assert not list(done.outdir.glob("*.tsv"))


def test_killed_task_is_tried_again(workflow, small_reference):
    process = workflow.start("test", *SMALL)
    kill_task(workflow.task_folder("TRAIN_RF"))
    done = workflow.finish(process)
    assert done.returncode == 0, done.output
    assert ("TRAIN_RF", "FAILED") in [
        (name.split(":")[-1], status) for name, status in statuses(done)
    ]
    assert done.differing(small_reference) == []


def test_task_out_of_memory_is_given_more(workflow, small_reference, images, tmp_path):
    images("base", "report")
    # 24 MB kill the tool in its container; the second try gets what the label asks for.
    config = tmp_path / "little.config"
    config.write_text(
        "process { withName: 'TRAIN_RF' { memory = { task.attempt == 1 ? 24.MB : 2.GB } } }\n"
    )
    done = workflow.run("docker,test", *SMALL, "-c", config)
    assert done.returncode == 0, done.output
    failed = [row for row in done.trace() if row["status"] == "FAILED"]
    assert failed
    assert {row["exit"] for row in failed} == {"137"}
    assert all("TRAIN_RF" in row["name"] for row in failed)
    assert done.differing(small_reference) == []


def test_full_disc_is_named_and_mended(workflow, small_reference, small_disc):
    work = small_disc("1m")
    done = workflow.run("test", *SMALL, work=work)
    assert done.returncode != 0
    assert "No space left on device" in done.output
    assert not list(done.outdir.glob("*.tsv")), "no half-written results"

    small_disc("500m")
    done = workflow.run("test", *SMALL, "-resume", work=work)
    assert done.returncode == 0, done.output
    assert done.differing(small_reference) == []


def test_run_survives_a_lost_node(workflow, small_reference, slurm):
    process = workflow.start("slurm,test", *SMALL)
    folder = workflow.task_folder("TRAIN_RF")
    begun = (folder / ".command.begin").stat().st_mtime
    node = subprocess.run(
        ["sinfo", "--noheader", "--format", "%N"], capture_output=True, text=True, check=True
    ).stdout.strip()

    # The node is gone, and what ran on it with it: its job goes back to the queue.
    subprocess.run(
        ["scontrol", "update", f"nodename={node}", "state=down", "reason=test"], check=True
    )
    for pid in processes_in(folder):
        with contextlib.suppress(ProcessLookupError):  # Slurm may have been first
            os.kill(pid, signal.SIGKILL)
    # It comes back of itself when it answers again; should that have happened, this does nothing.
    time.sleep(2)
    subprocess.run(
        ["scontrol", "update", f"nodename={node}", "state=resume"],
        capture_output=True,
        check=False,
    )

    done = workflow.finish(process)
    assert done.returncode == 0, done.output
    restarts = (folder / ".command.begin").stat().st_mtime - begun
    assert restarts > 0, "the job did not run again"
    assert done.differing(small_reference) == []


def test_killed_run_resumes(workflow: Workflow, small_reference):
    process = workflow.start("test", *SMALL)
    workflow.task_folder("TRAIN_RF_FINAL")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not list(workflow.outdir.glob("*.tsv"))
    # What Nextflow left running dies with the machine in earnest; here it ends by itself.
    wait_for(lambda: workflow.work if idle(workflow) else None, 60, "left-over tasks to end")

    done = workflow.run("test", *SMALL, "-resume")
    assert done.returncode == 0, done.output
    assert ("NORMALISE", "CACHED") in statuses(done)
    assert done.differing(small_reference) == []


def idle(workflow: Workflow) -> bool:
    return not any(processes_in(path.parent) for path in workflow.work.glob("*/*/.command.run"))
