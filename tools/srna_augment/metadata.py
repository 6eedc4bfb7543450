"""Metadata of samples: read as given, matched to the samples of a table, each tolerance said."""

from __future__ import annotations

import csv
import io
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import DataError
from .reading.naming import ID_COLUMNS
from .reading.preamble import is_separator_mark
from .reading.stream import Stream
from .reading.text import decode, find_delimiter

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("srna_augment")

_READS = r"fastq|fq"
_MADE_OF_READS = r"gz|bam|sam|sorted|trimmed|collapsed|mature|hairpin|seqcluster|mirna|counts?"
_ENDINGS = re.compile(rf"(?:[._-](?:{_READS}|{_MADE_OF_READS}))+$", re.IGNORECASE)
_ENDINGS_R1 = re.compile(rf"(?:[._-](?:{_READS}|{_MADE_OF_READS}|r1))+$", re.IGNORECASE)
# R2 of a sample is not the other end of the same reads, but another replicate; in metadata R2 of
# FASTQ may be either.
_SECOND_SAMPLE = re.compile(rf"[._-]r[2-9](?:[._-](?:{_READS}|{_MADE_OF_READS}))*$", re.IGNORECASE)
_SECOND_ROW = re.compile(rf"[._-]r[2-9](?:[._-](?:{_MADE_OF_READS}))*$", re.IGNORECASE)


def read_metadata(path: str | Path) -> pd.DataFrame:
    """Read a metadata table, every cell a string as it was written.

    Parameters
    ----------
    path : str or pathlib.Path
        TSV or CSV (also semicolons), plain or gzipped; ``-`` is standard input.

    Returns
    -------
    pandas.DataFrame
        ``(n_rows, n_columns)`` of str, all columns in their order, indexed by the sample id: column
        ``sample_id``, ``sample``, ``id`` (whatever the case), or else the first.

    Raises
    ------
    DataError
        The table is empty, its rows are uneven, or an id is missing or there twice.
    """
    import pandas as pd

    stream = Stream(path)
    try:
        stream.refuse_other_formats()
        lines = stream.head_lines(20)
        text = decode(stream.read_all())
    finally:
        stream.close()
    where = stream.name
    if lines and is_separator_mark(lines[0]):
        lines, text = lines[1:], text[text.find("\n") :]  # its line still counts
    if "\0" in text:
        row = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{where}, row {row}: holds a NUL character: write the table again")
    header, rows, lines_of_rows = _read_table(text, [line for line in lines if line.strip()], where)
    repeated = sorted({name for name in header if header.count(name) > 1}, reverse=True)
    if repeated == [""]:
        raise DataError(f"{where}: has columns without a name: name them, or take them out")
    if repeated:
        raise DataError(f"{where}: column '{repeated[0]}' is there twice: rename one")
    if header[0] == "":
        header[0] = "sample_id" if "sample_id" not in header else "row_name"
    column = _id_column(header)
    ids = [row[column] for row in rows]
    _check_ids(ids, lines_of_rows, where, header[column])
    data = {name: [row[i] for row in rows] for i, name in enumerate(header)}
    return pd.DataFrame(data, index=pd.Index(ids, dtype=str, name=None), dtype=str)


def _read_table(
    text: str, head: list[bytes], where: str
) -> tuple[list[str], list[list[str]], list[int]]:
    """Find the delimiter in the first lines, and return what `_read_rows` does.

    Whole rows tell it, or else lines: an odd mark makes one row of many.
    """
    first, *others = dict.fromkeys(
        find_delimiter(some).decode() for some in (_whole_rows(head) or head, head)
    )
    try:
        return _read_rows(text, first, where)
    except DataError:
        if not others:
            raise
    return _read_rows(text, others[0], where)


def _whole_rows(lines: list[bytes]) -> list[bytes]:
    """Join the lines of cells in quotes that have several; a row that goes on is left out."""
    rows = [b""]
    for line in lines:
        rows[-1] += line
        if rows[-1].count(b'"') % 2 == 0:
            rows.append(b"")
    return rows[:-1]


