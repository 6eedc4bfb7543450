"""Writers of sRNA tables, each built from its format's own description (docs/input-tables.md).

All take the same samples and counts, so that what the readers make of the files must be equal.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# Mature name, its accession, and the precursors that carry it.
MIRNAS = {
    "hsa-let-7a-5p": ("MIMAT0000062", ["hsa-let-7a-1", "hsa-let-7a-2", "hsa-let-7a-3"]),
    "hsa-miR-21-5p": ("MIMAT0000076", ["hsa-mir-21"]),
    "hsa-miR-200c-3p": ("MIMAT0000617", ["hsa-mir-200c"]),
    "hsa-miR-1-3p": ("MIMAT0000416", ["hsa-mir-1-1", "hsa-mir-1-2"]),
    "hsa-miR-122-5p": ("MIMAT0000421", ["hsa-mir-122"]),
}


@dataclass(frozen=True)
class Toy:
    """Counts to write: ``(n_samples, n_features)``."""

    samples: list[str]
    features: list[str]
    counts: np.ndarray

    @property
    def cpm(self) -> np.ndarray:
        return self.counts / self.counts.sum(axis=1, keepdims=True) * 1e6


# Dashes, a leading digit and a space, as they are met in real sample names.
TOY = Toy(
    samples=["1A-2", "plasma 7", "S3"],
    features=list(MIRNAS),
    counts=np.array([[70, 3000, 0, 12, 1], [0, 6, 600, 24, 0], [9, 90, 900, 0, 40000]]),
)


def _lines(path: Path, lines: list[str]) -> list[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return [path]


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def features_as_rows(
    path: Path, toy: Toy, corner: str, *, delimiter: str = "\t", values: np.ndarray | None = None
) -> list[Path]:
    values = toy.counts if values is None else values
    header = [corner, *toy.samples] if corner is not None else toy.samples
    lines = [delimiter.join(header)]
    for column, feature in enumerate(toy.features):
        lines.append(delimiter.join([feature, *map(_number, values[:, column])]))
    return _lines(path, lines)


def samples_as_rows(
    path: Path, toy: Toy, corner: str, *, delimiter: str = "\t", values: np.ndarray | None = None
) -> list[Path]:
    values = toy.counts if values is None else values
    lines = [delimiter.join([corner, *toy.features])]
    for sample, row in zip(toy.samples, values, strict=True):
        lines.append(delimiter.join([sample, *map(_number, row)]))
    return _lines(path, lines)


def smrnaseq_mirna(folder: Path, toy: Toy) -> list[Path]:
    return features_as_rows(folder / "mirna.tsv", toy, "miRNA")


def smrnaseq_joined(folder: Path, toy: Toy) -> list[Path]:
    """One row an isomiR; the pipeline sends the whole file through sort, header and all."""
    columns = ["UID", "Read", "miRNA", "Variant", "iso_5p", "iso_3p", "iso_add3p", "iso_snp"]
    columns += ["iso_5p_nt", "iso_3p_nt", "iso_add3p_nt", "iso_snp_nt"]
    lines = ["\t".join([*columns, *toy.samples])]
    for column, mirna in enumerate(toy.features):
        whole = toy.counts[:, column]
        parts = [whole // 3, whole - whole // 3]  # two isomiRs share the reads
        for number, part in enumerate(parts):
            read = "ACGT" * 5 + "ACGT"[column % 4] + "ACGT"[number]
            annotation = [f"iso-22-{column}{number}", read, mirna, "iso_3p:+1"]
            annotation += ["0", str(number), "0", "0", "0", "a", "0", "0"]
            lines.append("\t".join([*annotation, *map(str, part)]))
    return _lines(
        folder / "joined_samples_mirtop.tsv", sorted(lines, key=lambda line: line.lower())
    )


def smrnaseq_mirtop(folder: Path, toy: Toy) -> list[Path]:
    """The older per-isomiR table: no columns of nucleotides, and the header where it belongs."""
    columns = ["UID", "Read", "miRNA", "Variant", "iso_5p", "iso_3p", "iso_add3p", "iso_snp"]
    lines = ["\t".join([*columns, *toy.samples])]
    for column, mirna in enumerate(toy.features):
        whole = toy.counts[:, column]
        for number, part in enumerate([whole // 2, whole - whole // 2]):
            read = "ACGT" * 5 + "ACGT"[column % 4] + "ACGT"[number]
            annotation = [f"iso-22-{column}{number}", read, mirna, "NA", "0", "0", "0", "0"]
            lines.append("\t".join([*annotation, *map(str, part)]))
    return _lines(folder / "mirtop.tsv", lines)


def smrnaseq_edger(folder: Path, toy: Toy) -> list[Path]:
    """R's ``write.table(t(counts), sep = ",", quote = TRUE, col.names = NA)``."""
    lines = [",".join(['""', *(f'"{name}"' for name in toy.features)])]
    for sample, row in zip(toy.samples, toy.counts, strict=True):
        lines.append(",".join([f'"{sample}"', *map(str, row)]))
    return _lines(folder / "mature_counts.csv", lines)


