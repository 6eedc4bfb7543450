"""Files of one sample each: exceRpt, sRNAbench, GDC, Salmon, and those without a header."""

from __future__ import annotations

import numpy as np

from srna_augment.expression import ExpressionTable
from srna_augment.features.names import looks_like_feature
from srna_augment.units import COUNTS

from .matrix import read_rows
from .stream import Stream
from .text import Layout, find_delimiter, is_number, split_line

# The row of reads without a place, and how long mature or hairpin references are.
IDXSTATS_NOWHERE = "*"
PLAUSIBLE_LENGTHS = range(10, 400)
# The columns that the tools' own merging scripts use: reads that map to several RNAs are shared.
_EXCERPT = ("ReferenceID", "multimapAdjustedReadCount")
_EXCERPT_GENES = ("GeneSymbol", "multimapAdjustedReadCount")
_SRNABENCH = ("name", "read count (mult. map. adj.)")
_SRNABENCH_SINGLE = ("name", "read count (SA)")
_GDC = ("miRNA_ID", "read_count", "reads_per_million_miRNA_mapped")
_GDC_REGION = "miRNA_region"
# Name, reads and effective length of programs that share reads out among transcripts.
_TRANSCRIPTS = {
    "Salmon": ("Name", "NumReads", "EffectiveLength"),
    "kallisto": ("target_id", "est_counts", "eff_length"),
    "RSEM, genes": ("gene_id", "expected_count", "effective_length"),
    "RSEM, transcripts": ("transcript_id", "expected_count", "effective_length"),
}


def is_excerpt(lines: list[bytes]) -> bool:
    """Tell exceRpt's ``readCounts_*.txt`` by its header."""
    header = set(split_line(lines[0], b"\t"))
    return set(_EXCERPT) <= header or set(_EXCERPT_GENES) <= header


def is_srnabench(lines: list[bytes]) -> bool:
    """Tell sRNAbench's ``*.grouped`` by its header."""
    header = set(split_line(lines[0], b"\t"))
    return "unique reads" in header and (
        set(_SRNABENCH) <= header or set(_SRNABENCH_SINGLE) <= header
    )


def is_gdc(lines: list[bytes]) -> bool:
    """Tell GDC's ``mirnas.quantification.txt`` and ``isoforms.quantification.txt``."""
    return set(_GDC) <= set(split_line(lines[0], b"\t"))


def is_transcripts(lines: list[bytes]) -> bool:
    """Tell Salmon's ``quant.sf``, kallisto's ``abundance.tsv`` and RSEM's results."""
    return _program(lines[0]) is not None


def is_two_columns(lines: list[bytes]) -> bool:
    """Tell two columns, a name and a number, from the first line on."""
    delimiter = find_delimiter(lines)
    rows = [split_line(line, delimiter) for line in lines]
    pairs = all(len(row) == 2 and row[0] and row[1] and is_number(row[1]) for row in rows)
    # A sample may be called 7: only the name of an RNA tells a row from a header.
    return pairs and looks_like_feature(rows[0][0])


def is_idxstats(lines: list[bytes]) -> bool:
    """Tell ``samtools idxstats``: reference, length, reads mapped, mates of theirs that are not.

    Small RNAs have no mates: zeros, but for the last row, of reads without a place.
    """
    rows = [split_line(line, b"\t") for line in lines if line.strip()]
    return all(
        len(row) == 4 and row[1].isdigit() and row[2].isdigit() and row[3].isdigit()
        and (row[0] == IDXSTATS_NOWHERE or (int(row[1]) in PLAUSIBLE_LENGTHS and row[3] == "0"))
        for row in rows
    ) and looks_like_feature(rows[0][0])  # fmt: skip


def read_excerpt(stream: Stream) -> ExpressionTable:
    """Read exceRpt's counts of one sample, ``(1, n_features)``.

    Names are cut to the RNA's own: ``hsa-miR-101-3p:MIMAT0000099:Homo:sapiens:miR-101-3p`` becomes
    ``hsa-miR-101-3p``, alternatives joined by a bar stay joined.
    """
    header = split_line(stream.head_lines(1)[0], b"\t")
    columns = _EXCERPT if _EXCERPT[0] in header else _EXCERPT_GENES
    table = _read_named(stream, *columns, "exceRpt counts of one sample")
    table.features = [
        "|".join(part.split(":", 1)[0] for part in name.split("|")) for name in table.features
    ]
    return table


