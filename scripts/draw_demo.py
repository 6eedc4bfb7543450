#!/usr/bin/env python3
"""Draw the bundled demo data (assets/demo, tests/data/demo_truth.tsv) from the full tables.

    SRNA_AUGMENT_DATA=FOLDER python scripts/draw_demo.py

FOLDER holds `tcga_mirnaseq/`, `plasma_serum_tewari/` (each with `samples.tsv` and `counts.tsv.gz`)
and `tissues.tsv`. The same seed draws the same files, byte for byte. Rows of the count tables are
copied as text, so that values and empty cells (*not reported*) stay as they are in the source.
"""

from __future__ import annotations

import gzip
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
SEED = 20240501
TCGA_SAMPLES = 900
BLANKS = 100
BLANKS_IN_WHOLE_SITES = 50
# A site that is blanked as a whole is small, so that the 50 blanks come from many tissues, and
# its tissue keeps so many sites with labels that a model can still learn it and leave sites out.
BLANK_SITE_SAMPLES = (2, 6)
LABELLED_SITES_LEFT = 3

MINIMUM_SITES = 3

COLUMNS = [
    "sample_id", "study", "site", "patient_id", "sample_type", "tissue", "sex", "age_years",
]  # fmt: skip
# Lower bounds in years; nobody in the two sources is younger.
AGE_GROUPS = {"adolescent": 10, "adult": 20, "older adult": 50, "elderly": 80}


def read_samples(path: Path) -> pd.DataFrame:
    """Read a samples.tsv as text: 'NA' is the code of a TCGA site, not a blank."""
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


def age_group(years: str) -> str:
    """Return the age group of an age in years, '' for a blank."""
    if not years:
        return ""
    return [name for name, lower in AGE_GROUPS.items() if float(years) >= lower][-1]


def tcga(folder: Path) -> pd.DataFrame:
    """Return the metadata of all TCGA samples; the site is the barcode's tissue source site."""
    samples = read_samples(folder / "tcga_mirnaseq" / "samples.tsv")
    samples["site"] = "TCGA-" + samples["tss"]
    return samples[COLUMNS]


def plasma_serum(folder: Path) -> pd.DataFrame:
    """Return the metadata of the plasma and serum samples that passed their authors' control.

    Subjects are never cut in two, so one with samples in two batches would tie these together,
    and in the end all seven: none could be left out alone. One sample a subject is kept, serum
    first, since there is less of it.
    """
    samples = read_samples(folder / "plasma_serum_tewari" / "samples.tsv")
    samples = samples[samples["qc"] == "PASS"].sort_values("tissue", ascending=False, kind="stable")
    samples = samples.drop_duplicates("subject_id").sort_index()
    samples = samples.assign(
        site=samples["batch"], patient_id=samples["subject_id"], sample_type="healthy_control"
    )
    return samples[COLUMNS]


def allocate(sizes: pd.Series, total: int) -> pd.Series:
    """Share `total` among tissues by the square root of their size, at most what there is."""
    share = np.sqrt(sizes)
    wanted = (share / share.sum() * total).round().astype(int)
    return np.minimum(wanted, sizes)


