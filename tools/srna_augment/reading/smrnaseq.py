"""The isomiR tables of mirtop in nf-core/smrnaseq: ``joined_samples_mirtop.tsv``, ``mirtop.tsv``.

One row a read sequence; a miRNA's count is the sum over its rows, as the pipeline's own
``collapse_mirtop.r`` makes ``mirna.tsv``. The pipeline sorts the joined file whole, so the header
can be on any line.
"""

from __future__ import annotations

import re

from srna_augment.errors import DataError
from srna_augment.expression import ExpressionTable
from srna_augment.units import COUNTS

from .matrix import check_samples, read_rows, sum_rows
from .stream import Stream
from .text import Layout, split_line

# The columns that mirtop's counts writes before the samples; --add-extra adds the last four.
ANNOTATION = (
    "UID", "Read", "miRNA", "Variant", "iso_5p", "iso_3p", "iso_add3p", "iso_snp",
    "iso_5p_nt", "iso_3p_nt", "iso_add3p_nt", "iso_snp_nt",
)  # fmt: skip
_HEADER = re.compile(rb'^"?UID"?([\t,])"?Read"?[\t,].*$', re.MULTILINE)
_ROW = re.compile(rb'^"?[^\t,]+"?[\t,]"?[ACGTUN]{12,}"?[\t,]"?[A-Za-z]{3}-(?:miR|let|mir)-')


def is_mirtop(lines: list[bytes]) -> bool:
    """Tell a mirtop isomiR table by its header or, where that is further down, by a row."""
    return any(_HEADER.match(line) or _ROW.match(line) for line in lines[:3])


def read_mirtop(stream: Stream) -> ExpressionTable:
    """Read a mirtop isomiR table, summed to miRNAs.

    Returns
    -------
    ExpressionTable
        ``(n_samples, n_mirnas)``. An empty cell is zero here, since the rows are all isomiRs that
        any sample has.

    Raises
    ------
    DataError
        The header is missing or has no samples.
    """
    name = stream.name
    data = stream.read_all()
    found = _HEADER.search(data)
    if not found:
        raise DataError(
            f"{name}: looks like a mirtop isomiR table without its header line (UID, Read, "
            "miRNA, ...): put it back, or give mirna.tsv of the same folder"
        )
    delimiter = found[1]
    header = split_line(found[0].rstrip(b"\r"), delimiter, blanks=True)
    samples = [cell for cell in header if cell not in ANNOTATION]
    if not samples or "miRNA" not in header:
        raise DataError(f"{name}: has no samples after mirtop's own columns: give the joined table")
    check_samples(samples, "column", name)
    # The header's line number is kept: messages count lines as the file has them.
    start, end = found.span()
    stream.put_back(data[:start] + b" " * (end - start) + data[end:])
    del data
    layout = Layout(
        delimiter=delimiter,
        width=len(header),
        names=header.index("miRNA"),
        values=[column for column, cell in enumerate(header) if cell not in ANNOTATION],
        columns=samples,
        left_out=[],
        corner="miRNA",
    )
    mirnas, values = read_rows(stream, layout, header=False)
    features, sums = sum_rows(mirnas, values)
    return ExpressionTable(
        values=sums.T,
        samples=samples,
        features=features,
        units=COUNTS,
        recognised=f"mirtop isomiR table (nf-core/smrnaseq), {len(mirnas):,} isomiRs summed",
    )
