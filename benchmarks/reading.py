#!/usr/bin/env python3
"""Measure reading: a gzipped table to log2 RPM, beside pandas; and `normalise` on a large one.

    python benchmarks/reading.py [--samples 4243] [--features 40000] [--scale]

The table is written with samples as rows, then with features as rows. Both sides run one after
the other, each in a process of its own, on the same file; what is printed are processor and wall
seconds, peak memory, and their ratios. `--scale` runs `normalise` on 100,000 samples of 2,500
features instead, and prints its peak memory.
"""

from __future__ import annotations

import argparse
import gzip
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

POOL = 64

# In the table's memory, block by block, as `normalise` does it.
OURS = """
import sys, numpy as np
from srna_augment import reading
from srna_augment.normalisation.methods import close, log2_rpm, row_blocks
values = reading.read_tables([sys.argv[1]]).values
for rows in row_blocks(*values.shape):
    values[rows] = log2_rpm(close(values[rows]))
"""
PANDAS = """
import sys, numpy as np, pandas as pd
samples_as_rows = sys.argv[2] == "samples"
values = pd.read_csv(sys.argv[1], sep="\\t", index_col=0).to_numpy()
values = np.log2(values / values.sum(axis=int(samples_as_rows), keepdims=True) * 1e6 + 1)
"""
MEASURE = """
import resource, runpy, sys, time
code = sys.argv.pop(1)
start = time.perf_counter()
try:
    exec(code)
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_utime + used.ru_stime, time.perf_counter() - start, used.ru_maxrss / 2**20)
"""


def write_table(path: Path, samples: int, features: int, rows: str = "samples") -> None:
    """Write counts of samples x miRNAs; samples as rows repeat after `POOL`, ids do not."""
    generator = np.random.default_rng(0)
    mean = generator.lognormal(1, 2, features)
    sample_names = [f"sample-{i:06d}" for i in range(samples)]
    feature_names = [f"hsa-miR-{i}-5p" for i in range(1, features + 1)]
    with gzip.open(path, "wt", compresslevel=1) as handle:
        if rows == "samples":
            handle.write("\t".join(["sample_id", *feature_names]) + "\n")
            lines = ["\t".join(map(str, generator.poisson(mean))) for _ in range(POOL)]
            for i, name in enumerate(sample_names):
                handle.write(f"{name}\t{lines[i % POOL]}\n")
        else:
            handle.write("\t".join(["name", *sample_names]) + "\n")
            for name, rate in zip(feature_names, mean, strict=True):
                cells = "\t".join(map(str, generator.poisson(rate, samples)))
                handle.write(f"{name}\t{cells}\n")


def measure(code: str, *arguments: str) -> tuple[float, float, float]:
    """Return processor seconds, wall seconds and peak GiB of a piece of Python."""
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, code, *arguments], capture_output=True, text=True
    )
    if run.returncode:
        sys.exit(run.stderr)
    cpu, wall, peak = map(float, run.stdout.split()[-3:])
    return cpu, wall, peak


def main() -> None:
    """Write the table, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=4243)
    parser.add_argument("--features", type=int, default=40_000)
    parser.add_argument("--scale", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table.tsv.gz"
        if options.scale:
            write_table(table, 100_000, 2_500)
            size = f"100,000 x 2,500, {table.stat().st_size / 2**20:.0f} MiB"
            call = (
                "import sys; from srna_augment.cli.normalise import main; "
                "sys.argv[0] = 'normalise'; main(standalone_mode=False)"
            )
            output = str(Path(folder) / "expression.h5ad")
            cpu, wall, peak = measure(call, str(table), "--output", output)
            print(f"normalise, {size}: {cpu:.0f} s processor, {wall:.0f} s, {peak:.2f} GiB")
            return
        for rows in ("samples", "features"):
            write_table(table, options.samples, options.features, rows)
            ours, theirs = (measure(code, str(table), rows) for code in (OURS, PANDAS))
            print(
                f"gzipped table to log2 RPM, {options.samples:,} samples x {options.features:,} "
                f"features, {rows} as rows, {table.stat().st_size / 2**20:.0f} MiB"
            )
            for name, (cpu, wall, peak) in (("srna-augment", ours), ("pandas", theirs)):
                print(f"  {name:<13} {cpu:6.1f} s processor {wall:6.1f} s {peak:6.2f} GiB")
            ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
            print(
                f"  ratio         {ratios[0]:6.2f}             {ratios[1]:6.2f}   {ratios[2]:6.2f}"
            )


if __name__ == "__main__":
    main()
