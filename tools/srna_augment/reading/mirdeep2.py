"""miRDeep2's ``miRNAs_expressed_all_samples_*.csv`` and ``miRNA_expressed.csv``.

They are separated by tabs, but by commas where R or a spreadsheet has saved them again; R writes
``X.miRNA`` and ``S1.norm.`` for ``#miRNA`` and ``S1(norm)``.
"""

from __future__ import annotations

import numpy as np

from srna_augment.errors import DataError
from srna_augment.expression import ExpressionTable
from srna_augment.units import COUNTS

from .matrix import check_samples, read_rows
from .stream import Stream
from .text import Layout, split_line

_LEAD = ("#miRNA", "read_count", "precursor", "total")
_NORM = ("(norm)", ".norm.")


def is_mirdeep2(lines: list[bytes]) -> bool:
    """Tell the table by its header, that of all samples or of one (``miRNA_expressed.csv``)."""
    _, header = _header(lines[0])
    name, *others = (cell.strip() for cell in header)
    lead = (name.replace("X.", "#"), *others)
    return lead[:4] == _LEAD or lead == _LEAD[:3]


def _header(line: bytes) -> tuple[bytes, list[str]]:
    """Split the header, outer blanks of samples kept; the delimiter comes first."""
    delimiter = b"\t" if b"\t" in line else b","
    return delimiter, split_line(line, delimiter, blanks=True)


def read_mirdeep2(stream: Stream) -> ExpressionTable:
    """Read a miRDeep2 quantification.

    There is a row for each mature miRNA on each of its precursors, and a read that fits several
    precursors is counted on each: the highest of a miRNA's rows is its count. Quantified with
    ``-W``, reads are shared among precursors (so that counts have fractions), and rows are summed.

    Returns
    -------
    ExpressionTable
        ``(n_samples, n_mirnas)``; the ``(norm)`` columns are left out.

    Raises
    ------
    DataError
        There is no column of counts.
    """
    delimiter, header = _header(stream.head_lines(1)[0])
    values = [
        column
        for column in range(4, len(header))
        if header[column].strip() and not header[column].strip().endswith(_NORM)
    ]
    samples = [header[column] for column in values]
    if len(header) < len(_LEAD):  # the file of one sample
        values, samples = [_LEAD.index("read_count")], [stream.sample]
    if not values:
        raise DataError(f"{stream.name}: has no column of counts after '{_LEAD[-1]}'")
    check_samples(samples, "column", stream.name)
    layout = Layout(delimiter, len(header), 0, values, samples, [], header[0])
    names, counts = read_rows(stream, layout)
    shared = bool(np.any(counts != np.rint(counts)))
    order: dict[str, int] = {}
    rows = np.array([order.setdefault(name.strip(), len(order)) for name in names])
    merged = np.zeros((len(order), len(samples)), dtype=np.float32)
    (np.add if shared else np.maximum).at(merged, rows, np.nan_to_num(counts, nan=0.0))
    how = "sum" if shared else "highest"
    return ExpressionTable(
        values=merged.T,
        samples=samples,
        features=list(order),
        units=COUNTS,
        recognised=f"miRDeep2 quantification ({how} of each miRNA's precursors)",
    )