def smrnaseq_hairpin(folder: Path, toy: Toy) -> list[Path]:
    """As the mature table, with precursors: copies share the reads of their mature."""
    names, columns = [], []
    for mirna, counts in zip(toy.features, toy.counts.T, strict=True):
        precursors = MIRNAS[mirna][1]
        for number, precursor in enumerate(precursors):
            names.append(precursor)
            columns.append([count // len(precursors) if number else
                            count - count // len(precursors) * (len(precursors) - 1)
                            for count in counts])  # fmt: skip
    lines = [",".join(['""', *(f'"{name}"' for name in names)])]
    for sample, row in zip(toy.samples, np.transpose(columns), strict=True):
        lines.append(",".join([f'"{sample}"', *map(str, row)]))
    return _lines(folder / "hairpin_counts.csv", lines)


def smrnaseq_cpm(folder: Path, toy: Toy) -> list[Path]:
    """R's ``write.table(cpm, sep = "\\t", quote = FALSE)``: the header is one field short."""
    return features_as_rows(folder / "mature_normalized_CPM.txt", toy, None, values=toy.cpm)


def smrnaseq_logtpm(folder: Path, toy: Toy) -> list[Path]:
    return samples_as_rows(folder / "mature_logtpm.txt", toy, "", values=np.log10(toy.cpm + 0.001))


def smrnaseq_logtpm_csv(folder: Path, toy: Toy) -> list[Path]:
    logged = np.log10(toy.cpm + 0.001)
    return samples_as_rows(folder / "mature_logtpm.csv", toy, '""', delimiter=",", values=logged)


def mirdeep2(folder: Path, toy: Toy) -> list[Path]:
    """Tab-separated, one row a mature on each precursor, each with all reads; RPM follow."""
    header = ["#miRNA", "read_count", "precursor", "total", *toy.samples]
    lines = ["\t".join([*header, *(f"{name}(norm)" for name in toy.samples)])]
    for column, mirna in enumerate(toy.features):
        counts, cpm = toy.counts[:, column], toy.cpm[:, column]
        for precursor in MIRNAS[mirna][1]:
            lead = [mirna, f"{counts.sum():.2f}", precursor, f"{counts.sum():.2f}"]
            lines.append("\t".join([*lead, *map(str, counts), *(f"{x:.2f}" for x in cpm)]))
    return _lines(folder / "miRNAs_expressed_all_samples_25_11_2026.csv", lines)


def mirdeep2_by_r(folder: Path, toy: Toy) -> list[Path]:
    """Read by R's read.csv and written again."""
    (path,) = mirdeep2(folder, toy)
    header, *rows = path.read_text().replace("\t", ",").splitlines()
    header = header.replace("#", "X.").replace("(norm)", ".norm.")
    return _lines(folder / "expressed.csv", [header, *rows])


def mirdeep2_weighed(folder: Path, toy: Toy) -> list[Path]:
    """With -W each precursor has its share of the reads."""
    lines = ["\t".join(["#miRNA", "read_count", "precursor", "total", *toy.samples])]
    for column, mirna in enumerate(toy.features):
        precursors = MIRNAS[mirna][1]
        for precursor in precursors:
            share = toy.counts[:, column] / len(precursors)
            lead = [mirna, f"{share.sum():.2f}", precursor, f"{share.sum():.2f}"]
            lines.append("\t".join([*lead, *map(_number, share)]))
    return _lines(folder / "miRNAs_expressed_all_samples_w.csv", lines)


