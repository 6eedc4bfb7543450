#!/usr/bin/env python3
"""The whole job by this suite's commands, beside a script of pandas and scikit-learn.

    python benchmarks/whole_job.py [--targets tissue,sex] [--rounds 1]

Both do the same on the bundled data, on one thread, one after the other: read two tables, make
samples comparable, hold out patients and sites in five folds each with a forest, say how good it
is, fill in the blanks. The suite's forest has its default settings, that of the script
(benchmarks/by_hand.py) 1,000 trees. Printed are processor seconds and peak memory of each step, the
least of the rounds, and accuracy, as faster is worth nothing if it is worse.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "assets" / "demo"
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
Steps = dict[str, tuple[float, float]]


def run(*words: object) -> tuple[float, float, str]:
    """Return processor seconds, peak GiB and standard output of a command."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            [sys.executable, *map(str, words)], stdout=out, env={**os.environ, **THREADS}
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{words[0]} ended with {process.returncode}")
        out.seek(0)
        return used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20, out.read()


def by_commands(targets: list[str], folder: Path) -> tuple[Steps, dict[str, float]]:
    """Return what each step takes by the commands, and accuracy by target and scheme."""
    tables = sorted(DEMO.glob("*.tsv.gz"))
    metadata = ["--metadata", DEMO / "metadata.tsv"]
    expression = folder / "expression.h5ad"
    steps: dict[str, list[tuple[float, float]]] = {}

    def step(name: str, command: str, *words: object) -> None:
        words = (*words, "--threads", 1, "--quiet")
        steps.setdefault(name, []).append(run(ROOT / "bin" / command, *words)[:2])

    step("read and normalise", "normalise", *tables, *metadata, "--output", expression)
    predictions, models = [], []
    for target in targets:
        predictions.append(folder / f"{target}.tsv")
        models += ["--model", folder / f"{target}.h5"]
        step(
            "train", "train-rf", expression, "--target", target, "--scheme", "random", "--scheme",
            "group", "--group", "site", "--folds", 5, "--output", models[-1],
            "--predictions", predictions[-1],
        )  # fmt: skip
    step("evaluate", "evaluate", *predictions, "--output", folder / "metrics.json")
    step("fill in", "augment", *tables, *metadata, *models, "--output", folder / "annotated.tsv")
    found = json.loads((folder / "metrics.json").read_text())["results"]
    accuracy = {f"{row['target']} {row['scheme']}": row["metrics"]["accuracy"] for row in found}
    return {
        name: (sum(t for t, _ in each), max(m for _, m in each)) for name, each in steps.items()
    }, accuracy


def by_script(targets: list[str], folder: Path) -> tuple[Steps, dict[str, float]]:
    """Return the same for the script."""
    script = Path(__file__).with_name("by_hand.py")
    found = json.loads(run(script, DEMO, folder / "by_hand.tsv", *targets)[2])
    return {name: tuple(each) for name, each in found["steps"].items()}, found["accuracy"]


def least(rounds: list[Steps]) -> Steps:
    """Return the least seconds and memory of each step."""
    return {
        name: (min(r[name][0] for r in rounds), min(r[name][1] for r in rounds))
        for name in rounds[0]
    }


def table(ours: Steps, script: Steps) -> str:
    """Lay the steps of both out, and the whole: seconds add up, the largest memory counts."""
    rows = ["step\tcommands, s\tGiB\tscript, s\tGiB\ttimes as fast"]
    for name in [*ours, "whole job"]:
        a, b = (
            side.get(name, (sum(t for t, _ in side.values()), max(m for _, m in side.values())))
            for side in (ours, script)
        )
        rows.append(f"{name}\t{a[0]:.1f}\t{a[1]:.2f}\t{b[0]:.1f}\t{b[1]:.2f}\t{b[0] / a[0]:.2f}")
    return "\n".join(rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", default="tissue,sex")
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    targets = arguments.targets.split(",")
    sides: tuple[list[Steps], list[Steps]] = ([], [])
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory() as name:
            taken, ours = by_commands(targets, Path(name))
            sides[0].append(taken)
            taken, script = by_script(targets, Path(name))
            sides[1].append(taken)
    print(table(least(sides[0]), least(sides[1])))
    print("\naccuracy\tcommands\tscript")
    for name, value in script.items():
        print(f"{name}\t{ours[name]:.3f}\t{value:.3f}")


if __name__ == "__main__":
    main()
