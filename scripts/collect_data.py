#!/usr/bin/env python3
"""Join the development tables into one raw AnnData file, with one row of metadata a sample.

    scripts/collect_data.py FOLDER COLLECTION.h5ad

FOLDER holds one folder a data set, each with counts.tsv.gz and samples.tsv. Values stay as
published (counts or RPM, NaN where not reported), summed to hairpin stems, so that tables of
precursors and of mature arms share columns. What the metadata say:

- `study`: what is left out together. TCGA is one study, as one laboratory sequenced all of it;
  studies whose sequencing runs stand in two data sets have one name.
- `condition`: what differs within a study and tissue.
- `site`: the hospital of TCGA samples, the batch of others; `patient_id`: who is never cut in two.
- `tissue`, `sex`, `age_years`: labels; blank for cultured cells, which are not the tissue that
  they came from, and for tissue that is not where the label says (`MISPLACED`); serum where that is
  what the sample's own description says (`SERUM`). `material`: `cells`, `blood cells`, `tissue or
  fluid`.
- `part`: what is learnt apart within a tissue; the tissue itself, but for white cells of blood and
  vesicles of plasma and serum.
- `pipeline`: the two versions of TCGA's, told by how many precursors they report; colon, rectum and
  ovary are from the earlier one, all others from the later. Blank elsewhere.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from srna_augment import features, ontology, reading
from srna_augment.log import set_up

# Studies of one data set whose runs another one has, too, processed in another way; found by
# comparing profiles, and checked by title.
SAME_RUNS = {
    "microRNAome_study_30": "DRP001085",
    "microRNAome_study_86": "SRP023531",
    "microRNAome_study_87": "SRP026558",
    "microRNAome_study_13": "SRP045111",
    "microRNAome_study_73": "SRP045111",
    "microRNAome_study_54": "SRP018255",
    "microRNAome_study_23": "SRP016817",
    "microRNAome_study_65": "SRP030022",
    "microRNAome_study_31": "SRP021475",
    "microRNAome_study_59": "SRP032767",
    "microRNAome_study_33": "SRP029599",
}
CULTURED = ("cell_type", "cancer_cell_line", "cell line")
# Cells of these hardly change when they are taken out: they are not held to be strangers.
BLOOD = ("blood", "bone marrow", "lymph node", "spleen", "thymus", "")
# Their tissue is given as blood, and their own descriptions in miRmine say B cells, T cells and
# macrophages, or mononuclear cells.
WHITE_CELLS = ("DRP001151", "SRP026558", "SRP034856", "SRP035390", "SRP045111")
# Of these some studies took the vesicles alone, by what they say of their samples.
FLUIDS = ("blood plasma", "blood serum")
# What the columns beside a label say of it; the commonest descriptions of every study were read.
# Labelled breast, "Tumor serum" and "Serum from healthy woman control"; blood, "Serum derived
# exosomes".
SERUM = {("sample_id", "SRX513283"), ("sample_id", "SRX513285"), ("study", "GSE174224")}
# By column: how its text begins where the label is the organ of origin, or none. Vesicles of blood
# are neither its cells nor plasma or serum.
MISPLACED = {
    "tissue_note": "metastasis",
    "tissue_site": "extra-adrenal",
    "tissue": "blood exosomes",
}
# One sample, which looks like liver to a model that had not seen it, as what is cut out beside a
# cancer of the bile ducts often is. Of all labels this alone was taken away for its expression.
LIVER_BESIDE = ("CHOL", "solid_tissue_normal")
# Tables whose unit differs by row; normalisation closes them to RPM anyway.
AS_RPM = ("mirmine", "exomirhub_biofluids_seq")


def column(samples: pd.DataFrame, *names: str) -> pd.Series:
    """Return the first of the columns that is there, as text, blank where nothing is given."""
    for name in names:
        if name in samples:
            return samples[name].fillna("").astype(str)
    return pd.Series("", index=samples.index)


def material(samples: pd.DataFrame) -> np.ndarray:
    """Return cells, blood cells, or tissue or fluid, ``(n_samples,)`` of str."""
    kind = column(samples, "material")
    from_blood = (kind == "cell_type") & column(samples, "tissue").isin(BLOOD)
    others = np.where(kind.isin(CULTURED), "cells", "tissue or fluid")
    return np.where(from_blood, "blood cells", others)


def label(samples: pd.DataFrame) -> pd.Series:
    """Return what the sample is said to be, blank where other columns say that it is not."""
    given = column(samples, "tissue")
    for name, text in SERUM:
        given = given.mask(column(samples, name) == text, "serum")
    for name, start in MISPLACED.items():
        given = given.mask(column(samples, name).str.startswith(start), "")
    cohort, kind = LIVER_BESIDE
    beside = (column(samples, "cohort") == cohort) & (column(samples, "sample_type") == kind)
    return given.mask(beside, "")


def metadata(folder: Path, samples: pd.DataFrame) -> pd.DataFrame:
    """Return the metadata of one data set in common columns."""
    study = column(samples, "study").replace(SAME_RUNS)
    site = column(samples, "tss", "batch")
    tcga = "tss" in samples
    cultured = column(samples, "material").isin(CULTURED)
    obs = pd.DataFrame(
        {
            "dataset": folder.name,
            "study": "TCGA" if tcga else study,
            "cohort": study,
            "site": ("TCGA-" + site) if tcga else study + " " + site,
            "patient_id": column(samples, "patient_id", "subject_id"),
            "material": material(samples),
            # one vote each: TCGA's tumours and adjacent normals of a cohort
            "condition": (study + " normal " + column(samples, "is_normal")) if tcga else "",
            "pipeline": column(samples, "n_features_reported") if tcga else "",
            "label": label(samples),
            "sex": column(samples, "sex"),
            "age_years": column(samples, "age_years"),
        }
    )
    obs["tissue"] = ontology.labels(obs.rename(columns={"label": "tissue"}), "tissue")
    obs.loc[cultured, ["tissue", "sex", "age_years"]] = ""
    white = (obs["tissue"] == "blood") & obs["study"].isin(WHITE_CELLS)
    said = column(samples, "material") + column(samples, "tissue_raw")
    vesicles = said.str.contains("exosom", case=False).to_numpy() & obs["tissue"].isin(FLUIDS)
    obs["part"] = obs["tissue"].mask(white, "white cells")
    obs["part"] = obs["part"].mask(vesicles, "vesicles of " + obs["tissue"])
    obs.index = [f"{folder.name}:{name}" for name in samples["sample_id"]]
    return obs


def main(source: Path, output: Path) -> None:
    """Read all data sets below `source`, join them on stems, write them to `output`."""
    import anndata

    set_up()
    blocks, rows = [], []
    for folder in sorted(path.parent for path in source.glob("*/counts.tsv.gz")):
        samples = pd.read_csv(folder / "samples.tsv", sep="\t", dtype=str)
        units = "rpm" if folder.name in AS_RPM else "counts"
        table = reading.read_tables([str(folder / "counts.tsv.gz")], units=units)
        if table.samples != samples["sample_id"].tolist():
            sys.exit(f"{folder}: samples.tsv and counts.tsv.gz differ in their samples")
        collapsed = features.collapse(table, "stem")
        obs = metadata(folder, samples)
        blocks.append(pd.DataFrame(collapsed.values, obs.index, collapsed.features))
        rows.append(obs)
    values = pd.concat(blocks)
    data = anndata.AnnData(
        values.to_numpy(np.float32), pd.concat(rows), pd.DataFrame(index=values.columns)
    )
    data.write_h5ad(output, compression="gzip")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
