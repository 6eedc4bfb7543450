#!/usr/bin/env python3
"""What each of `normalise`'s methods is worth on studies never seen.

    python benchmarks/normalisation.py COLLECTION [--threads N]

COLLECTION is what `make model` collects (build/model/collection.h5ad). Tissue, the network that
ships and its linear path alone, ten folds of studies as in scripts/benchmark.py. Printed is
Markdown: what is right, each study counting once, with a bootstrap over studies, and the difference
from the default method on the same studies. A quarter of an hour on one core.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from srna_augment.normalisation.methods import METHODS

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from benchmark import BATCH, PARTS, STUDIES, by_study, interval, possible, read

DEFAULT = "log2rpm"
NETWORKS = {"linear path alone": ["--members", "0"], "network": []}


def right(expression: Path, options: list[str], threads: int) -> pd.Series:
    """Return the share of each study's samples that is right when it is left out."""
    predictions = expression.with_suffix(".tsv")
    call = ["train-dl", str(expression), "--target", "tissue", *STUDIES, *PARTS, *BATCH, *options]
    call += ["--threads", str(threads), "--predictions", str(predictions)]
    subprocess.run(call, check=True, stderr=subprocess.DEVNULL)
    return by_study(possible(read(predictions)))


def main() -> None:
    """Measure every method and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("collection", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    wanted = parser.parse_args()
    methods = [DEFAULT, *(method for method in METHODS if method != DEFAULT)]
    found: dict[tuple[str, str], pd.Series] = {}
    print("| method | " + " | ".join(f"{name} | difference" for name in NETWORKS) + " |")
    print("| --- |" + " --- | --- |" * len(NETWORKS))
    for method in methods:
        cells = []
        with tempfile.TemporaryDirectory() as folder:
            expression = Path(folder) / "expression.h5ad"
            call = ["normalise", str(wanted.collection), "--method", method]
            call += ["--output", str(expression)]
            subprocess.run(call, check=True, stderr=subprocess.DEVNULL)
            for name, options in NETWORKS.items():
                share = found[method, name] = right(expression, options, wanted.threads)
                lead = (share - found[DEFAULT, name]).dropna()
                drawn = np.random.default_rng(0).choice(lead, (2000, len(lead))).mean(axis=1)
                low, high = np.quantile(drawn, [0.025, 0.975])
                difference = f"{lead.mean():+.3f} ({low:+.2f} to {high:+.2f})"
                cells += [interval(share), "" if method == DEFAULT else difference]
        print(f"| {method} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
