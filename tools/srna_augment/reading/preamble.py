"""What stands above the header of a text table: comments, a report's title, Excel's ``sep=;``."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from .annotation import share_of_features, word
from .stream import Stream
from .text import CORNERS, EMPTY, decode, has_numbers, split_line

logger = logging.getLogger("srna_augment")

_COMMENT = re.compile(rb"#(?:#|\s|$)")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SEPARATOR = re.compile(rb'(?:\xef\xbb\xbf)?"?sep=(?:[,;|]|\t|\\t)"?[,;\s]*', re.IGNORECASE)
# Lines that are looked at first, and bytes in which a report has come to its table.
_PEEK_LINES, _MOST_BYTES = 12, 1 << 14
# Lines by which the table is known.
_ENOUGH = 3
_SHOWN = 60


def pass_over_preamble(stream: Stream) -> list[bytes]:
    """Pass over what stands above the header, and return the first lines from there on.

    Titles are said in the log.
    """
    n_lines = _PEEK_LINES
    while True:
        lines = stream.head_lines(n_lines)
        skip = _comments(lines)
        n_titles = _titles(lines[skip:])
        known = n_titles is not None and skip + n_titles <= n_lines - _ENOUGH
        if known or len(lines) < n_lines or sum(map(len, lines)) > _MOST_BYTES:
            break
        n_lines *= 4
    n_titles = n_titles or 0
    if n_titles:
        logger.info(
            "%s: lines above the header, row %d, are passed over: '%s'",
            stream.name,
            stream.first_line + skip + n_titles,
            decode(lines[skip]).strip("\"' ,;\t")[:_SHOWN],
        )
    skip += n_titles
    stream.drop_lines(skip)
    return lines[skip : skip + _PEEK_LINES]


def is_separator_mark(line: bytes) -> bool:
    """Tell the first line by which Excel learns what separates the cells of a CSV: ``sep=;``."""
    return _SEPARATOR.fullmatch(line) is not None


def _comments(lines: Sequence[bytes]) -> int:
    """Count the lines of comments and blanks at the start; a header behind a # is none."""
    start = int(bool(lines) and is_separator_mark(lines[0]))
    skip = start
    tabs = any(b"\t" in line for line in lines)
    while skip < len(lines) - 1 and _is_comment(lines[skip], tabs):
        skip += 1
    if skip > start and _is_header(lines[skip - 1], lines[skip]):
        skip -= 1
    return skip


def _is_comment(line: bytes, tabs: bool) -> bool:
    """Tell whether a line above the header is none: a comment has no tab where the table has."""
    line = line.removeprefix(_BYTE_ORDER_MARK)
    if _COMMENT.match(line) or not line.strip(EMPTY):
        return True
    return line.startswith(b"#") and tabs and b"\t" not in line


def _is_header(comment: bytes, line: bytes) -> bool:
    """Tell whether a line behind a # names the columns of the next: ``# miRNA``, samples."""
    comment = comment.removeprefix(_BYTE_ORDER_MARK)
    if not comment.startswith(b"#") or comment.startswith(b"##"):
        return False
    for delimiter in (b"\t", b",", b";"):
        cells, row = split_line(comment[1:], delimiter), split_line(line, delimiter)
        if len(cells) != len(row) or len(cells) < 2 or not has_numbers(row):
            continue
        if word(row[0]) in CORNERS:  # samples that are called by numbers
            return False
        return (
            word(cells[0]) in {"", *CORNERS}
            or (len(cells) > 2 and share_of_features(row[:1]) > 0)
            or share_of_features(cells[1:]) >= 0.2
        )
    return False


def _titles(lines: Sequence[bytes]) -> int | None:
    """Count the lines of a title, which have few of the cells that the table has.

    There are none where it is not clear that the first line with more cells is the header: values
    follow it, and it has none. Where the lines do not come to a table, nothing is known.
    """
    body = [line for line in lines if line.strip(EMPTY)]
    found = None
    for delimiter in (b"\t", b",", b";"):
        widths = {len(split_line(line, delimiter)) for line in body[-_ENOUGH:]}
        width = max(widths, default=0)
        if len(widths) > 1 or width < 2:
            continue
        found = 0
        for n_titles, line in enumerate(lines[:-1]):
            cells = split_line(line, delimiter)
            n_filled = sum(map(bool, cells))
            if n_filled == 0 or (cells[0] and 2 * n_filled <= width):
                continue
            if n_titles and len(cells) == width and _heads(cells, lines[n_titles + 1], delimiter):
                return n_titles
            break
    return found


def _heads(cells: Sequence[str], line: bytes, delimiter: bytes) -> bool:
    """Tell whether cells name the columns of the next line."""
    return (not has_numbers(cells) or word(cells[0]) in CORNERS) and has_numbers(
        split_line(line, delimiter)
    )
