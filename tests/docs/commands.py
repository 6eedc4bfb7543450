"""The shell blocks of the documents, and a folder in which they can be run."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas as pd

BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TISSUES = ("breast", "kidney", "lung")
PER_TISSUE = 12
# What sets a machine up, or takes minutes, is only looked at; the workflow runs as a stub, on this
# machine.
SHELL = """
make() { :; }
pre-commit() { :; }
.venv/bin/pre-commit() { :; }
nextflow() {
    local words=()
    while [ $# -gt 0 ]; do
        if [ "$1" = -profile ]; then shift 2; else words+=("$1"); shift; fi
    done
    command nextflow -quiet "${words[@]}" -stub
}
"""


def documents(root: Path) -> list[Path]:
    """Return the pages that show shell commands."""
    pages = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]
    return [page for page in pages if blocks(page)]


def blocks(page: Path) -> list[str]:
    """Return the shell blocks of a page, in order."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def make_workspace(folder: Path, root: Path) -> None:
    """Make a small checkout: real samples of three tissues, three sites each, and a table to fill.

    It has the files that a reader of the documents would have: ``mirna.tsv``, ``samples.tsv`` and
    ``tables/``.
    """
    names = ("bin", "tools", "models", "main.nf", "nextflow.config", "nextflow_schema.json")
    for name in (*names, "conf", "modules", "subworkflows"):
        (folder / name).symlink_to(root / name)
    demo = folder / "assets" / "demo"
    demo.mkdir(parents=True)
    for name in ("multiqc_config.yml", "schema_input.json"):
        (folder / "assets" / name).symlink_to(root / "assets" / name)
    labels = pd.read_csv(
        root / "assets/demo/metadata.tsv", sep="\t", dtype=str, keep_default_na=False
    )
    picked = labels[labels["tissue"].isin(TISSUES)]
    picked = picked.groupby("tissue").head(PER_TISSUE)
    # samples of the second table, without a tissue, so that both are joined
    plasma = pd.read_csv(root / "assets/demo/plasma_serum.tsv.gz", sep="\t", index_col=0, nrows=3)
    more = labels[labels["sample_id"].isin(plasma.index)].assign(tissue="")
    pd.concat([picked, more]).to_csv(demo / "metadata.tsv", sep="\t", index=False)
    tcga = pd.read_csv(root / "assets/demo/tcga.tsv.gz", sep="\t", index_col=0)
    tcga = tcga.loc[picked["sample_id"]]
    tcga.to_csv(demo / "tcga.tsv.gz", sep="\t")
    plasma.to_csv(demo / "plasma_serum.tsv.gz", sep="\t")
    tcga.to_csv(folder / "mirna.tsv", sep="\t")
    shutil.copy(demo / "metadata.tsv", folder / "samples.tsv")
    (folder / "tables").mkdir()
    shutil.copy(demo / "tcga.tsv.gz", folder / "tables")