def _split(text: str, delimiter: str, where: str) -> Iterator[tuple[list[str], int]]:
    """Yield each row, and the line that it ends in."""
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(lines, delimiter=delimiter)
    end = 0
    try:
        for row in reader:
            if any("\n" in cell or "\r" in cell for cell in row):
                # an odd mark (`"5 mm`) would take the rows below it into its cell without a word
                list(csv.reader(lines[end : reader.line_num], delimiter=delimiter, strict=True))
            end = reader.line_num
            yield row, end
    except csv.Error as error:
        raise DataError(
            f"{where}, row {end + 1}: cannot be split into cells ({error}): check its quotes"
        ) from None


def _read_rows(
    text: str, delimiter: str, where: str
) -> tuple[list[str], list[list[str]], list[int]]:
    """Return header, rows, and the line that each row ends in; blank lines are passed over."""
    split = _split(text, delimiter, where)
    header = [cell.strip() for cell in next((row for row, _ in split if row), [])]
    if not header:
        raise DataError(f"{where}: is empty: the program that wrote it may have failed")
    header[0] = header[0].removeprefix("#").strip()
    rows: list[list[str]] = []
    lines: list[int] = []
    for row, line in split:
        if not any(cell.strip() for cell in row):
            continue
        if not rows and len(row) == len(header) + 1:  # R's write.table names no column of row names
            header = ["sample_id", *header]
        if len(row) != len(header):
            raise DataError(
                f"{where}, row {line}: has {len(row)} cells where the header has "
                f"{len(header)}: quote cells that hold the delimiter, or complete the row"
            )
        rows.append(row)
        lines.append(line)
    if not rows:
        raise DataError(f"{where}: has a header and no row: give one row a sample")
    return header, rows, lines


def _id_column(header: Sequence[str]) -> int:
    lower = [name.lower() for name in header]
    for name in ID_COLUMNS:
        for names in (header, lower):
            if name in names:
                return names.index(name)
    return 0


def _check_ids(ids: Sequence[str], lines: Sequence[int], where: str, column: str) -> None:
    seen: dict[str, int] = {}
    for number, name in zip(lines, ids, strict=True):
        if not name.strip():
            raise DataError(
                f"{where}, row {number}, column {column}: the sample id is missing: fill it in"
            )
        if name in seen:
            raise DataError(
                f"{where}, row {number}, column {column}: sample '{name}' is already in row "
                f"{seen[name]}: keep one row a sample"
            )
        seen[name] = number


@dataclass
class MatchReport:
    """How samples found their metadata.

    Attributes
    ----------
    n_exact : int
        Samples whose id is in the metadata as it is.
    tolerant : dict of str to str
        Samples whose id is there in another spelling, and that spelling.
    without_metadata : list of str
        Samples that have no row.
    without_sample : list of str
        Ids of rows that no sample has.
    """

    n_exact: int = 0
    tolerant: dict[str, str] = field(default_factory=dict)
    without_metadata: list[str] = field(default_factory=list)
    without_sample: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """Return the counts in one line."""
        return (
            f"metadata: {self.n_exact:,} samples matched as they are, {len(self.tolerant):,} in "
            f"another spelling, {len(self.without_metadata):,} samples without metadata, "
            f"{len(self.without_sample):,} rows without a sample"
        )


def match(samples: Sequence[str], metadata: pd.DataFrame) -> tuple[pd.DataFrame, MatchReport]:
    """Align metadata with samples: exactly first, then by what R and file names do to ids.

    Parameters
    ----------
    samples : sequence of str
        ``(n_samples,)`` ids of the table.
    metadata : pandas.DataFrame
        Rows indexed by sample id, as `read_metadata` returns them.

    Returns
    -------
    aligned : pandas.DataFrame
        ``(n_samples, n_columns)``, indexed by `samples`, columns untouched; empty strings where a
        sample has no row.
    report : MatchReport
        Who was matched how. It has been logged.

    Raises
    ------
    DataError
        No sample has metadata, or a tolerant match is ambiguous.
    """
    metadata = metadata[~metadata.index.duplicated()] if metadata.index.has_duplicates else metadata
    ids = [str(name) for name in metadata.index]
    known = set(ids)
    found: dict[str, str] = {sample: sample for sample in samples if sample in known}
    report = MatchReport(n_exact=len(found))
    replicates = any(map(_SECOND_SAMPLE.search, samples)) or any(map(_SECOND_ROW.search, ids))
    for tolerance in _tolerances(_ENDINGS if replicates else _ENDINGS_R1):
        _match_tolerantly(samples, ids, found, report, *tolerance)
    used = set(found.values())
    report.without_metadata = [sample for sample in samples if sample not in found]
    report.without_sample = [name for name in ids if name not in used]
    if not found and len(samples) > 0:
        raise DataError(
            f"metadata: no sample id matches: the table has '{samples[0]}', the metadata have "
            f"'{ids[0] if ids else ''}': name the id column sample_id, and use the ids of the table"
        )
    _log(report)
    aligned = metadata.reindex([found.get(sample, "\0") for sample in samples])
    aligned = aligned.astype(object).where(aligned.notna(), "")
    aligned.index = list(samples)
    return aligned, report


