"""Opening inputs and writing outputs that appear whole or not at all."""

import gzip
import hashlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, cast

from .errors import DataError, UsageError

GZIP_MAGIC = b"\x1f\x8b"


def is_gzipped(path: str | Path) -> bool:
    """Tell by its first bytes whether a file is gzipped.

    Raises
    ------
    DataError
        The file cannot be read.
    """
    try:
        with Path(path).open("rb") as handle:
            return handle.read(2) == GZIP_MAGIC
    except OSError as error:
        raise unreadable(path, error) from None


def open_text(path: str | Path) -> IO[str]:
    """Open a text file, plain or gzipped, or standard input for ``-``.

    Raises
    ------
    DataError
        The file cannot be read.
    """
    if str(path) == "-":
        buffered = io.BufferedReader(cast(io.RawIOBase, sys.stdin.buffer))
        if buffered.peek(2)[:2] == GZIP_MAGIC:
            return io.TextIOWrapper(gzip.GzipFile(fileobj=buffered), encoding="utf-8")
        return io.TextIOWrapper(buffered, encoding="utf-8")
    if is_gzipped(path):
        return gzip.open(path, "rt", encoding="utf-8")
    return Path(path).open(encoding="utf-8")


def unreadable(path: str | Path, error: OSError) -> DataError:
    """Turn an operating system error into one line for the user."""
    reason = error.strerror or str(error)
    return DataError(f"{path}: cannot be read ({reason}): check the path and its permissions")


@contextmanager
def atomic_output(path: str | Path, *, binary: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path` that is renamed to it when the block ends well.

    ``-`` is standard output: the content is copied there at the end, so that a reader of the pipe
    never sees half of a table.

    Parameters
    ----------
    path : str or pathlib.Path
        Where the output shall be.
    binary : bool
        Refuse standard output when it is a terminal.

    Raises
    ------
    UsageError
        The folder does not exist or cannot be written to, or binary data would go to a terminal.
    """
    to_stdout = str(path) == "-"
    if to_stdout and binary and sys.stdout.isatty():
        raise UsageError(
            "--output -: binary data would fill the terminal: name a file or use a pipe"
        )
    target = Path(tempfile.gettempdir()) / "stdout" if to_stdout else Path(path)
    if target.is_dir():
        raise UsageError(f"{path}: is a folder: name a file in it")
    try:
        number, name = tempfile.mkstemp(
            prefix=f".{target.name}.", suffix=".part", dir=target.parent
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(
            f"{path}: cannot be written ({reason}): make the folder or choose another"
        ) from None
    os.close(number)
    temporary = Path(name)
    try:
        yield temporary
        if to_stdout:
            with temporary.open("rb") as handle:
                while block := handle.read(1 << 20):
                    sys.stdout.buffer.write(block)
            sys.stdout.buffer.flush()
        else:
            mask = os.umask(0)
            os.umask(mask)
            temporary.chmod(0o666 & ~mask)  # mkstemp makes files that only their owner can read
            temporary.replace(target)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def check_output_folder(path: str | Path) -> None:
    """Fail before the work when an output could not be written after it.

    Raises
    ------
    UsageError
        The folder of `path` does not exist or cannot be written to.
    """
    if str(path) == "-":
        return
    folder = Path(path).parent
    if not folder.is_dir():
        raise UsageError(f"{path}: the folder {folder} does not exist: make it first")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{path}: the folder {folder} cannot be written to: choose another")


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
