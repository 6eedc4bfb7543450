"""How long the workflow takes on one to many nodes: measured commands, simulated clusters.

``measure`` runs each command once, on one thread, on tables of growing size drawn from the demo's,
and notes processor time and peak memory. ``simulate`` fits a line to each and lets a list
scheduler lay the workflow's tasks on nodes; nothing but arithmetic. With ``--trace`` it first lays
the tasks of a real run on the processors that it had, and prints the wall time next to that of the
run.

    python benchmarks/scaling.py measure --output benchmarks/scaling.tsv
    python benchmarks/scaling.py simulate benchmarks/scaling.tsv --trace TRACE.tsv
"""

from __future__ import annotations

import argparse
import csv
import heapq
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
TARGETS = ("tissue", "tissue_group", "sex", "age")
SCHEMES = ("random", "group")
FOLDS = 5
# What Nextflow, the scheduler and the start of a container add to a task, in seconds.
OVERHEAD = 10.0
CORES = 16


# ------------------------------------------------------------------------------------------ measure
def draw(n_samples: int, folder: Path, seed: int = 1) -> None:
    """Write a count table and its metadata, resampled with replacement from the demo's TCGA table.

    Counts are drawn again around those of the sample (Poisson), so that no two samples are equal;
    what is not reported stays so.
    """
    generator = np.random.default_rng(seed)
    counts = pd.read_csv(ROOT / "assets/demo/tcga.tsv.gz", sep="\t", index_col=0)
    metadata = pd.read_csv(
        ROOT / "assets/demo/metadata.tsv", sep="\t", index_col=0, dtype=str, keep_default_na=False
    )
    picked = generator.integers(0, len(counts), n_samples)
    names = [f"S{number:06d}" for number in range(n_samples)]
    values = counts.to_numpy(dtype=float)[picked]
    drawn = generator.poisson(np.nan_to_num(values)).astype(float)
    drawn[np.isnan(values)] = np.nan
    table = pd.DataFrame(drawn, index=names, columns=counts.columns).astype("Int64")
    table.index.name = "sample_id"
    rows = metadata.loc[counts.index[picked]].copy()
    rows.index = pd.Index(names, name="sample_id")
    rows["patient_id"] = names
    table.to_csv(folder / "counts.tsv", sep="\t")
    rows.to_csv(folder / "metadata.tsv", sep="\t")


def timed(command: Sequence[object]) -> tuple[float, float]:
    """Run a command; return its processor time (s) and peak memory (MB), children included."""
    words = [sys.executable, str(ROOT / "bin" / str(command[0])), *map(str, command[1:])]
    child = os.posix_spawn(words[0], [*words, "--threads", "1", "--quiet"], dict(os.environ))
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"scaling: {' '.join(words)} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def steps(folder: Path, table: Path, metadata: Path) -> list[tuple[str, list[object]]]:
    """Return what a run of the workflow does, once of each kind, as commands by name."""
    expression = folder / "expression.h5ad"
    fold = ["--target", "tissue", "--scheme", "random", "--folds", FOLDS, "--fold", 0]
    final = ["--target", "tissue", "--scheme", "none"]
    plan: list[tuple[str, list[object]]] = [
        (
            "normalise",
            ["normalise", table, "--metadata", metadata, "--output", expression],
        )
    ]
    for learner, more in (("dl", []), ("rf", ["--baselines"])):
        predictions, model = folder / f"{learner}.tsv", folder / f"{learner}.h5"
        train = [f"train-{learner}", expression]
        plan += [
            (f"{learner} fold", [*train, *fold, *more, "--predictions", predictions]),
            (f"{learner} final", [*train, *final, "--output", model]),
        ]
    plan += [
        ("evaluate", ["evaluate", folder / "dl.tsv", "--output", folder / "metrics.json"]),
        (
            "deeplift-score",
            ["deeplift-score", folder / "dl.h5", expression, "--output", folder / "scores.h5"],
        ),
        (
            "augment",
            [
                "augment",
                table,
                "--metadata",
                metadata,
                "--model",
                folder / "dl.h5",
                "--output",
                folder / "annotated.tsv",
            ],
        ),
    ]
    return plan


