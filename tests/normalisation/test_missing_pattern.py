"""Not reported is not zero: after normalisation the pattern of missing cells must say nothing."""

import numpy as np
import pandas as pd
import pytest

from srna_augment import features, normalisation, reading


def accuracy_of_pattern(pattern, tissue):
    """Return the held-out accuracy of a classifier that sees which cells are missing, only."""
    from sklearn.model_selection import cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    predicted = cross_val_predict(
        DecisionTreeClassifier(max_depth=8, random_state=0), pattern.astype("f4"), tissue, cv=3
    )
    return (predicted == tissue).mean()


def check_pattern(table, tissue):
    collapsed = features.collapse(table, "stem")
    counts = pd.Series(tissue).value_counts()
    rows = np.isin(tissue, counts[counts >= 10].index)
    tissue = tissue[rows]
    majority = pd.Series(tissue).value_counts(normalize=True).iloc[0]
    before = np.isnan(collapsed.values[rows])
    # the trap is there: as published, the pattern alone tells cohorts apart
    assert accuracy_of_pattern(before, tissue) > majority + 0.02
    state = normalisation.fit(collapsed, method="log2rpm", level="stem")
    values, reported = normalisation.transform(collapsed, state)
    assert not np.isnan(values).any()
    assert accuracy_of_pattern(~reported[rows], tissue) <= majority + 0.01


def test_on_the_bundled_table(demo_data):
    table = reading.read_tables([demo_data / "tcga.tsv.gz"])
    metadata = pd.read_csv(demo_data / "metadata.tsv", sep="\t", index_col=0, dtype=str)
    tissue = metadata["tissue"].reindex(table.samples).fillna("").to_numpy(dtype=object)
    check_pattern(table, tissue)


@pytest.mark.slow
def test_on_all_of_tcga(development_data):
    folder = development_data / "tcga_mirnaseq"
    table = reading.read_tables([folder / "counts.tsv.gz"])
    metadata = pd.read_csv(folder / "samples.tsv", sep="\t", index_col=0, dtype=str)
    tissue = metadata["tissue"].reindex(table.samples).fillna("").to_numpy(dtype=object)
    check_pattern(table, tissue)
