#!/usr/bin/env python3
"""What Nextflow, and containers, add to the bare tools.

    python benchmarks/overhead.py [--profile demo] [--docker] [--stub] [--keep FOLDER]

Runs the workflow on the bundled data, then the commands that it ran once more without it: the
`.command.sh` of each task, less what Nextflow appends to ask a tool for its version, in a new
folder with links to the same inputs, as soon as what it needs is there and its processors are free.
Nothing is listed here, so nothing can drift from the workflow. With `--docker` the workflow runs
once more, in the images of `make images`. With `--stub` nothing is computed: the workflow runs the
stubs of its modules, which leaves what Nextflow takes for itself, within a minute.

Printed are clock and processor seconds of each side, their ratios, what other work on the machine
took meanwhile, and where the overhead goes: what is spent before the first task and after the last
does not grow with the data; what lies around the commands grows with the tasks.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What Nextflow appends to a command begins so; each question about a version is such a line.
APPENDED = "\n# capture process environment\n"
QUESTION = re.compile(r'^nxf_eval_cmd STDOUT STDERR bash -c "(.*)"$', re.MULTILINE)
FIELDS = "name,status,cpus,submit,complete,realtime,%cpu,workdir"
SETTINGS = f"""\
trace {{
    fields = '{FIELDS}'
    raw = true
}}
"""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Task:
    """A task as Nextflow's trace tells of it; times in seconds since the epoch."""

    name: str
    cpus: int
    submitted: float
    completed: float
    seconds: float  # its command's, on the clock
    processor: float  # its command's, processor seconds
    folder: Path


@dataclass
class Side:
    """One way to do the work: seconds on the clock, processor seconds, and others' meanwhile."""

    clock: float
    processor: float
    others: float
    start: float
    tasks: list[Task] = field(default_factory=list)


