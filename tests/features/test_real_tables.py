"""The tables that the suite was developed on, read raw, must meet at the stem."""

import numpy as np
import pytest

from srna_augment.features import collapse
from srna_augment.reading import read_tables

# Units are what the folders' own README says; the two RPM tables are normalised by their authors.
UNITS = {
    "adipose_mexican": "counts",
    "blood_ad_GSE46579": "counts",
    "brain_amygdala_GSE97285": "counts",
    "exomirhub_biofluids_seq": "rpm",
    "microRNAome_2017": "counts",
    "mirmine": "rpm",
    "plasma_serum_tewari": "counts",
    "serum_exosome_pd": "counts",
}
# Whole blood and one adipose cohort are of few names.
SHARES = {"adipose_mexican": 0.9, "blood_ad_GSE46579": 0.6}


@pytest.fixture(scope="module")
def precursors(development_data):
    return collapse(read_tables(development_data / "tcga_mirnaseq" / "counts.tsv.gz"), "stem")


def expressed(table):
    """Keys above 10 RPM in a tenth of the samples."""
    rpm = table.values / np.nansum(table.values, axis=1, keepdims=True) * 1e6
    return {
        key
        for key, share in zip(table.features, (rpm > 10).mean(axis=0), strict=True)
        if share > 0.1
    }


@pytest.mark.parametrize("folder", sorted(UNITS))
def test_mature_tables_have_the_stems_that_the_precursor_table_expresses(
    folder, precursors, development_data
):
    table = read_tables(development_data / folder / "counts.tsv.gz")
    assert table.units == UNITS[folder]
    matures = collapse(table, "stem")
    wanted = expressed(precursors)
    share = len(wanted & set(matures.features)) / len(wanted)
    assert share >= SHARES.get(folder, 0.98)
    reads = np.nansum(matures.values, axis=0)
    common = np.isin(matures.features, precursors.features)
    assert reads[common].sum() / reads.sum() > 0.93


def test_bundled_tables_are_read(demo_data):
    joined = read_tables([demo_data / "plasma_serum.tsv.gz", demo_data / "tcga.tsv.gz"])
    assert joined.units == "counts"
    assert len(collapse(joined, "stem").features) > 800
