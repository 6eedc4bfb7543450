"""SeqBuster's isomiRs, as miraligner, bcbio and isomiRs write them: a row a read sequence.

A file of one sample has its counts in ``freq``; ``mirtop_rawData.tsv`` of older nf-core/smrnaseq
has a column for each sample. A miRNA's count is the sum over its rows, which is what bcbio itself
puts into ``counts_mirna.tsv``.
"""

from __future__ import annotations

from srna_augment.errors import DataError
from srna_augment.expression import ExpressionTable
from srna_augment.units import COUNTS

from .matrix import check_samples, read_rows, sum_rows
from .stream import Stream
from .text import Layout, split_line

_ISOMIR = ("seq", "mir", "mism", "add", "t5", "t3")
_OTHERS = ("name", "freq", "start", "end", "s5", "s3", "DB", "precursor", "ambiguity")


def is_seqbuster(lines: list[bytes]) -> bool:
    """Tell isomiRs of SeqBuster by their header."""
    return set(_ISOMIR) <= set(split_line(lines[0], b"\t"))


def read_seqbuster(stream: Stream) -> ExpressionTable:
    """Read isomiRs of SeqBuster, summed to miRNAs, ``(n_samples, n_mirnas)``.

    Raises
    ------
    DataError
        There is no column of counts.
    """
    header = split_line(stream.head_lines(1)[0], b"\t", blanks=True)
    if "freq" in header:
        values, samples = [header.index("freq")], [stream.sample]
    else:
        values = [i for i, cell in enumerate(header) if cell not in _ISOMIR + _OTHERS]
        samples = [header[column] for column in values]
    if not values:
        raise DataError(
            f"{stream.name}: has isomiRs without counts (a column 'freq', or one for each sample): "
            "give the table of counts"
        )
    check_samples(samples, "column", stream.name)
    layout = Layout(b"\t", len(header), header.index("mir"), values, samples, [], "mir")
    names, counts = read_rows(stream, layout)
    features, sums = sum_rows(names, counts)
    return ExpressionTable(
        values=sums.T,
        samples=samples,
        features=features,
        units=COUNTS,
        recognised="isomiRs of SeqBuster, summed",
    )