def draw_patients(
    samples: pd.DataFrame, classes: pd.Series, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw whole patients, tissue by tissue; everyone under 20 comes along, since they are rare."""
    wanted = allocate(classes.value_counts().sort_index(), TCGA_SAMPLES)
    groups = samples["age_years"].map(age_group)
    young = set(samples.loc[groups == "adolescent", "patient_id"])
    chosen: list[str] = []
    for tissue, number in wanted.items():
        sizes = samples[classes == tissue].groupby("patient_id").size()
        order = rng.permutation(sizes.index.to_numpy())
        # One patient of each of three sites first, so that sites can be left out in every tissue.
        sites = samples[classes == tissue].set_index("patient_id")["site"].loc[order]
        spread = set(sites[~sites.duplicated()].index[:MINIMUM_SITES])
        order = sorted(order, key=lambda patient: (patient not in young, patient not in spread))
        taken = np.cumsum(sizes[order].to_numpy())
        chosen += order[: int(np.searchsorted(taken, number)) + 1]
    return samples[samples["patient_id"].isin(chosen)]


def blank_sites(drawn: pd.DataFrame, classes: pd.Series, rng: np.random.Generator) -> list[str]:
    """Choose small sites at random to be blanked as a whole."""
    sites = drawn.assign(cls=classes).groupby("site").agg(cls=("cls", "first"), n=("cls", "size"))
    left = sites["cls"].value_counts().to_dict()
    smallest, largest = BLANK_SITE_SAMPLES
    samples: list[str] = []
    for site in rng.permutation(sites.index.to_numpy()):
        tissue, n = sites.loc[site]
        fits = len(samples) + n <= BLANKS_IN_WHOLE_SITES
        if smallest <= n <= largest and fits and left[tissue] > LABELLED_SITES_LEFT:
            left[tissue] -= 1
            samples += drawn.loc[drawn["site"] == site, "sample_id"].tolist()
    return samples


def blank_patients(
    drawn: pd.DataFrame, taken: list[str], number: int, rng: np.random.Generator
) -> list[str]:
    """Choose patients at random, with all their samples, until `number` samples are reached."""
    touched = drawn.loc[drawn["sample_id"].isin(taken), "patient_id"]
    free = drawn[~drawn["patient_id"].isin(touched)]
    samples: list[str] = []
    for patient in rng.permutation(free["patient_id"].unique()):
        theirs = free.loc[free["patient_id"] == patient, "sample_id"].tolist()
        if len(samples) + len(theirs) <= number:
            samples += theirs
    return samples


def copy_rows(source: Path, keep: set[str], target: Path) -> None:
    """Copy the header and the rows of `keep` as text; no time stamp, so that bytes repeat."""
    with (
        gzip.open(source, "rt", encoding="utf-8") as lines,
        target.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=9, mtime=0) as out,
    ):
        out.write(next(lines).encode())
        for line in lines:
            if line.split("\t", 1)[0] in keep:
                out.write(line.encode())


def main() -> None:
    """Draw and write the files."""
    if "SRNA_AUGMENT_DATA" not in os.environ:
        sys.exit("set SRNA_AUGMENT_DATA to the folder with the full tables")
    folder = Path(os.environ["SRNA_AUGMENT_DATA"])
    rng = np.random.default_rng(SEED)
    vocabulary = read_samples(folder / "tissues.tsv").set_index("source_label")

    everything = tcga(folder)
    drawn = draw_patients(everything, everything["tissue"].map(vocabulary["tissue"]), rng)
    drawn = pd.concat([drawn, plasma_serum(folder)], ignore_index=True)
    classes = drawn["tissue"].map(vocabulary["tissue"])

    in_sites = blank_sites(drawn, classes, rng)
    at_random = blank_patients(drawn, in_sites, BLANKS - len(in_sites), rng)
    blank = drawn["sample_id"].isin(in_sites + at_random)
    # Half of the blanked patients lose sex and age, too.
    patients = rng.permutation(drawn.loc[blank, "patient_id"].unique())
    blank_all = blank & drawn["patient_id"].isin(patients[: len(patients) // 2])

    truth = pd.DataFrame(
        {
            "sample_id": drawn["sample_id"],
            "blank": np.where(blank_all, "tissue,sex,age", "tissue"),
            "site": drawn["site"],
            "site_has_labels": np.where(drawn["sample_id"].isin(in_sites), "no", "yes"),
            "tissue_source_label": drawn["tissue"],
            "tissue": classes,
            "tissue_ontology_term_id": drawn["tissue"].map(vocabulary["tissue_ontology_term_id"]),
            "tissue_group": drawn["tissue"].map(vocabulary["tissue_group"]),
            "sex": drawn["sex"],
            "age": drawn["age_years"].map(age_group),
            "age_years": drawn["age_years"],
        }
    )[blank]
    # A site drawn for single patients can have lost its last label as well.
    labelled = set(drawn.loc[~blank, "site"])
    truth["site_has_labels"] = np.where(truth["site"].isin(labelled), "yes", "no")
    metadata = drawn.copy()
    metadata.loc[blank, "tissue"] = ""
    metadata.loc[blank_all, ["sex", "age_years"]] = ""

    demo = ROOT / "assets" / "demo"
    metadata.to_csv(demo / "metadata.tsv", sep="\t", index=False, lineterminator="\n")
    truth.to_csv(ROOT / "tests/data/demo_truth.tsv", sep="\t", index=False, lineterminator="\n")
    keep = set(drawn["sample_id"])
    copy_rows(folder / "tcga_mirnaseq" / "counts.tsv.gz", keep, demo / "tcga.tsv.gz")
    copy_rows(folder / "plasma_serum_tewari" / "counts.tsv.gz", keep, demo / "plasma_serum.tsv.gz")
    print(f"{len(drawn)} samples, {classes.nunique()} tissues, {drawn['site'].nunique()} sites,")
    print(f"{blank.sum()} without tissue ({(truth['site_has_labels'] == 'no').sum()} of them from")
    print(f"sites without any label), {blank_all.sum()} of them without sex and age, too")


if __name__ == "__main__":
    main()
