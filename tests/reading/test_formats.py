"""The same samples, written in each format, must come out equal."""

import io
import logging
import sys

import numpy as np
import pytest

from srna_augment.errors import DataError
from srna_augment.features import collapse
from srna_augment.reading import read_tables

from . import writers
from .writers import TOY


def as_dict(table):
    return {
        (sample, feature): float(table.values[row, column])
        for row, sample in enumerate(table.samples)
        for column, feature in enumerate(table.features)
    }


def expected(values=TOY.counts):
    return {
        (sample, feature): float(values[row, column])
        for row, sample in enumerate(TOY.samples)
        for column, feature in enumerate(TOY.features)
    }


@pytest.mark.parametrize("write", writers.COUNT_WRITERS, ids=lambda write: write.__name__)
def test_every_format_gives_the_same_counts(write, tmp_path):
    table = read_tables(write(tmp_path, TOY))
    assert table.values.dtype == np.float32
    assert table.units == "counts"
    assert sorted(table.samples) == sorted(TOY.samples)
    assert as_dict(table) == expected()


@pytest.mark.parametrize("write", writers.RPM_WRITERS, ids=lambda write: write.__name__)
def test_rpm_tables_are_known_as_such(write, tmp_path):
    table = read_tables(write(tmp_path, TOY))
    assert table.units == "rpm"
    assert as_dict(table) == pytest.approx(expected(TOY.cpm), rel=1e-6)


def test_hairpins_meet_matures_at_the_stem(tmp_path):
    hairpins = collapse(read_tables(writers.smrnaseq_hairpin(tmp_path, TOY)), "stem")
    matures = collapse(read_tables(writers.smrnaseq_edger(tmp_path, TOY)), "stem")
    assert hairpins.features == matures.features
    np.testing.assert_array_equal(hairpins.values, matures.values)
    np.testing.assert_array_equal(matures.values, TOY.counts)


def test_gdcs_isoforms_are_summed_to_matures_and_what_is_beside_stays_with_the_precursor(tmp_path):
    table = read_tables(writers.gdc_isoforms(tmp_path, TOY))
    assert table.units == "counts"
    assert len(table.features) == 2 * len(TOY.features)
    matures = collapse(table, "mature")
    columns = [matures.features.index(mirna) for mirna in TOY.features]
    np.testing.assert_array_equal(matures.values[:, columns], TOY.counts)
    np.testing.assert_array_equal(collapse(table, "stem").values, TOY.counts + 1)


def test_excerpts_classes_of_rna_are_put_side_by_side(tmp_path):
    paths = writers.excerpt_classes(tmp_path, TOY)
    table = read_tables(paths)
    assert table.samples == TOY.samples
    assert table.units == "fractional counts"
    expected = TOY.counts + 0.5 * (TOY.counts > 1000)
    np.testing.assert_array_equal(table.values, np.hstack([expected] * 4))
    kinds = collapse(table, "mature").var["kind"]
    assert kinds.iloc[[0, 5, 10, 15]].tolist() == ["miRNA", "tRNA fragment", "piRNA", "other"]
    for path in paths:  # each by itself, too
        np.testing.assert_array_equal(read_tables(path).values, expected)


@pytest.mark.parametrize("write", [writers.smrnaseq_logtpm, writers.smrnaseq_logtpm_csv])
def test_logged_table_is_refused_with_the_way_out_and_undone_on_demand(write, tmp_path):
    paths = write(tmp_path, TOY)
    with pytest.raises(DataError, match=r"look logged with a small offset.*--units log10"):
        read_tables(paths)
    table = read_tables(paths, units="log10")
    assert table.units == "rpm"
    assert as_dict(table) == pytest.approx(expected(TOY.cpm), rel=1e-4, abs=1e-3)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (
            writers.smrnaseq_mirna,
            "table like nf-core/smrnaseq's mirna.tsv, 3 samples x 5 features, counts",
        ),
        (writers.smrnaseq_joined, "mirtop isomiR table (nf-core/smrnaseq), 10 isomiRs summed"),
        (writers.mirdeep2, "miRDeep2 quantification (highest of each miRNA's precursors)"),
        (writers.mirdeep2_weighed, "miRDeep2 quantification (sum of each miRNA's precursors)"),
        (writers.mirge_counts, "table like miRge3's"),
        (writers.seqcluster_mirna, "seqcluster miRNA table"),
        (writers.seqcluster_clusters, "seqcluster clusters, named by annotation"),
        (writers.featurecounts, "featureCounts table"),
        (writers.h5ad_layer, "AnnData, layer 'counts'"),
        (writers.parquet_features, "Parquet, features as rows"),
        (writers.tsv_samples, "tab-separated matrix, samples as rows"),
        (writers.r_spaces, "space-separated matrix, features as rows"),
    ],
)
def test_what_was_recognised_is_said_in_one_line(write, said, tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="srna_augment"):
        table = read_tables(write(tmp_path, TOY))
    assert said in table.recognised
    assert [r.getMessage() for r in caplog.records] == [table.recognised]


def test_files_of_one_sample_are_joined_and_summed_up(tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="srna_augment"):
        table = read_tables(writers.excerpt_samples(tmp_path, TOY))
    assert table.samples == TOY.samples  # from the folders, since all files bear one name
    assert "3 x exceRpt counts of one sample" in table.recognised


def test_standard_input_plain_and_gzipped(tmp_path, monkeypatch):
    for write in (writers.smrnaseq_mirna, writers.csv_features_gz, writers.h5ad_csr):
        (path,) = write(tmp_path, TOY)
        raw = io.BufferedReader(io.BytesIO(path.read_bytes()))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(raw))
        assert as_dict(read_tables("-")) == expected()


