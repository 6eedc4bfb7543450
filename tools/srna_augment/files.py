"""Opening inputs and writing outputs that appear whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from .errors import DataError, UsageError
from .unpacking import gunzip

if TYPE_CHECKING:
    import h5py

GZIP_MAGIC = b"\x1f\x8b"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
            return io.TextIOWrapper(gunzip(buffered, "standard input"), encoding="utf-8")
        return io.TextIOWrapper(buffered, encoding="utf-8")
    if is_gzipped(path):
        return io.TextIOWrapper(
            gunzip(Path(path).open("rb"), str(path), closes=True), encoding="utf-8"
        )
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
    DataError
        The disc is full.
    """
    to_stdout = str(path) == "-"
    if to_stdout and binary and sys.stdout.isatty():
        raise UsageError(
            "--output -: binary data would fill the terminal: name a file or use a pipe"
        )
    target = Path(path)
    if target.is_dir():
        raise UsageError(f"{path}: is a folder: name a file in it")
    # a pipe or device, such as /dev/stdout, is written to; renaming would put a file in its place
    is_pipe = to_stdout or (target.exists() and not target.is_file())
    # where the output is a link, the file behind it is replaced
    beside = Path(tempfile.gettempdir()) / "pipe" if is_pipe else target.resolve()
    try:
        number, name = tempfile.mkstemp(
            prefix=f".{beside.name}.", suffix=".part", dir=beside.parent
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(
            f"{path}: cannot be written ({reason}): make the folder or choose another"
        ) from None
    os.close(number)
    temporary = Path(name)
    try:
        with _full_disc_in_one_line(path):
            yield temporary
            if to_stdout:
                _copy(temporary, sys.stdout.buffer)
            elif is_pipe:
                with target.open("wb") as pipe:
                    _copy(temporary, pipe)
            else:
                mask = os.umask(0)
                os.umask(mask)
                temporary.chmod(0o666 & ~mask)  # mkstemp's files can be read by their owner only
                temporary.replace(beside)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _copy(source: Path, target: IO[bytes]) -> None:
    with source.open("rb") as handle:
        shutil.copyfileobj(handle, target, 1 << 20)
    target.flush()


@contextmanager
def _full_disc_in_one_line(path: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DataError(
            f"{path}: cannot be written ({os.strerror(error.errno)}): make room, or choose another "
            f"folder"
        ) from None


class _Persevering(io.FileIO):
    """A file that keeps the first error of writing for later, and takes all the same."""

    error: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            if self.error is None:
                return super().write(data)
        except OSError as error:
            self.error = error
        return memoryview(data).nbytes


@contextmanager
def create_hdf5(path: Path) -> Iterator[h5py.File]:
    """Yield an HDF5 file to write, in the way that a full disc ends in the error that it is.

    HDF5 itself, when it cannot write what it holds back, fails again and again while it closes the
    file and can take the whole process with it.

    Parameters
    ----------
    path : pathlib.Path
        Where; what is there is lost. Give what `atomic_output` yields.

    Raises
    ------
    OSError
        The file could not be written.
    """
    import h5py

    with _Persevering(path, "w+") as raw:
        try:
            with h5py.File(raw, "w", track_order=False) as file:
                yield file
        except Exception:
            if raw.error is not None:
                raise raw.error from None
            raise
        if raw.error is not None:
            raise raw.error


def check_distinct(outputs: Iterable[str | Path | None], inputs: Iterable[str | Path]) -> None:
    """Fail before the work when one output would overwrite another, or an input.

    Raises
    ------
    UsageError
        Two of the files are the same.
    """
    seen = {os.path.realpath(path) for path in inputs if str(path) != "-"}
    for path in outputs:
        if path is None:
            continue
        place = "-" if str(path) == "-" else os.path.realpath(path)
        if place in seen and (place == "-" or Path(path).is_file() or not Path(path).exists()):
            raise UsageError(
                f"{path}: is an input, or an output already: give each output a name of its own"
            )
        seen.add(place)


def check_output_folder(path: str | Path) -> None:
    """Fail before the work when an output could not be written after it.

    Raises
    ------
    UsageError
        The folder of `path` does not exist or cannot be written to, or `path` is a folder, or says
        gzipped.
    """
    if str(path) == "-":
        return
    if Path(path).is_dir():
        raise UsageError(f"{path}: is a folder: name a file in it")
    if Path(path).exists() and not Path(path).is_file():
        return  # a pipe or device is written to where it is: only root may write to /dev itself
    if Path(path).suffix.lower() == ".gz":
        raise UsageError(f"{path}: outputs are not gzipped: leave .gz out, and gzip it afterwards")
    folder = Path(path).parent
    if not folder.is_dir():
        raise UsageError(f"{path}: the folder {folder} does not exist: make it first")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{path}: the folder {folder} cannot be written to: choose another")


def make_folder(folder: Path) -> None:
    """Make an output folder, and those above it, where it is not there yet.

    Raises
    ------
    UsageError
        It cannot be made, or not be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be made ({error.strerror}): choose another folder"
        ) from None
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{folder}: cannot be written to: choose another folder")


@contextmanager
def staged(folder: Path | None) -> Iterator[Path | None]:
    """Yield a folder inside another, whose files move up when the block ends well.

    Parameters
    ----------
    folder : pathlib.Path or None
        An existing folder; files of the same name are replaced. None yields None.

    Raises
    ------
    UsageError
        It cannot be written to.
    """
    if folder is None:
        yield None
        return
    try:
        made = tempfile.TemporaryDirectory(prefix=".", suffix=".part", dir=folder)
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written to ({error.strerror}): choose another folder"
        ) from None
    with made as name:
        yield Path(name)
        for path in sorted(Path(name).iterdir()):
            path.replace(folder / path.name)


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