def read_srnabench(stream: Stream) -> ExpressionTable:
    """Read sRNAbench's grouped counts of one sample, ``(1, n_features)``.

    A name is there once for each place that its reads map to; the reads of a place are shared out
    by how many places they map to, so that rows of one name add up.
    """
    header = split_line(stream.head_lines(1)[0], b"\t")
    columns = _SRNABENCH if _SRNABENCH[1] in header else _SRNABENCH_SINGLE
    return _read_named(stream, *columns, "sRNAbench grouped counts of one sample")


def read_gdc(stream: Stream) -> ExpressionTable:
    """Read GDC's counts of one sample, ``(1, n_features)``.

    Isoforms are summed to matures by their accession (``mature,MIMAT0000062``); those beside a
    mature stay with their precursor.
    """
    header = split_line(stream.head_lines(1)[0], b"\t")
    if _GDC_REGION not in header:
        return _read_named(stream, *_GDC[:2], "GDC counts of one sample")
    name, region = header.index(_GDC[0]), header.index(_GDC_REGION)
    lines = stream.read_all().split(b"\n")
    for number, line in enumerate(lines[1:], 1):
        cells = line.rstrip(b"\r").split(b"\t")
        if len(cells) == len(header) and cells[region].startswith(b"mature,"):
            cells[name] = cells[region].removeprefix(b"mature,")
            lines[number] = b"\t".join(cells)
    stream.put_back(b"\n".join(lines))
    return _read_named(stream, *_GDC[:2], "GDC isoforms of one sample, summed to matures")


def read_transcripts(stream: Stream) -> ExpressionTable:
    """Read the reads of Salmon, kallisto or RSEM, ``(1, n_features)``, without lengths and TPM."""
    program = _program(stream.head_lines(1)[0])
    assert program is not None
    name, reads, _ = _TRANSCRIPTS[program]
    return _read_named(stream, name, reads, f"counts of one sample ({program})")


def read_two_columns(stream: Stream) -> ExpressionTable:
    """Read names and counts of one sample without a header, ``(1, n_features)``."""
    delimiter = find_delimiter(stream.head_lines(12))
    layout = Layout(delimiter, 2, 0, [1], ["2"], [], "")
    names, values = read_rows(stream, layout, header=False)
    features = [name.strip() for name in names]
    return _one_sample(stream, features, values, "counts of one sample in two columns (as Oasis 2)")


def read_idxstats(stream: Stream) -> ExpressionTable:
    """Read the reads of ``samtools idxstats``, ``(1, n_features)``."""
    names, values = read_rows(stream, Layout(b"\t", 4, 0, [2], ["mapped"], [], ""), header=False)
    somewhere = np.array([name.strip() != IDXSTATS_NOWHERE for name in names])
    features = [name.strip() for name in names if name.strip() != IDXSTATS_NOWHERE]
    return _one_sample(stream, features, values[somewhere], "counts of one sample (idxstats)")


def _program(line: bytes) -> str | None:
    """Tell which program of `_TRANSCRIPTS` wrote a header, if one did."""
    header = set(split_line(line, b"\t"))
    return next((name for name, columns in _TRANSCRIPTS.items() if set(columns) <= header), None)


def _read_named(stream: Stream, name: str, values: str, title: str) -> ExpressionTable:
    header = split_line(stream.head_lines(1)[0], b"\t")
    layout = Layout(
        b"\t", len(header), header.index(name), [header.index(values)], [values], [], name
    )
    names, counts = read_rows(stream, layout)
    features = [name.strip() for name in names]
    table = _one_sample(stream, features, counts, title)
    table.units = COUNTS
    order: dict[str, int] = {}
    rows = np.array([order.setdefault(feature, len(order)) for feature in features])
    if len(order) < len(features):
        sums = np.zeros(len(order))
        np.add.at(sums, rows, np.nan_to_num(counts[:, 0], nan=0.0))
        table.values = sums.astype(np.float32)[None, :]
        table.features = list(order)
    return table


def _one_sample(
    stream: Stream, names: list[str], values: np.ndarray, title: str
) -> ExpressionTable:
    return ExpressionTable(
        values=values.T,
        samples=[stream.sample],
        features=names,
        units="",
        recognised=title,
    )