# -------------------------------------------------------------------------------- what Nextflow ran
def read_trace(path: Path) -> list[Task]:
    """Return the tasks of a raw trace, in the order in which they were started."""
    with path.open(newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    for row in rows:
        if row["status"] != "COMPLETED":
            raise ValueError(f"{path}: {row['name']} is {row['status']}")
    tasks = [
        Task(
            name=row["name"],
            cpus=int(row["cpus"]),
            submitted=int(row["submit"]) / 1000,
            completed=int(row["complete"]) / 1000,
            seconds=int(row["realtime"]) / 1000,
            processor=int(row["realtime"]) / 1000 * float(row["%cpu"]) / 100,
            folder=Path(row["workdir"]),
        )
        for row in rows
    ]
    return sorted(tasks, key=lambda task: task.submitted)


def split_command(text: str) -> tuple[str, list[str]]:
    """Return a `.command.sh` as the module wrote it, and what Nextflow asks afterwards."""
    command, _, appended = text.partition(APPENDED)
    return command, QUESTION.findall(appended)


def links(folder: Path) -> dict[Path, Path]:
    """Return the links that stage a task's inputs: where they lie in its folder, what they name."""
    found = {}
    for here, folders, names in os.walk(folder):
        for path in (Path(here) / name for name in [*folders, *names]):
            if path.is_symlink():
                found[path.relative_to(folder)] = path.readlink()
    return found


def maker(path: Path, tasks: Iterable[Task]) -> Task | None:
    """Return the task in whose folder a file lies; None for what was given to the workflow."""
    return next((task for task in tasks if path.is_relative_to(task.folder)), None)


# ------------------------------------------------------------------------------------ without it
def stage(task: Task, tasks: Sequence[Task], top: Path) -> set[str]:
    """Make a task's folder under `top`, inputs of other tasks from there; return their names."""
    folder = top / task.folder.name
    folder.mkdir()
    needs = set()
    for place, target in links(task.folder).items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        source = maker(target, tasks)
        if source is not None:
            needs.add(source.name)
            target = top / source.folder.name / target.relative_to(source.folder)
        (folder / place).symlink_to(target)
    command, _ = split_command((task.folder / ".command.sh").read_text())
    (folder / ".command.sh").write_text(command)
    return needs


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Start the command of a folder."""
    with (folder / ".command.log").open("w") as log:
        return subprocess.Popen(["bash", "-ue", ".command.sh"], cwd=folder, stdout=log, stderr=log)


def run_bare(tasks: Sequence[Task], top: Path, cpus: int) -> None:
    """Run the tasks' commands, each when what it needs is there and its processors are free."""
    needs = {task.name: stage(task, tasks, top) for task in tasks}
    waiting, running, done = list(tasks), list[tuple[subprocess.Popen[bytes], Task]](), set[str]()
    while waiting or running:
        free = cpus - sum(task.cpus for _, task in running)
        ready = next((t for t in waiting if needs[t.name] <= done and t.cpus <= free), None)
        if ready:
            waiting.remove(ready)
            running.append((start(top / ready.folder.name), ready))
            continue
        if not running:
            raise ValueError(
                f"{waiting[0].name} cannot start: too few processors, or no task makes its input"
            )
        time.sleep(0.01)
        for pair in [pair for pair in running if pair[0].poll() is not None]:
            running.remove(pair)
            process, task = pair
            if process.returncode:
                raise ValueError(f"{task.name} failed: see {top / task.folder.name}/.command.log")
            done.add(task.name)


def ask_versions(tasks: Sequence[Task]) -> float:
    """Return the clock seconds of all that Nextflow asks the tools after their commands."""
    start = time.perf_counter()
    for task in tasks:
        for question in split_command((task.folder / ".command.sh").read_text())[1]:
            subprocess.run(["bash", "-c", question], check=True, capture_output=True)
    return time.perf_counter() - start


def same_tables(tasks: Sequence[Task], top: Path) -> tuple[int, int]:
    """Return how many of the tables that the workflow's tasks wrote the bare ones wrote alike."""
    same, total = 0, 0
    for task in tasks:
        for path in task.folder.rglob("*.tsv"):
            if path.is_symlink():
                continue
            other = top / task.folder.name / path.relative_to(task.folder)
            total += 1
            same += other.is_file() and other.read_bytes() == path.read_bytes()
    return same, total


# ----------------------------------------------------------------------------------------- clocks
def covered(intervals: Iterable[tuple[float, float]]) -> float:
    """Return the length of what intervals cover together."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def busy() -> float:
    """Return the processor seconds that the machine has spent on anything since it started."""
    user, nice, system, _idle, _iowait, irq, softirq, *_ = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / TICKS


def children() -> float:
    """Return the processor seconds of all ended processes that this one started."""
    times = os.times()
    return times.children_user + times.children_system


class Clock:
    """Measures what its block does."""

    def __enter__(self) -> Clock:
        self.start, self.busy, self.spent = time.time(), busy(), children()
        return self

    def __exit__(self, *_: object) -> None:
        clock, processor = time.time() - self.start, children() - self.spent
        self.side = Side(clock, processor, busy() - self.busy - processor, self.start)


def parts(flow: Side, bare_clock: float, asked: float) -> dict[str, float]:
    """Return where the clock of a workflow goes beyond that of the bare commands, in seconds.

    A command's begin is when Nextflow's wrapper touched a file. `commands` is what is left: how
    much longer the same commands took, less the questions after them.
    """
    ran = []
    for task in flow.tasks:
        begin = (task.folder / ".command.begin").stat().st_mtime
        ran.append((begin, begin + task.seconds))
    first = min(task.submitted for task in flow.tasks)
    last = max(task.completed for task in flow.tasks)
    commands = covered(ran)
    return {
        "before the first task": first - flow.start,
        "around the commands": last - first - commands,
        "versions asked for": asked,
        "after the last task": flow.start + flow.clock - last,
        "commands themselves": commands - asked - bare_clock,
    }


# ------------------------------------------------------------------------------------------- main
def run_workflow(profiles: str, folder: Path, more: Sequence[str] = ()) -> Side:
    """Run the workflow in a new folder, with more options; return what it took and its tasks."""
    folder.mkdir()
    (folder / "trace.config").write_text(SETTINGS)
    with (folder / "output.log").open("w") as log, Clock() as clock:
        ended = subprocess.run(
            ["nextflow", "run", ROOT / "main.nf", "-profile", profiles, "-c", "trace.config",
             "-ansi-log", "false", *more],
            cwd=folder, stdout=log, stderr=log, check=False,
        )  # fmt: skip
    if ended.returncode:
        raise SystemExit(f"overhead: the workflow failed: see {folder}/output.log")
    clock.side.tasks = read_trace(folder / "results" / "pipeline_info" / "trace.tsv")
    return clock.side


def report(sides: dict[str, Side], asked: float) -> None:
    """Print a row a side, then what the overhead of each workflow consists of."""
    bare = sides["bare commands"]
    print("side\tclock, s\tratio\tprocessor, s\tratio\tof which commands, s\tothers' processor, s")
    for name, side in sides.items():
        commands = sum(task.processor for task in side.tasks)
        # A container's processes are children of its daemon.
        apart = commands if name == "workflow, docker" else 0.0
        processor, others = side.processor + apart, side.others - apart
        print(
            f"{name}\t{side.clock:.1f}\t{side.clock / bare.clock:.3f}\t{processor:.1f}\t"
            f"{processor / bare.processor:.3f}\t{commands or side.processor:.1f}\t{others:.1f}"
        )
    for name, side in sides.items():
        if side is bare:
            continue
        print(f"\n{name}: {len(side.tasks)} tasks\ts\tshare of the bare commands' clock")
        found = parts(side, bare.clock, asked)
        for what, seconds in found.items():
            print(f"{what}\t{seconds:.1f}\t{seconds / bare.clock:.1%}")
        fixed = found["before the first task"] + found["after the last task"]
        each = (found["around the commands"] + found["versions asked for"]) / len(side.tasks)
        print(f"fixed {fixed:.1f} s, and {each:.2f} s a task")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--profile", default="demo", help="demo, or test: two minutes, more tasks")
    parser.add_argument("--docker", action="store_true", help="also in containers (make images)")
    parser.add_argument("--stub", action="store_true", help="only what Nextflow itself takes")
    parser.add_argument("--keep", type=Path, help="a new folder for all that is written")
    options = parser.parse_args()
    path = [ROOT / "bin", ROOT / ".venv" / "bin", Path(sys.executable).parent]
    os.environ["PATH"] = os.pathsep.join([*map(str, path), os.environ.get("PATH", "")])
    with tempfile.TemporaryDirectory() as scratch:
        top = options.keep or Path(scratch) / "overhead"
        top.mkdir()
        top = top.resolve()
        more = ["-stub"] if options.stub else []
        sides = {"workflow": run_workflow(options.profile, top / "workflow", more)}
        tasks = sides["workflow"].tasks
        (top / "bare").mkdir()
        with Clock() as clock:
            run_bare(tasks, top / "bare", os.cpu_count() or 1)
        sides["bare commands"] = clock.side
        asked = ask_versions(tasks)
        if options.docker:
            profiles = f"docker,{options.profile}"
            sides["workflow, docker"] = run_workflow(profiles, top / "docker", more)
        report(sides, asked)
        same, total = same_tables(tasks, top / "bare")
        print(f"\n{same} of {total} tables are the same with and without the workflow")


if __name__ == "__main__":
    main()