def _match_tolerantly(
    samples: Sequence[str],
    ids: Sequence[str],
    found: dict[str, str],
    report: MatchReport,
    written: Callable[[str], str],
    mangled: Callable[[str], str],
) -> None:
    """Match ids of one mangled form, where they are written alike or only one has been mangled."""
    used = set(found.values())
    rows: dict[str, list[str]] = {}
    for name in ids:
        if name not in used:
            rows.setdefault(mangled(name), []).append(name)
    claims: dict[str, list[str]] = {}
    for sample in samples:
        if sample not in found and mangled(sample) in rows:
            claims.setdefault(mangled(sample), []).append(sample)
    for form, mine in claims.items():
        choices = rows[form]
        if not _may_be_alike([written(s) for s in mine], [written(name) for name in choices]):
            continue
        if len(choices) > 1:
            raise DataError(
                f"metadata: sample '{mine[0]}' could be '{choices[0]}' or '{choices[1]}': use the "
                "ids of the table in the metadata"
            )
        if len(mine) > 1:
            raise DataError(
                f"metadata: row '{choices[0]}' could be sample '{mine[0]}' or '{mine[1]}': use the "
                "ids of the table in the metadata"
            )
        found[mine[0]] = choices[0]
        report.tolerant[mine[0]] = choices[0]


def _may_be_alike(samples: list[str], ids: list[str]) -> bool:
    """Tell whether any two are the same, or one has lost its signs: ``CD4+`` is not ``CD4-``."""
    return (
        not set(samples).isdisjoint(ids)
        or not all(map(_SIGN.search, samples))
        or not all(map(_SIGN.search, ids))
    )


_SIGN = re.compile(r"[^\w.]")


def _as_tools_write(name: str) -> str:
    """Reduce an id to what R (dots for signs, an X before a digit) or pipelines (_) leave of it."""
    return re.sub(r"^[Xx](?=[0-9.])", "", re.sub(r"[\W_]", ".", name))


def _plain(name: str) -> str:
    # a Mac's file names have letters and their accents apart, keyboards write them as one
    return unicodedata.normalize("NFC", name.strip())


def _folded(name: str) -> str:
    return _plain(name).casefold()


def _tolerances(
    endings: re.Pattern[str],
) -> Iterator[tuple[Callable[[str], str], Callable[[str], str]]]:
    """Yield how an id is compared as it is written, and mangled, from strict to lax."""

    def without_endings(name: str) -> str:
        return endings.sub("", _folded(name))

    def file_name(name: str) -> str:
        """Return a file's name without folder and endings; what ends like no file is left whole."""
        file = Path(_folded(name)).name
        return without_endings(file if endings.search(file) else name)

    yield _plain, lambda name: _as_tools_write(_plain(name))
    yield _folded, lambda name: _as_tools_write(_folded(name))
    yield without_endings, lambda name: _as_tools_write(without_endings(name))
    # of two files in folders of different names neither has lost its folder
    yield without_endings, lambda name: _as_tools_write(file_name(name))


def _log(report: MatchReport) -> None:
    logger.info("%s", report.summary())
    for sample, name in report.tolerant.items():
        logger.warning("metadata: sample '%s' is taken for '%s' of the metadata", sample, name)
    if report.without_metadata:
        logger.warning(
            "metadata: no row for %d samples, for example '%s'",
            len(report.without_metadata),
            report.without_metadata[0],
        )
