#!/usr/bin/env python3
"""How each tool's time and memory grow with samples and with features.

    python benchmarks/growth.py [--samples 100,1000,10000,100000] [--features 500,2500,10000,40000]

Made-up counts of five tissues; one of the two sizes grows, the other stays at 500. Each tool runs
in a process of its own on one thread: `normalise`, `train-rf` (20 trees, no folds), `train-dl` (one
hidden member of 32 units, 3 epochs, no folds), `augment` with what `train-dl` made. Printed are
processor seconds and peak memory, and the exponent k of time = start-up + c * n^k: start-up is the
time of `SMALLEST` samples or features, and k is fitted to the sizes that take half as long again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
FIXED, SMALLEST = 500, 60
TISSUES = ("brain", "liver", "kidney", "lung", "heart")


def write_table(path: Path, n_samples: int, n_features: int) -> None:
    """Write counts of miRNAs as AnnData, tissue and study with them."""
    import anndata

    generator = np.random.default_rng(0)
    classes = np.arange(n_samples) % len(TISSUES)
    profile = generator.normal(4, 2, (len(TISSUES), n_features)).astype(np.float32)
    counts = generator.standard_normal((n_samples, n_features), dtype=np.float32)
    counts += profile[classes]
    np.exp(counts, out=counts)
    np.round(counts, out=counts)
    study = np.arange(n_samples) // len(TISSUES) % 10
    obs = pd.DataFrame(
        {"tissue": [TISSUES[k] for k in classes], "study": [f"s{k}" for k in study]},
        index=[f"x{i}" for i in range(n_samples)],
    )
    names = [f"hsa-miR-{9000 + i}" for i in range(n_features)]
    anndata.AnnData(counts, obs, pd.DataFrame(index=names)).write_h5ad(path)


def run(tool: str, *words: object) -> tuple[float, float]:
    """Return processor seconds and peak GiB of one call."""
    process = subprocess.Popen(
        [sys.executable, ROOT / "bin" / tool, *map(str, words), "--threads", "1", "--quiet"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{tool} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20


def measure(n_samples: int, n_features: int) -> dict[str, tuple[float, float]]:
    """Run all tools on a table of a size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw, e, rf, dl = (folder / f for f in ("raw.h5ad", "e.h5ad", "rf.h5", "dl.h5"))
        # in a process of its own: what the tools use is measured from this one's memory upwards
        writer = multiprocessing.get_context("spawn").Process(
            target=write_table, args=(raw, n_samples, n_features)
        )
        writer.start()
        writer.join()
        training = ("--target", "tissue", "--scheme", "none")
        network = ("--members", 1, "--hidden", 32, "--epochs", 3)
        return {
            "normalise": run("normalise", raw, "--level", "mature", "-o", e),
            "train-rf": run("train-rf", e, *training, "--trees", 20, "-o", rf),
            "train-dl": run("train-dl", e, *training, *network, "-o", dl),
            "augment": run("augment", raw, "--model", dl, "-o", folder / "annotated.tsv"),
        }


def exponent(sizes: list[int], seconds: list[float]) -> str:
    """Return the exponent of growth over start-up, the first time; a dash where none is seen."""
    start = seconds[0]
    grown = [(n, t - start) for n, t in zip(sizes[1:], seconds[1:], strict=True) if t > 1.5 * start]
    if len(grown) < 2:
        return "-"
    x, y = np.log(np.array(grown).T)
    return f"{np.polyfit(x, y, 1)[0]:.2f}"


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", default="100,1000,10000,100000")
    parser.add_argument("--features", default="500,2500,10000,40000")
    options = parser.parse_args()
    for what in ("samples", "features"):
        sizes = [SMALLEST, *map(int, getattr(options, what).split(","))]
        found = {}
        for size in sizes:
            found[size] = measure(*((size, FIXED) if what == "samples" else (FIXED, size)))
            print(size, what, found[size], file=sys.stderr, flush=True)
        print(f"{what}\t" + "\t".join(f"{size:,}" for size in sizes) + "\texponent")
        for tool in found[SMALLEST]:
            cells = [f"{t:.1f} s, {peak:.2f} GiB" for t, peak in (found[s][tool] for s in sizes)]
            seconds = [found[size][tool][0] for size in sizes]
            print(f"{tool}\t" + "\t".join(cells) + f"\t{exponent(sizes, seconds)}", flush=True)


if __name__ == "__main__":
    main()