def measure(sizes: Sequence[int], output: Path) -> None:
    """Write processor time and memory of each command at each size, a row each."""
    rows = []
    for n_samples in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            # In a process of its own: a child's peak memory counts from what its parent holds.
            subprocess.run([sys.executable, __file__, "draw", str(n_samples), name], check=True)
            table, metadata = folder / "counts.tsv", folder / "metadata.tsv"
            for step, command in steps(folder, table, metadata):
                began = time.monotonic()
                seconds, megabytes = timed(command)
                rows.append((step, n_samples, f"{seconds:.1f}", f"{megabytes:.0f}"))
                wall = time.monotonic() - began
                print(
                    f"{n_samples:>7} {step:<15} {seconds:8.1f} s of processor, "
                    f"{megabytes:6.0f} MB, {wall:.1f} s on the clock",
                    file=sys.stderr,
                )
                # After each, so that a run that is cut short leaves what it has.
                pd.DataFrame(rows, columns=["step", "samples", "cpu_s", "peak_mb"]).to_csv(
                    output, sep="\t", index=False
                )


# ----------------------------------------------------------------------------------------- simulate
@dataclass
class Task:
    """A task: how long it takes, how many processors it holds, which tasks it waits for."""

    name: str
    seconds: float
    after: list[Task] = field(default_factory=list)
    cpus: int = 1
    memory: float = 0.0  # MB


def schedule(tasks: Sequence[Task], nodes: int, cores: int, memory: float = float("inf")) -> float:
    """Return the wall time of tasks, each started as soon as a node has room, longest first.

    Parameters
    ----------
    tasks
        All tasks; those that one waits for are among them.
    nodes, cores, memory
        How many nodes, and what each has (processors, MB).

    Returns
    -------
    float
        Seconds from the first start to the last end.
    """
    waiting = {id(task): len(task.after) for task in tasks}
    followers: dict[int, list[Task]] = {id(task): [] for task in tasks}
    for task in tasks:
        for before in task.after:
            followers[id(before)].append(task)
    ready = [(-task.seconds, number, task) for number, task in enumerate(tasks) if not task.after]
    heapq.heapify(ready)
    free_cores, free_memory = [cores] * nodes, [memory] * nodes
    running: list[tuple[float, int, Task, int]] = []
    now, count = 0.0, len(tasks)
    while ready or running:
        blocked = []
        while ready:
            entry = heapq.heappop(ready)
            task = entry[2]
            room = [
                node
                for node in range(nodes)
                if free_cores[node] >= task.cpus and free_memory[node] >= task.memory
            ]
            if not room:
                blocked.append(entry)
                continue
            free_cores[room[0]] -= task.cpus
            free_memory[room[0]] -= task.memory
            count += 1
            heapq.heappush(running, (now + task.seconds, count, task, room[0]))
        for entry in blocked:
            heapq.heappush(ready, entry)
        if not running:
            raise ValueError(f"{ready[0][2].name} fits on no node")
        now, _, done, node = heapq.heappop(running)
        free_cores[node] += done.cpus
        free_memory[node] += done.memory
        for task in followers[id(done)]:
            waiting[id(task)] -= 1
            if not waiting[id(task)]:
                count += 1
                heapq.heappush(ready, (-task.seconds, count, task))
    return now


class Costs:
    """Time (s) and memory (MB) of each step as lines over the number of samples, as measured."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.lines = {}
        self.largest = int(table["samples"].max())
        for step, rows in table.groupby("step"):
            self.lines[step] = {
                column: _line(rows["samples"].to_numpy(float), rows[column].to_numpy(float))
                for column in ("cpu_s", "peak_mb")
            }

    def task(self, step: str, n_samples: int, name: str, after: Sequence[Task] = ()) -> Task:
        """Return a task of a step on a number of samples."""
        values = {
            column: intercept + slope * n_samples
            for column, (intercept, slope) in self.lines[step].items()
        }
        return Task(name, values["cpu_s"] + OVERHEAD, list(after), 1, values["peak_mb"])


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Fit a line by relative error, so that small sizes count as much as large ones."""
    slope, intercept = np.polyfit(x, y, 1, w=1 / y)
    return max(float(intercept), 0.0), max(float(slope), 0.0)


def workflow(costs: Costs, n_samples: int) -> list[Task]:
    """Return the tasks of a run with everything, a fold a task."""
    normalise = costs.task("normalise", n_samples, "normalise")
    tasks, finals, networks = [normalise], [], []
    for target in TARGETS:
        for learner in ("dl", "rf"):
            folds = [
                costs.task(f"{learner} fold", n_samples, f"{target}.{learner}", [normalise])
                for _ in range(len(SCHEMES) * FOLDS)
            ]
            final = costs.task(f"{learner} final", n_samples, f"{target}.{learner}", folds)
            tasks += [*folds, final]
            finals.append(final)
            if learner == "dl":
                networks.append(final)
    evaluate = costs.task("evaluate", n_samples, "evaluate", finals)
    explained = [costs.task("deeplift-score", n_samples, "explain", [final]) for final in networks]
    augment = costs.task("augment", n_samples, "augment", [evaluate])
    report = Task("multiqc", 15 + OVERHEAD, [*explained, augment])
    return [*tasks, evaluate, *explained, augment, report]