def mirdeep2_samples(folder: Path, toy: Toy) -> list[Path]:
    """One file a sample, in a folder of its own."""
    paths = []
    for sample, row in zip(toy.samples, toy.counts, strict=True):
        lines = ["#miRNA\tread_count\tprecursor"]
        for mirna, count in zip(toy.features, row, strict=True):
            lines += [f"{mirna}\t{count}\t{precursor}" for precursor in MIRNAS[mirna][1]]
        paths += _lines(folder / sample / "miRNA_expressed.csv", lines)
    return paths


def mirge_counts(folder: Path, toy: Toy) -> list[Path]:
    return features_as_rows(folder / "miR.Counts.csv", toy, "miRNA", delimiter=",")


def mirge_rpm(folder: Path, toy: Toy) -> list[Path]:
    return features_as_rows(folder / "miR.RPM.csv", toy, "miRNA", delimiter=",", values=toy.cpm)


def excerpt_samples(folder: Path, toy: Toy) -> list[Path]:
    paths = []
    for sample, row in zip(toy.samples, toy.counts, strict=True):
        lines = [
            "ReferenceID\tuniqueReadCount\ttotalReadCount\tmultimapAdjustedReadCount"
            "\tmultimapAdjustedBarcodeCount"
        ]
        for mirna, count in zip(toy.features, row, strict=True):
            short = mirna.removeprefix("hsa-")
            name = f"{mirna}:{MIRNAS[mirna][0]}:Homo:sapiens:{short}"
            lines.append(f"{name}\t{count // 2}\t{count + 5}\t{float(count)}\t0.0")
        paths += _lines(folder / sample / "readCounts_miRNAmature_sense.txt", lines)
    return paths


def excerpt_merged(folder: Path, toy: Toy) -> list[Path]:
    return features_as_rows(
        folder / "exceRpt_miRNA_ReadCounts.txt", toy, "", values=toy.counts + 0.0
    )


def excerpt_merged_rpm(folder: Path, toy: Toy) -> list[Path]:
    return features_as_rows(folder / "exceRpt_miRNA_ReadsPerMillion.txt", toy, "", values=toy.cpm)


def excerpt_classes(folder: Path, toy: Toy) -> list[Path]:
    """Write the four merged tables, each with the toy's counts under names of its class."""
    names = {
        "miRNA": toy.features,
        "tRNA": ["Val-CAC", "Gly-GCC", "iMet-CAT", "SeC-TCA", "Lys-TTT"],
        "piRNA": [f"hsa_piR_00000{number}" for number in range(1, 6)],
        "gencode": ["MALAT1:lincRNA", "A1BG:protein_coding", "RN7SK:misc_RNA", "VIM-AS1:antisense",
                    "MT-RNR2:Mt_rRNA"],
    }  # fmt: skip
    paths = []
    for kind, features in names.items():
        paths += features_as_rows(
            folder / f"exceRpt_{kind}_ReadCounts.txt",
            Toy(toy.samples, features, toy.counts),
            "",
            values=toy.counts + 0.5 * (toy.counts > 1000),
        )
    return paths


