"""What unpacks to far more than a table can, or reaches outside of its file, is refused unread.

A few megabytes of gzip can hold gigabytes of one letter, and an HDF5 file of a kilobyte can declare
a matrix of terabytes, or take its values from another file of the machine.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from .errors import DataError

if TYPE_CHECKING:
    import h5py

# Tables of counts that are nearly all zero pack a hundredfold; less than this is never refused.
MAXIMUM_RATIO = 200
FREE_BYTES = 256 << 20
# What a string takes in memory, its pointer included.
BYTES_OF_STRING = 64
# What a model, or a part of one, may hold unpacked.
MAXIMUM_BYTES = 4 << 30


def is_implausible(packed: int, unpacked: int) -> bool:
    """Tell whether so many bytes of a file can hardly hold that much of a table."""
    return unpacked > max(FREE_BYTES, MAXIMUM_RATIO * packed)


def refuse_implausible(packed: int, unpacked: int, where: str) -> None:
    """Refuse what unpacks to far more than a table would.

    Raises
    ------
    DataError
        It is more than `FREE_BYTES` and more than `MAXIMUM_RATIO` times the file.
    """
    if is_implausible(packed, unpacked):
        raise DataError(
            f"{where}: unpacks to more than {MAXIMUM_RATIO} times its size, as no table does: "
            "fetch it again, or unpack it yourself if you trust it"
        )


class _Counting:
    """A binary file that knows how much was read from it, a pipe too."""

    def __init__(self, handle: IO[bytes]) -> None:
        self._handle = handle
        self.n_bytes = 0

    def read(self, size: int) -> bytes:
        data = self._handle.read(size)
        self.n_bytes += len(data)
        return data


class _Inflating(io.RawIOBase):
    def __init__(self, handle: IO[bytes], where: str, closes: bool) -> None:
        self._handle, self._closes = handle, closes
        self._packed = _Counting(handle)
        self._inflated = gzip.GzipFile(fileobj=self._packed, mode="rb")  # type: ignore[call-overload]
        self._where = where
        self._n_bytes = 0

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if self._closes:
            self._handle.close()
        super().close()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._inflated.read(len(buffer))
        except EOFError:
            raise DataError(
                f"{self._where}: the gzip data end early: the file was cut short, copy it again"
            ) from None
        except (gzip.BadGzipFile, zlib.error):
            raise DataError(
                f"{self._where}: the gzip data are damaged: copy the file again"
            ) from None
        buffer[: len(data)] = data
        self._n_bytes += len(data)
        refuse_implausible(self._packed.n_bytes, self._n_bytes, self._where)
        return len(data)


def gunzip(handle: IO[bytes], where: str, *, closes: bool = False) -> io.BufferedReader:
    """Return what a gzipped file holds, as a file.

    Parameters
    ----------
    handle : file
        The packed bytes; a pipe will do.
    where : str
        Its name, for messages.
    closes : bool
        Close the packed file with what is returned.

    Notes
    -----
    Reading raises `DataError` as `refuse_implausible` does, and where the data are damaged.
    """
    return io.BufferedReader(_Inflating(handle, where, closes), 1 << 16)


def own_datasets(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield the arrays of an HDF5 file with their names, nothing read yet.

    Parameters
    ----------
    file : h5py.File
        An opened file.

    Raises
    ------
    ValueError
        Something in it is a link, lies in another file, contains itself, is no array, or all of
        it together declares far more than the file can hold.
    """
    import h5py

    size, total = file.id.get_filesize(), 0
    seen = {h5py.h5o.get_info(file.id).addr}
    pending: list[h5py.Group] = [file]
    while pending:
        group = pending.pop()
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"'{name}' is a link")
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                raise ValueError(f"'{name}' is there under two names")
            seen.add(address)
            if isinstance(item, h5py.Group):
                pending.append(item)
                continue
            if not isinstance(item, h5py.Dataset) or item.external or item.is_virtual:
                raise ValueError(f"'{name}' is no array of this file")
            text = item.dtype.kind == "O"
            total += (item.size or 0) * (BYTES_OF_STRING if text else item.dtype.itemsize)
            if is_implausible(size, total):
                raise ValueError(f"it declares more than {MAXIMUM_RATIO} times its size")
            yield name, item


def refuse_all_but_plain_arrays(file: h5py.File) -> None:
    """Refuse an HDF5 file of ours that holds anything but a sane amount of numbers.

    Raises
    ------
    ValueError
        As `own_datasets`; or something is no number, is packed by another filter than gzip, or all
        of it declares more than `MAXIMUM_BYTES`.
    """
    total = 0
    for name, item in own_datasets(file):
        if item.dtype.kind not in "fiu" or item.compression not in (None, "gzip"):
            raise ValueError(f"'{name}' is not a plain array of numbers")
        total += item.size * item.dtype.itemsize
        if total > MAXIMUM_BYTES:
            raise ValueError("it declares more than 4 GiB")


def refuse_unsound_hdf5(file: h5py.File, where: str) -> None:
    """Refuse an HDF5 file before anything of it is read.

    Raises
    ------
    DataError
        As `own_datasets`.
    """
    try:
        for _ in own_datasets(file):
            pass
    except ValueError as error:
        raise DataError(f"{where}: the file is not sound ({error}): write it again") from None
