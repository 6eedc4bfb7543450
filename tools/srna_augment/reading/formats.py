"""Which format an input is in, by its content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from srna_augment.errors import DataError, UsageError
from srna_augment.expression import ExpressionTable

from . import anndata_file, annotated, mirdeep2, per_sample, seqbuster, smrnaseq
from .matrix import read_matrix
from .parquet_file import MAGIC as PARQUET_MAGIC
from .parquet_file import read_parquet
from .preamble import pass_over_preamble
from .stream import Stream


@dataclass(frozen=True)
class TextFormat:
    """A text format that its first lines give away.

    Attributes
    ----------
    recognise : callable
        Takes the first lines, comments left out.
    read : callable
        Takes the stream, comments left out.
    """

    recognise: Callable[[list[bytes]], bool]
    read: Callable[[Stream], ExpressionTable]


# In the order in which they are tried: each knows its own header; a matrix is what is left.
_TEXT_FORMATS = {
    "mirtop": TextFormat(smrnaseq.is_mirtop, smrnaseq.read_mirtop),
    "seqbuster": TextFormat(seqbuster.is_seqbuster, seqbuster.read_seqbuster),
    "mirdeep2": TextFormat(mirdeep2.is_mirdeep2, mirdeep2.read_mirdeep2),
    "excerpt": TextFormat(per_sample.is_excerpt, per_sample.read_excerpt),
    "srnabench": TextFormat(per_sample.is_srnabench, per_sample.read_srnabench),
    "gdc": TextFormat(per_sample.is_gdc, per_sample.read_gdc),
    "transcripts": TextFormat(per_sample.is_transcripts, per_sample.read_transcripts),
    "seqcluster": TextFormat(annotated.is_seqcluster, annotated.read_seqcluster),
    "featurecounts": TextFormat(annotated.is_featurecounts, annotated.read_featurecounts),
    "idxstats": TextFormat(per_sample.is_idxstats, per_sample.read_idxstats),
    "two-columns": TextFormat(per_sample.is_two_columns, per_sample.read_two_columns),
}

FORMATS = ("auto", "matrix", *_TEXT_FORMATS, "h5ad", "parquet")
"""What a user can insist on; ``matrix`` is every table of names on two axes."""


def read_any(stream: Stream, *, format: str, orientation: str, units: str) -> ExpressionTable:
    """Read an input in whatever format it is, or in the one that is insisted on.

    Raises
    ------
    DataError
        The data are in no format that is known, or not in the one that is insisted on.
    UsageError
        No such format.
    """
    if format not in FORMATS:
        raise UsageError(
            f"--format {format}: there is no such format: use one of {', '.join(FORMATS)}"
        )
    head = stream.head(8)
    if head == anndata_file.MAGIC and format in ("auto", "h5ad"):
        return anndata_file.read_anndata(stream, orientation=orientation, units=units)
    if head[:4] == PARQUET_MAGIC and format in ("auto", "parquet"):
        return read_parquet(stream, orientation=orientation)
    stream.refuse_other_formats()
    lines = pass_over_preamble(stream)
    if format in _TEXT_FORMATS or format in ("h5ad", "parquet"):
        known = _TEXT_FORMATS.get(format)
        if known is None or not known.recognise(lines):
            raise DataError(
                f"{stream.name}: is not {format}, as --format says: leave --format out to have it "
                "recognised"
            )
        return known.read(stream)
    if format == "auto":
        for known in _TEXT_FORMATS.values():
            if known.recognise(lines):
                return known.read(stream)
    return read_matrix(stream, orientation=orientation)