def srnabench(folder: Path, toy: Toy) -> list[Path]:
    paths = []
    for sample, row in zip(toy.samples, toy.counts, strict=True):
        lines = [
            "name\tunique reads\tread count\tread count (mult. map. adj.)\tRPM (lib)\tRPM (total)"
            "\tcoordinateString\tRPM_adj (lib)\tRPM_adj (total)"
        ]
        for mirna, count in zip(toy.features, row, strict=True):
            places = len(MIRNAS[mirna][1])
            for place in range(places):
                cells = [
                    mirna,
                    str(count // 2),
                    str(count),
                    repr(float(count) / places),
                    "1.5",
                    "0.5",
                ]
                lines.append("\t".join([*cells, f"chr{place}:10-32:+", "1.0", "0.4"]))
        paths += _lines(folder / sample / "mature_sense.grouped", lines)
    return paths


def srnabench_single(folder: Path, toy: Toy) -> list[Path]:
    """Single assignment: each read counts for one place."""
    paths = []
    for sample, row in zip(toy.samples, toy.counts, strict=True):
        lines = [
            "name\tunique reads\tread count (SA)\tread count (MA)\tRPM (lib)\tRPM (total)"
            "\tcoordinateString\tRPM_adj (lib)\tRPM_adj (total)"
        ]
        for mirna, count in zip(toy.features, row, strict=True):
            cells = [mirna, "1", str(count), str(count + 7), "1.5", "0.5", "chr1:1-22:+", "1", "1"]
            lines.append("\t".join(cells))
        paths += _lines(folder / sample / "mature_sense_SA.grouped", lines)
    return paths


def gdc(folder: Path, toy: Toy) -> list[Path]:
    """One folder a sample, as its download client leaves them; RPM stand beside the counts."""
    paths = []
    for sample, row, cpm in zip(toy.samples, toy.counts, toy.cpm, strict=True):
        lines = ["miRNA_ID\tread_count\treads_per_million_miRNA_mapped\tcross-mapped"]
        for mirna, count, rpm in zip(toy.features, row, cpm, strict=True):
            lines.append(f"{mirna}\t{count}\t{rpm:.6f}\tN")
        paths += _lines(folder / sample / "mirnas.quantification.txt", lines)
    return paths


def gdc_isoforms(folder: Path, toy: Toy) -> list[Path]:
    """One row an isoform: two of each mature, and one read beside it on its precursor."""
    paths = []
    for sample, row in zip(toy.samples, toy.counts, strict=True):
        lines = [
            "miRNA_ID\tisoform_coords\tread_count\treads_per_million_miRNA_mapped\tcross-mapped"
            "\tmiRNA_region"
        ]
        for mirna, count in zip(toy.features, row, strict=True):
            identifier, (precursor, *_) = MIRNAS[mirna]
            for part in (count // 2, count - count // 2):
                cells = [precursor, "hg38:1:1-22:+", str(part), "0.5", "Y", f"mature,{identifier}"]
                lines.append("\t".join(cells))
            lines.append(f"{precursor}\thg38:1:9-31:+\t1\t0.5\tN\tprecursor")
        paths += _lines(folder / sample / "isoforms.quantification.txt", lines)
    return paths


def bcbio_isomirs(folder: Path, toy: Toy) -> list[Path]:
    """SeqBuster's isomiRs, two rows a miRNA, one file a sample."""
    paths = []
    for sample, row in zip(toy.samples, toy.counts, strict=True):
        lines = [
            "seq\tname\tfreq\tmir\tstart\tend\tmism\tadd\tt5\tt3\ts5\ts3\tDB\tprecursor\tambiguity"
        ]
        for mirna, count in zip(toy.features, row, strict=True):
            for part, added in ((count - count // 3, "0"), (count // 3, "AA")):
                cells = ["TGAGGTAGTAGGTTG", "seq_1_x1", str(part), mirna, "5", "26", "0", added]
                precursor = MIRNAS[mirna][1][0]
                lines.append("\t".join([*cells, "0", "t", "GG", "AC", "miRNA", precursor, "1"]))
        paths += _lines(folder / sample / f"{sample}-mirbase-ready.counts", lines)
    return paths


def smrnaseq_raw(folder: Path, toy: Toy) -> list[Path]:
    """``mirtop_rawData.tsv``: isomiRs of all samples, two rows a miRNA."""
    lines = ["\t".join(["seq", "mir", "mism", "add", "t5", "t3", *toy.samples])]
    for mirna, column in zip(toy.features, toy.counts.T, strict=True):
        for part, added in ((column - column // 3, "0"), (column // 3, "A")):
            cells = ["TGAGGTAGTAGGTTG", mirna, "16TC", added, "0", "g"]
            lines.append("\t".join([*cells, *map(str, part)]))
    return _lines(folder / "mirtop_rawData.tsv", lines)


def seqcluster_mirna(folder: Path, toy: Toy) -> list[Path]:
    return features_as_rows(folder / "counts_mirna.tsv", toy, "mirna")


def seqcluster_clusters(folder: Path, toy: Toy) -> list[Path]:
    lines = ["\t".join(["id", "nloci", "ann", *toy.samples])]
    for column, feature in enumerate(toy.features):
        lines.append("\t".join([str(column + 11), "2", feature, *map(str, toy.counts[:, column])]))
    return _lines(folder / "counts.tsv", lines)


def featurecounts(folder: Path, toy: Toy) -> list[Path]:
    lines = [
        '# Program:featureCounts v2.0.6; Command:"featureCounts" "-a" "hsa.gff3"',
        "\t".join(["Geneid", "Chr", "Start", "End", "Strand", "Length", *toy.samples]),
    ]
    for column, feature in enumerate(toy.features):
        place = ["chr1;chr2", "10;20", "31;41", "+;-", "44"]
        lines.append("\t".join([feature, *place, *map(str, toy.counts[:, column])]))
    return _lines(folder / "counts.txt", lines)


def featurecounts_attributes(folder: Path, toy: Toy) -> list[Path]:
    """With --extraAttributes there is text in front of the samples; some genes have none."""
    (path,) = featurecounts(folder, toy)
    lines = path.read_text().splitlines()
    lines[1] = lines[1].replace("Length", "Length\tbiotype\tgene_name")
    for row, line in enumerate(lines[2:], 2):
        lines[row] = line.replace("\t44", "\t44\tmiRNA\t" + ("MIR1" if row % 2 else ""))
    return _lines(path, lines)


def _transcripts(folder: Path, toy: Toy, header: str, row: str, name: str) -> list[Path]:
    """A file a sample of a program that shares reads out; `row` is filled in for each miRNA."""
    paths = []
    for sample, counts, cpms in zip(toy.samples, toy.counts, toy.cpm, strict=True):
        lines = [header]
        for mirna, count, cpm in zip(toy.features, counts, cpms, strict=True):
            lines.append(row.format(mirna=mirna, count=count, cpm=cpm))
        paths += _lines(folder / name.format(sample=sample), lines)
    return paths


def salmon(folder: Path, toy: Toy) -> list[Path]:
    """``quant.sf`` in a folder a sample."""
    return _transcripts(
        folder, toy, "Name\tLength\tEffectiveLength\tTPM\tNumReads",
        "{mirna}\t22\t22.000\t{cpm:.6f}\t{count:.3f}", "{sample}/quant.sf",
    )  # fmt: skip


def kallisto(folder: Path, toy: Toy) -> list[Path]:
    """``abundance.tsv`` in a folder a sample."""
    return _transcripts(
        folder, toy, "target_id\tlength\teff_length\test_counts\ttpm",
        "{mirna}\t22\t3.5\t{count}\t{cpm:.6g}", "{sample}/abundance.tsv",
    )  # fmt: skip


def rsem(folder: Path, toy: Toy) -> list[Path]:
    """``NAME.genes.results``, one a sample."""
    return _transcripts(
        folder, toy,
        "gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM",
        "{mirna}\t{mirna}\t22.00\t9.00\t{count:.2f}\t{cpm:.2f}\t{cpm:.1f}",
        "{sample}.genes.results",
    )  # fmt: skip


def idxstats(folder: Path, toy: Toy) -> list[Path]:
    """``samtools idxstats``: no header, a last row of reads without a place."""
    paths = []
    for sample, row in zip(toy.samples, toy.counts, strict=True):
        lines = [f"{name}\t22\t{count}\t0" for name, count in zip(toy.features, row, strict=True)]
        paths += _lines(folder / f"{sample}.idxstats.txt", [*lines, "*\t0\t0\t812"])
    return paths


def oasis(folder: Path, toy: Toy) -> list[Path]:
    """Two columns, no header, one file a sample."""
    paths = []
    for sample, row in zip(toy.samples, toy.counts, strict=True):
        lines = [f"{name}\t{count}" for name, count in zip(toy.features, row, strict=True)]
        paths += _lines(folder / "data" / "counts" / f"{sample}.txt", lines)
    return paths


def tsv_samples(folder: Path, toy: Toy) -> list[Path]:
    return samples_as_rows(folder / "counts.tsv", toy, "sample_id")


def csv_features_gz(folder: Path, toy: Toy) -> list[Path]:
    (plain,) = features_as_rows(folder / "counts.csv", toy, "id", delimiter=",")
    packed = folder / "counts_without_an_ending"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    return [packed]


def bgzip_like(folder: Path, toy: Toy) -> list[Path]:
    """Several gzip members one after another, as bgzip writes them."""
    (plain,) = samples_as_rows(folder / "plain.tsv", toy, "sample_id")
    data = plain.read_bytes()
    packed = folder / "counts.tsv.bgz"
    packed.write_bytes(b"".join(gzip.compress(data[i : i + 17]) for i in range(0, len(data), 17)))
    return [packed]


def excel_csv(folder: Path, toy: Toy) -> list[Path]:
    """A byte order mark, semicolons, decimal commas and Windows line ends."""
    lines = [";".join(["miRNA", *toy.samples])]
    for column, feature in enumerate(toy.features):
        lines.append(";".join([feature, *(f"{value},0" for value in toy.counts[:, column])]))
    path = folder / "counts.csv"
    path.write_bytes(("\ufeff" + "\r\n".join(lines) + "\r\n").encode())
    return [path]


def r_spaces(folder: Path, toy: Toy) -> list[Path]:
    """R's ``write.table(counts)`` with nothing but its defaults: spaces, quotes, a short header."""
    lines = [" ".join(f'"{name}"' for name in toy.samples)]
    for column, feature in enumerate(toy.features):
        lines.append(" ".join([f'"{feature}"', *map(str, toy.counts[:, column])]))
    return _lines(folder / "counts.txt", lines)


def _anndata(path: Path, toy: Toy, x, **parts) -> list[Path]:
    import anndata
    import pandas as pd

    data = anndata.AnnData(
        X=x,
        obs=pd.DataFrame({"tissue": ["blood", "", "liver"]}, index=toy.samples),
        var=pd.DataFrame(index=toy.features),
        **parts,
    )
    data.write_h5ad(path)
    return [path]


def h5ad_integers(folder: Path, toy: Toy) -> list[Path]:
    return _anndata(folder / "dense.h5ad", toy, toy.counts.astype(np.int32))


def h5ad_csr(folder: Path, toy: Toy) -> list[Path]:
    from scipy import sparse

    return _anndata(folder / "rows.h5ad", toy, sparse.csr_matrix(toy.counts.astype(np.float32)))


def h5ad_csc(folder: Path, toy: Toy) -> list[Path]:
    from scipy import sparse

    return _anndata(folder / "columns.h5ad", toy, sparse.csc_matrix(toy.counts.astype(np.float64)))


def h5ad_layer(folder: Path, toy: Toy) -> list[Path]:
    """X holds logarithms, a layer the counts."""
    logged = np.log1p(toy.cpm).astype(np.float32)
    return _anndata(folder / "layers.h5ad", toy, logged, layers={"counts": toy.counts})


def parquet_samples(folder: Path, toy: Toy) -> list[Path]:
    import pandas as pd

    table = pd.DataFrame(toy.counts, index=toy.samples, columns=toy.features)
    table.to_parquet(folder / "samples.parquet")
    return [folder / "samples.parquet"]


def parquet_features(folder: Path, toy: Toy) -> list[Path]:
    import pandas as pd

    table = pd.DataFrame(toy.counts.T, columns=toy.samples)
    table.insert(0, "miRNA", toy.features)
    table.to_parquet(folder / "features.parquet", index=False)
    return [folder / "features.parquet"]


COUNT_WRITERS = [
    smrnaseq_mirna, smrnaseq_joined, smrnaseq_mirtop, smrnaseq_edger, mirdeep2, mirdeep2_by_r,
    mirdeep2_weighed,
    mirdeep2_samples, mirge_counts, excerpt_samples, excerpt_merged, srnabench, srnabench_single,
    gdc, bcbio_isomirs, smrnaseq_raw, seqcluster_mirna, seqcluster_clusters, featurecounts,
    featurecounts_attributes, salmon, kallisto, rsem, idxstats, oasis, tsv_samples, csv_features_gz,
    bgzip_like, excel_csv, r_spaces, h5ad_integers, h5ad_csr, h5ad_csc, h5ad_layer,
    parquet_samples, parquet_features,
]  # fmt: skip
RPM_WRITERS = [smrnaseq_cpm, mirge_rpm, excerpt_merged_rpm]