def test_metadata_of_an_anndata_file_are_kept(tmp_path):
    table = read_tables(writers.h5ad_integers(tmp_path, TOY))
    assert list(table.obs.index) == TOY.samples
    assert list(table.obs["tissue"]) == ["blood", "", "liver"]


def test_anndata_with_features_in_obs_is_turned(tmp_path):
    import anndata
    import pandas as pd

    anndata.AnnData(
        X=TOY.counts.T.astype(np.float32),
        obs=pd.DataFrame(index=TOY.features),
        var=pd.DataFrame(index=TOY.samples),
    ).write_h5ad(tmp_path / "turned.h5ad")
    assert as_dict(read_tables(tmp_path / "turned.h5ad")) == expected()


def test_output_of_normalise_is_no_raw_table(tmp_path):
    import pandas as pd

    from srna_augment.expression import Expression, write_expression

    write_expression(
        Expression(
            values=np.ones((3, 5), np.float32),
            samples=TOY.samples,
            features=TOY.features,
            obs=pd.DataFrame(index=TOY.samples),
            var=pd.DataFrame(index=TOY.features),
        ),
        tmp_path / "expression.h5ad",
        version="0",
    )
    with pytest.raises(DataError, match="is the output of normalise"):
        read_tables(tmp_path / "expression.h5ad")


def test_isomirs_that_a_sample_lacks_are_zero(tmp_path):
    (path,) = writers.smrnaseq_joined(tmp_path, TOY)
    path.write_text(path.read_text().replace("\t0\n", "\tNA\n"))
    assert as_dict(read_tables(path)) == expected()


def test_mirtop_rows_without_the_header_line(tmp_path):
    (path,) = writers.smrnaseq_joined(tmp_path, TOY)
    path.write_text("\n".join(x for x in path.read_text().splitlines() if "UID" not in x) + "\n")
    with pytest.raises(DataError, match="mirtop isomiR table without its header line"):
        read_tables(path)


def test_excerpt_alternatives_stay_one_merged_name(tmp_path):
    (path, *_) = writers.excerpt_samples(tmp_path, TOY)
    path.write_text(
        "ReferenceID\tuniqueReadCount\ttotalReadCount\tmultimapAdjustedReadCount"
        "\tmultimapAdjustedBarcodeCount\n"
        "hsa-miR-27a-3p:MIMAT0000084:Homo:sapiens:miR-27a-3p|"
        "hsa-miR-27b-3p:MIMAT0000419:Homo:sapiens:miR-27b-3p\t1\t9\t8.0\t0.0\n"
    )
    assert read_tables(path).features == ["hsa-miR-27a-3p|hsa-miR-27b-3p"]


def test_excerpt_counts_genes_too(tmp_path):
    path = tmp_path / "S1" / "readCounts_gencode_sense_geneLevel.txt"
    path.parent.mkdir()
    path.write_text(
        "GeneSymbol\tuniqueReadCount\ttotalReadCount\tmultimapAdjustedReadCount"
        "\tmultimapAdjustedBarcodeCount\nRNY4\t9\t80\t7.5\t0.0\nMALAT1\t3\t4\t4.0\t0.0\n"
    )
    table = read_tables(path)
    assert as_dict(table) == {("S1", "RNY4"): 7.5, ("S1", "MALAT1"): 4}
    assert table.units == "fractional counts"


@pytest.mark.parametrize("format", ["mirdeep2", "h5ad", "two-columns"])
def test_format_that_is_insisted_on_must_be_true(format, tmp_path):
    with pytest.raises(DataError, match=f"is not {format}, as --format says"):
        read_tables(writers.smrnaseq_mirna(tmp_path, TOY), format=format)


def test_shared_reads_of_a_shallow_sample_are_no_logarithms(tmp_path):
    (path, *_) = writers.srnabench(tmp_path, TOY)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "hsa-miR-21-5p\t1\t3\t1.5\t1\t1\tchr1:1-2:+\t1\t1"]))
    assert read_tables(path).units == "fractional counts"


def test_sample_called_by_a_number_is_no_row(tmp_path):
    (tmp_path / "t.tsv").write_text("miRNA\t7\nhsa-miR-21-5p\t5\nhsa-let-7a-5p\t0\n")
    table = read_tables(tmp_path / "t.tsv")
    assert (table.samples, table.features) == (["7"], ["hsa-miR-21-5p", "hsa-let-7a-5p"])


@pytest.mark.parametrize("delimiter", ["\t", ","])
@pytest.mark.parametrize("with_counts", [True, False])
def test_tables_of_tcgabiolinks_have_plain_samples(delimiter, with_counts, tmp_path):
    rows = [["miRNA_ID"], ["hsa-let-7a-1"], ["hsa-mir-21"], ["hsa-mir-22"]]
    for sample, counts in (("TCGA-AB", [10, 20, 70]), ("TCGA-CD", [50, 25, 125])):
        if with_counts:
            rows[0].append(f"read_count_{sample}")
        rows[0] += [f"reads_per_million_miRNA_mapped_{sample}", f"cross-mapped_{sample}"]
        for row, count in zip(rows[1:], counts, strict=True):
            row += [str(count)] if with_counts else []
            row += [str(count * 1_000_000 / sum(counts)), "N"]
    path = tmp_path / "mirna.txt"
    path.write_text("".join(delimiter.join(row) + "\n" for row in rows))
    table = read_tables([str(path)])
    assert table.samples == ["TCGA-AB", "TCGA-CD"]
    expected = [[10, 20, 70], [50, 25, 125]]
    if not with_counts:
        expected = [[1e5, 2e5, 7e5], [2.5e5, 1.25e5, 6.25e5]]
    np.testing.assert_allclose(table.values, expected)
