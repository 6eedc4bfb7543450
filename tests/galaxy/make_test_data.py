"""Make galaxy/test-data from the two public tables that may be copied.

    python tests/galaxy/make_test_data.py [DATA]

DATA is the folder with the folders tcga_mirnaseq and plasma_serum_tewari. Without it the tables
stay, and only what the tools make of them is made anew: after a change of the model file. Which
samples are taken is written here and nowhere else; galaxy/test-data/README.md says what each file
is for. Models, predictions and expression come from the tools themselves, at the end.
"""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from srna_augment.model.file import FORMAT_VERSION

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "galaxy" / "test-data"
COMMANDS = ROOT / "bin"

TISSUES = ("brain", "kidney", "liver")
SITES_PER_TISSUE = 4
SAMPLES_PER_SITE = 6
N_FEATURES = 160


def read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return counts and samples of a study, both indexed by sample."""
    counts = pd.read_csv(folder / "counts.tsv.gz", sep="\t", index_col=0)
    samples = pd.read_csv(folder / "samples.tsv", sep="\t", index_col=0, low_memory=False)
    return counts, samples


def healthy_fluids(data: Path) -> None:
    """Write plasma and serum of four healthy adults, in the shape nf-core/smrnaseq writes."""
    counts, samples = read(data / "plasma_serum_tewari")
    names = ["X1", "X107", "X2", "X108", "X18", "X112", "X22", "X114"]
    table = counts.loc[names].T
    table = table[(table > 0).any(axis=1)].astype(int)
    table.index.name = "miRNA"
    table.to_csv(TARGET / "mirna.tsv", sep="\t")

    # What a careful person knows: some of it. Two blanks a column, and a label that is wrong (X22).
    known = samples.loc[names, ["subject_id", "batch", "tissue", "sex", "age_years"]]
    known.loc[["X1", "X112"], "tissue"] = ""
    known.loc[["X107", "X18"], "sex"] = ""
    known.loc["X22", "tissue"] = "liver"
    known.to_csv(TARGET / "metadata.tsv", sep="\t")

    # One file a sample, id and count, no header.
    for name in names[:3]:
        one = counts.loc[name]
        one[one > 0].astype(int).to_csv(TARGET / f"{name}.counts.tsv", sep="\t", header=False)


def tumours(data: Path) -> None:
    """Write 72 samples of three organs from twelve sites, samples in rows, precursors."""
    counts, samples = read(data / "tcga_mirnaseq")
    complete = counts.columns[counts.notna().all()]
    chosen: list[str] = []
    for tissue in TISSUES:
        rows = samples[(samples["tissue"] == tissue) & samples["sex"].isin(["female", "male"])]
        rows = rows.drop_duplicates("patient_id").dropna(subset=["age_years"])
        sites = rows["tss"].value_counts().index[:SITES_PER_TISSUE]
        for site in sites:
            chosen += list(rows.index[rows["tss"] == site][:SAMPLES_PER_SITE])
    table = counts.loc[chosen, complete].astype(int)
    strongest = table.sum().sort_values(ascending=False, kind="stable").index[:N_FEATURES]
    table[sorted(strongest)].to_csv(TARGET / "tumours.tsv", sep="\t")
    columns = ["cohort", "patient_id", "tss", "tissue", "sex", "age_years"]
    metadata = samples.loc[chosen, columns]
    metadata.to_csv(TARGET / "tumours_metadata.tsv", sep="\t")
    # One label wrong, three blank.
    metadata.loc["TCGA-BP-4158-01A-02R-1288-13", "tissue"] = "brain"  # it is kidney
    metadata.iloc[25:28, columns.index("tissue")] = ""
    metadata.to_csv(TARGET / "tumours_swapped.tsv", sep="\t")


def unusable() -> None:
    """Write what must end in a clear message: words for counts, and files that are no models."""
    (TARGET / "words.tsv").write_text(
        "miRNA\tS1\tS2\nhsa-let-7a-5p\tmany\t12\nhsa-miR-21-5p\t7\t9\n"
    )
    (TARGET / "not_a_model.h5").write_text("this is text, not HDF5\n")
    # As an attacker would send it: a pickle that would touch a file, and links to other files.
    pickle = b"cposix\nsystem\n(S'touch /tmp/srna-augment-was-here'\ntR."
    with h5py.File(TARGET / "hostile_model.h5", "w") as file:
        file.attrs["format"] = "srna-augment model"
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["card"] = "{}"
        file.attrs["provenance"] = "{}"
        target = file.create_group("targets/tissue")
        target.create_dataset("learner", data=np.frombuffer(pickle, dtype=np.uint8))
        target["state"] = h5py.ExternalLink("/etc/passwd", "/")
        target["classes"] = h5py.SoftLink("/targets")


def trained() -> None:
    """Let the tools make what their wrappers' tests start from."""

    def run(tool: str, *arguments: str) -> None:
        command = [sys.executable, str(COMMANDS / tool), *arguments]
        subprocess.run(command, check=True, cwd=TARGET)

    run(
        "normalise", "tumours.tsv", "--metadata", "tumours_metadata.tsv",
        "--output", "tumours.h5ad", "--save-state", "state.json", "--report", "reading.json",
    )  # fmt: skip
    for target in ("tissue", "sex"):
        run(
            "train-rf", "tumours.h5ad", "--target", target, "--output", f"{target}.h5",
            "--predictions", f"{target}_predictions.tsv", "--trees", "20", "--folds", "3",
        )  # fmt: skip
    run(
        "train-dl", "tumours.h5ad", "--target", "tissue", "--output", "tissue_network.h5",
        "--scheme", "none", "--epochs", "20", "--members", "1", "--hidden", "16",
    )  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) > 1:
        TARGET.mkdir(parents=True, exist_ok=True)
        healthy_fluids(Path(sys.argv[1]))
        tumours(Path(sys.argv[1]))
        unusable()
    trained()