def as_time(seconds: float) -> str:
    """Return a time as people write it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def simulate(costs: Costs, samples: Sequence[int], nodes: Sequence[int], memory: float) -> None:
    """Print the wall time by samples and nodes, as a Markdown table."""
    print(
        f"| samples | tasks | work | {' | '.join(f'{n} x {CORES} cores' for n in nodes)} | floor |"
    )
    print("|---:" * (len(nodes) + 4) + "|")
    for n_samples in samples:
        tasks = workflow(costs, n_samples)
        times = [schedule(tasks, count, CORES, memory) for count in nodes]
        floor = schedule(tasks, len(tasks), CORES)
        work = sum(task.seconds for task in tasks) / 3600
        cells = " | ".join(map(as_time, times))
        print(f"| {n_samples:,} | {len(tasks)} | {work:.1f} core-h | {cells} | {as_time(floor)} |")


def memory_table(costs: Costs, samples: Sequence[int]) -> None:
    """Print the memory of each step by samples, as a Markdown table."""
    print(f"| step | {' | '.join(f'{n:,}' for n in samples)} |")
    print("|---" + "|---:" * len(samples) + "|")
    for step in costs.lines:
        values = [costs.task(step, n, step).memory / 1024 for n in samples]
        print(f"| {step} | {' | '.join(f'{value:.1f} GB' for value in values)} |")


# -------------------------------------------------------------------------------------------- trace
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def as_seconds(text: str) -> float:
    """Read one of Nextflow's durations, such as ``1m 20s`` or ``850ms``."""
    return sum(
        float(value) * UNITS[unit] for value, unit in re.findall(r"([\d.]+)(ms|[smhd])", text)
    )


def replay(path: Path, cores: int) -> None:
    """Print the wall time of a real run, and that of its tasks as the scheduler lays them."""
    with path.open() as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if row["exit"] == "0"]
    began = [datetime.fromisoformat(row["submit"]).timestamp() for row in rows]
    spans = [as_seconds(row["duration"]) for row in rows]
    wall = max(start + span for start, span in zip(began, spans, strict=True)) - min(began)
    by_process: dict[str, list[Task]] = {}
    order = ("NORMALISE", "TRAIN_", "FINAL", "EVALUATE", "DEEPLIFT", "AUGMENT", "MULTIQC")
    for row in rows:
        process = row["name"].split(" ")[0].split(":")[-1]
        kind = "FINAL" if process.endswith("FINAL") else process
        stage = next(name for name in order if kind.startswith(name))
        # Tasks of one run had two processors each, as the test profile gives them.
        task = Task(row["name"], as_seconds(row["realtime"]), cpus=min(2, cores))
        by_process.setdefault(stage, []).append(task)
    tasks: list[Task] = []
    for stage in order:
        for task in by_process.get(stage, []):
            task.after = list(tasks)
        tasks += by_process.get(stage, [])
    laid = schedule(tasks, 1, cores)
    print(
        f"{path}: {len(tasks)} tasks; took {as_time(wall)}, laid by the scheduler {as_time(laid)}"
    )


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    actions = parser.add_subparsers(dest="action", required=True)
    measuring = actions.add_parser("measure", help="time the commands")
    measuring.add_argument("--sizes", type=int, nargs="+", default=[1000, 3000, 9000, 27000])
    measuring.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "scaling.tsv")
    drawing = actions.add_parser("draw", help="only write the tables that measure uses")
    drawing.add_argument("size", type=int)
    drawing.add_argument("folder", type=Path)
    simulating = actions.add_parser("simulate", help="lay the workflow on nodes")
    simulating.add_argument("measured", type=Path)
    simulating.add_argument("--samples", type=int, nargs="+", default=[1000, 10_000, 100_000])
    simulating.add_argument("--nodes", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    simulating.add_argument("--memory", type=float, default=64.0, help="of a node, in GB")
    simulating.add_argument("--trace", type=Path, nargs="*", default=[])
    simulating.add_argument("--trace-cores", type=int, default=2)
    given = parser.parse_args()
    if given.action == "draw":
        draw(given.size, given.folder)
        return
    if given.action == "measure":
        measure(given.sizes, given.output)
        return
    for path in given.trace:
        replay(path, given.trace_cores)
    costs = Costs(pd.read_csv(given.measured, sep="\t"))
    simulate(costs, given.samples, given.nodes, given.memory * 1024)
    print()
    memory_table(costs, given.samples)


if __name__ == "__main__":
    main()
