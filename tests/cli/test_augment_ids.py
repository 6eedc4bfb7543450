"""Which ids `augment` writes, and that evidence is found whatever the metadata call a sample."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from .conftest import Cohort
from .running import Here


def table_of(text: str) -> pd.DataFrame:
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter="\t")
    return pd.DataFrame(rows, columns=header)


@pytest.mark.parametrize("same", [False, True])
def test_other_ids_inside_an_anndata_file_do_not_replace_those_of_its_samples(
    trained: Cohort, here: Here, same: bool, tmp_path: Path
):
    counts = trained.counts.iloc[:4]
    ids = counts.index.tolist() if same else ["donor 1", "donor 1", "donor 2", ""]
    obs = pd.DataFrame({"note": list("abcd"), "sample_id": ids}, index=counts.index.tolist())
    data = anndata.AnnData(
        counts.to_numpy(np.float32), obs, pd.DataFrame(index=counts.columns.tolist())
    )
    data.write_h5ad(tmp_path / "counts.h5ad")
    done = here("augment", tmp_path / "counts.h5ad", "--model", trained.models["tissue"], "-o", "-")
    assert done.code == 0, done.err
    result = table_of(done.out)
    assert result["sample_id"].tolist() == counts.index.tolist()
    assert result["note"].tolist() == list("abcd")
    assert ("it is written as given_sample_id" in done.err) is not same
    if same:
        assert list(result.columns[:3]) == ["note", "sample_id", "tissue_best"]
    else:
        assert result["given_sample_id"].tolist() == ids


def test_evidence_out_of_fold_is_shown_of_ids_in_another_spelling(
    trained: Cohort, here: Here, tmp_path: Path
):
    predictions = pd.read_csv(trained.predictions["tissue"], sep="\t", dtype=str)
    right = predictions[predictions["predicted"] == predictions["truth"]].iloc[0]
    sample = right["sample_id"]
    labels = trained.labels.copy()
    labels.loc[sample, "tissue"] = "liver" if right["truth"] != "liver" else "brain"
    labels["sample_id"] = labels["sample_id"].str.lower()
    labels.to_csv(tmp_path / "lower.tsv", sep="\t", index=False)
    done = here(
        "augment", trained.table, "--metadata", tmp_path / "lower.tsv",
        "--model", trained.models["tissue"], "--out-of-fold", trained.predictions["tissue"],
        "--html", tmp_path / "page.html", "--multiqc", tmp_path / "report", "-o", "-",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert table_of(done.out)["sample_id"].tolist() == labels["sample_id"].tolist()
    assert "when left out of training" in (tmp_path / "page.html").read_text(encoding="utf-8")
    section = json.loads((tmp_path / "report/srna_augment_disagreements_mqc.json").read_text())
    row = section["data"][f"{sample.lower()}, tissue"]
    assert row["call"] == right["truth"]
    assert row["probability"] == pytest.approx(float(right["probability"]), abs=1e-3)
