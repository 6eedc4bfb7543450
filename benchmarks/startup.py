#!/usr/bin/env python3
"""Measure start-up: `--help` of each command, and `augment` of three samples.

    python benchmarks/startup.py [--runs 7]

Each is run several times, in turn with a bare `import numpy` in a process of its own, and the ratio
of the smallest times is printed: processor time, user and system, which other work on the machine
changes little.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ("normalise", "train-dl", "train-rf", "evaluate", "deeplift-score", "augment")
GOALS = {"--help": 2.0, "three samples": 12.0}


def seconds(*words: str) -> float:
    """Return the processor seconds of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *words],
        check=True,
        capture_output=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def three_samples(folder: Path) -> Path:
    """Write three samples of the bundled data."""
    import gzip

    with gzip.open(ROOT / "assets" / "demo" / "tcga.tsv.gz", "rt") as handle:
        lines = [next(handle) for _ in range(4)]
    (folder / "three.tsv").write_text("".join(lines))
    return folder / "three.tsv"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        table = three_samples(Path(folder))
        calls = {f"{name} --help": (name, "--help") for name in COMMANDS}
        calls["augment, three samples"] = (
            "augment", str(table), "--output", f"{folder}/out.tsv", "--threads", "1",
        )  # fmt: skip
        print("what\ttimes a bare import of numpy\tgoal")
        for what, (name, *words) in calls.items():
            ours, bare = [], []
            for _ in range(runs):
                ours.append(seconds(str(ROOT / "bin" / name), *words))
                bare.append(seconds("-c", "import numpy"))
            goal = next(limit for end, limit in GOALS.items() if what.endswith(end))
            print(f"{what}\t{min(ours) / min(bare):.2f}\t{goal:g}", flush=True)


if __name__ == "__main__":
    main()
