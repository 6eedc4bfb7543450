"""Run every tool once on the toy cohort, in the current folder: ``python -m robustness.chain N``.

With ``dl`` as a second argument the network has hidden members, trained with TensorFlow.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cli.running import run_main

from .toys import metadata, table


def main(threads: int, *, hidden: bool) -> None:
    """Write the inputs here, and the outputs of all six tools, on so many threads."""
    Path("counts.tsv").write_text(table())
    Path("metadata.tsv").write_text(metadata())
    folds = ("--scheme", "group", "--folds", 3, "--min-samples", 2)
    members = ("--members", 2, "--epochs", 3, "--hidden", 16) if hidden else ("--members", 0)
    for name, *arguments in (
        ("normalise", "counts.tsv", "--metadata", "metadata.tsv", "-o", "e.h5ad",
         "--save-state", "state.json"),
        ("train-rf", "e.h5ad", "--target", "tissue", "--trees", 20, "--baselines", *folds,
         "-o", "rf.h5", "--predictions", "rf.tsv"),
        ("train-dl", "e.h5ad", "--target", "tissue", *members, *folds,
         "-o", "dl.h5", "--predictions", "dl.tsv"),
        ("train-dl", "e.h5ad", "--target", "sex", *members, *folds,
         "-o", "sex.h5", "--predictions", "sex.tsv"),
        ("evaluate", "rf.tsv", "dl.tsv", "sex.tsv", "-o", "metrics.json", "--table", "table.tsv",
         "--bootstrap", 100, "--plots", "plots", "--multiqc", "multiqc"),
        ("deeplift-score", "dl.h5", "e.h5ad", "-o", "scores.h5", "--target-class", "all",
         "--tables", "tables", "--plots", "plots", "--multiqc", "multiqc"),
        ("augment", "counts.tsv", "--metadata", "metadata.tsv", "--model", "dl.h5",
         "--model", "sex.h5", "-o", "annotated.tsv", "--html", "page.html",
         "--multiqc", "multiqc"),
    ):  # fmt: skip
        done = run_main(name, *arguments, threads=threads)
        if done.code:
            sys.exit(f"{name}: {done.err}")


if __name__ == "__main__":
    main(int(sys.argv[1]), hidden="dl" in sys.argv[2:])
