"""Matrices whose rows start with columns of annotation: seqcluster's clusters, featureCounts."""

from __future__ import annotations

from srna_augment.expression import ExpressionTable
from srna_augment.units import COUNTS

from .matrix import check_samples, read_rows
from .stream import Stream
from .text import Layout, is_number, split_line

_SEQCLUSTER = ("id", "nloci", "ann")
_FEATURECOUNTS = ("Geneid", "Chr", "Start", "End", "Strand", "Length")
# Lines that are looked at to tell text from counts.
_N_LINES = 12


def is_seqcluster(lines: list[bytes]) -> bool:
    """Tell seqcluster's ``counts.tsv`` by its header."""
    return tuple(split_line(lines[0], b"\t")[:3]) == _SEQCLUSTER


def is_featurecounts(lines: list[bytes]) -> bool:
    """Tell featureCounts' table by its header, which follows a comment."""
    return tuple(split_line(lines[0], b"\t")[:6]) == _FEATURECOUNTS


def read_seqcluster(stream: Stream) -> ExpressionTable:
    """Read seqcluster's clusters by their annotation, ``(n_samples, n_features)``.

    Cluster numbers mean nothing outside their run, so the features are the annotations; clusters
    without one keep their number, and will match no model.
    """
    header = split_line(stream.head_lines(1)[0], b"\t", blanks=True)
    values = list(range(3, len(header)))
    layout = Layout(b"\t", len(header), 2, values, [header[c] for c in values], [], "ann")
    check_samples(layout.columns, "column", stream.name)
    names, counts = read_rows(stream, layout)
    names = [name.strip() for name in names]
    features = [
        name if name not in ("", ".", "None", "NA") else f"cluster {row}"
        for row, name in enumerate(names, 1)
    ]
    return ExpressionTable(
        values=counts.T,
        samples=layout.columns,
        features=features,
        units=COUNTS,
        recognised="seqcluster clusters, named by annotation",
    )


def read_featurecounts(stream: Stream) -> ExpressionTable:
    """Read featureCounts' table, ``(n_samples, n_features)``."""
    first, *lines = stream.head_lines(_N_LINES)
    header = split_line(first, b"\t", blanks=True)
    rows = [split_line(line, b"\t") for line in lines]
    # --extraAttributes puts columns of text in front of the samples
    text = [
        column
        for column in range(len(_FEATURECOUNTS), len(header))
        if any(not is_number(row[column]) for row in rows if len(row) > column)
        and not any(row[column].isdigit() for row in rows if len(row) > column)
    ]
    first_sample = max(text, default=len(_FEATURECOUNTS) - 1) + 1
    values = list(range(first_sample, len(header)))
    layout = Layout(b"\t", len(header), 0, values, [header[c] for c in values], [], header[0])
    check_samples(layout.columns, "column", stream.name)
    features, counts = read_rows(stream, layout)
    return ExpressionTable(
        values=counts.T,
        samples=layout.columns,
        features=[feature.strip() for feature in features],
        units=COUNTS,
        recognised="featureCounts table",
    )
