"""Bytes of an input: plain or gzipped, a file or standard input, in blocks of whole lines."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from srna_augment.errors import DataError
from srna_augment.files import GZIP_MAGIC, unreadable
from srna_augment.unpacking import gunzip

from .naming import sample_name
from .progress import Progress
from .recoding import Readable, Recoded, from_old_mac, from_utf16

BLOCK_BYTES = 16 << 20
# A header of a million long names has a tenth of this.
LONGEST_LINE = 256 << 20
STDIN = "-"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")

_GFF = "is GFF: give the table of counts, which 'mirtop counts' makes of the GFF of isomiRs"
# First bytes of what is no text table, and what to do about each.
_OTHER_FORMATS = (
    (b"PK\x05\x06", "is a zip archive with nothing in it: zip the table again, or give it as text"),
    (GZIP_MAGIC, "is gzipped twice: unpack it once"),
    (b"PK\x03\x04", "is an Excel workbook or a zip archive: save the sheet as tab-separated text"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook: save the sheet as tab-separated text"),
    (b"BZh", "is compressed with bzip2: use 'bzip2 -dc FILE | COMMAND -'"),
    (b"\xfd7zXZ", "is compressed with xz: use 'xz -dc FILE | COMMAND -'"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd: use 'zstd -dc FILE | COMMAND -'"),
    (b"RDX", "is saved R data: write the table in R with write.table(x, 'counts.tsv', sep='\\t')"),
    (b"X\n", "is saved R data: write the table in R with write.table(x, 'counts.tsv', sep='\\t')"),
    (b"\xff\xfe\0\0", "is UTF-32 text: save it as UTF-8"),
    (b"\0\0\xfe\xff", "is UTF-32 text: save it as UTF-8"),
    (b"%PDF", "is a PDF: give the table itself"),
    (b"<!doc", "is a web page: the download failed, or the link leads to a page about the file"),
    (b"<html", "is a web page: the download failed, or the link leads to a page about the file"),
    (b"<?xml", "is XML: the download failed, or the link leads to a page about the file"),
    (
        b"!Series_",
        "is a series matrix of GEO: give the table of counts that the series has beside it",
    ),
    (b"^DATABASE", "is a SOFT file of GEO: give the table of counts that the series has beside it"),
    (b"#1.2\n", "is a GCT table: take out its first two lines"),
    (b"#1.2\r", "is a GCT table: take out its first two lines"),
    (b"#1.3", "is a GCT table: take out its first two lines, and rows and columns of annotation"),
    (b"## mirGFF3", _GFF),
    (b"# GFF3", _GFF),
    (b"version https://git-lfs", "is a Git LFS pointer: run 'git lfs pull' first"),
)


@dataclass
class Block:
    """Some whole lines of a text input.

    Attributes
    ----------
    data : bytes
        The lines, newline at the end of each but perhaps the last.
    first_line : int
        Number of the first of them in the input, from 1.
    """

    data: bytes
    first_line: int


class Stream:
    """An opened input, decompressed, that can be looked into before it is read.

    Parameters
    ----------
    path : str or pathlib.Path
        A file, or ``-`` for standard input.

    Raises
    ------
    DataError
        The file cannot be read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self.name = "standard input" if self.path == STDIN else self.path
        self.sample = sample_name(path)  # for a file of one sample that does not name it
        self._raw = _open(self.path)
        self.gzipped = self._raw.peek(2)[:2] == GZIP_MAGIC  # type: ignore[attr-defined]
        if self.gzipped:
            self._handle: Readable = gunzip(self._raw, self.name)
        else:
            self._handle = self._raw
        self._ahead = b""
        self.first_line = 1  # number of the line that is read next

    def head(self, n_bytes: int) -> bytes:
        """Return the first bytes without consuming them."""
        while len(self._ahead) < n_bytes:
            chunk = self._read(n_bytes - len(self._ahead))
            if not chunk:
                break
            self._ahead += chunk
        return self._ahead[:n_bytes]

    def head_lines(self, n_lines: int) -> list[bytes]:
        """Return the first lines, without their ends and without consuming them."""
        n_bytes = 1 << 16
        while True:
            head = self.head(n_bytes)
            if head.count(b"\n") >= n_lines or len(head) < n_bytes:
                lines = head.split(b"\n")
                if len(head) >= n_bytes or lines[-1] == b"":
                    lines.pop()  # a line that goes on, or nothing after the last end
                return [line.rstrip(b"\r") for line in lines[:n_lines]]
            if n_bytes > LONGEST_LINE:
                raise self._too_long(head.count(b"\n"))
            n_bytes *= 2

    def drop_lines(self, n_lines: int) -> None:
        """Pass over the first lines, which `head_lines` has returned; they still count as lines."""
        for _ in range(n_lines):
            _, _, self._ahead = self._ahead.partition(b"\n")
        self.first_line += n_lines

    def refuse_other_formats(self) -> None:
        """Refuse what is no text, with what to do about it.

        Raises
        ------
        DataError
            The input is empty, binary, or of a kind that has to be converted first.
        """
        self._take_as_lines()
        head = self.head(512)
        if not head.strip():
            raise DataError(f"{self.name}: is empty: the program that wrote it may have failed")
        for magic, advice in _OTHER_FORMATS:
            if head.startswith(magic) or head.lstrip()[:8].lower().startswith(magic):
                raise DataError(f"{self.name}: {advice}")
        if b"\0" in head:
            raise DataError(f"{self.name}: is not text: give a TSV, CSV, .h5ad or Parquet table")

    def _take_as_lines(self) -> None:
        """Read UTF-16 with its mark as UTF-8, and text without a newline by old Macs' line ends."""
        if self.head(2) in UTF16_MARKS and self.head(4)[2:] != b"\0\0":
            self._recode(from_utf16(self.name))
        head = self.head(1 << 16)
        if b"\r" in head and b"\n" not in head:
            self._recode(from_old_mac)

    def _recode(self, recode: Callable[[bytes], bytes]) -> None:
        ahead, self._ahead = self._ahead, b""
        self._handle = Recoded(ahead, self._handle, recode)

    def blocks(self) -> Iterator[Block]:
        """Yield the rest of the input in blocks of whole lines, read ahead by a thread.

        Decompression runs beside parsing, since zlib lets go of the interpreter.
        """
        line, rest = self.first_line, b""
        for chunk in self._chunks():
            data = rest + chunk if rest else chunk
            end = data.rfind(b"\n") + 1
            if end == 0:
                rest = data
                if len(rest) > LONGEST_LINE:
                    raise self._too_long(line - 1)
                continue
            rest = data[end:]
            block = data[:end]
            yield Block(block, line)
            line += block.count(b"\n")
        if rest:
            yield Block(rest, line)

    def read_all(self) -> bytes:
        """Return all that is left."""
        return b"".join(self._chunks())

    def put_back(self, data: bytes) -> None:
        """Make `data` the next to be read."""
        self._ahead = data + self._ahead

    def close(self) -> None:
        """Close the input."""
        if self.path != STDIN:
            self._raw.close()

    def _too_long(self, lines_before: int) -> DataError:
        return DataError(
            f"{self.name}, row {lines_before + 1}: does not end within {LONGEST_LINE >> 20} MiB: "
            "give a table with one line a sample or feature"
        )

    @property
    def n_bytes(self) -> int:
        """Size of the file as it lies on the disk; 0 for a pipe."""
        return 0 if self.path == STDIN else Path(self.path).stat().st_size

    def _read(self, n_bytes: int) -> bytes:
        try:
            return self._handle.read(n_bytes)
        except OSError as error:
            raise unreadable(self.name, error) from None

    def _chunks(self) -> Iterator[bytes]:
        if self._ahead:
            ahead, self._ahead = self._ahead, b""
            yield ahead
        ready: queue.Queue[bytes | BaseException] = queue.Queue(maxsize=2)
        stop = threading.Event()

        def put(item: bytes | BaseException) -> None:
            while not stop.is_set():
                try:
                    ready.put(item, timeout=0.1)
                    return
                except queue.Full:
                    continue

        def work() -> None:
            try:
                while not stop.is_set():
                    chunk = self._read(BLOCK_BYTES)
                    put(chunk)
                    if not chunk:
                        return
            except BaseException as error:  # handed on to the thread that reads
                put(error)

        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        progress, n_bytes = Progress(self.name, self.n_bytes), 0
        try:
            while True:
                item = ready.get()
                if isinstance(item, BaseException):
                    raise item
                if not item:
                    return
                yield item
                n_bytes += len(item)
                progress.update(self._raw.tell() if progress.total else n_bytes)
        finally:
            progress.close()
            stop.set()
            worker.join(timeout=1)


def _open(path: str) -> IO[bytes]:
    if path == STDIN:
        return sys.stdin.buffer
    if Path(path).is_dir():
        raise DataError(f"{path}: is a folder: name the table in it")
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise unreadable(path, error) from None
