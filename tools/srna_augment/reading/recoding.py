"""UTF-16 and the line ends of old Macs, as spreadsheets save them, turned into plain lines."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Protocol

from srna_augment.errors import DataError


class Readable(Protocol):
    """What bytes can be read of."""

    def read(self, n_bytes: int, /) -> bytes:
        """Return at most so many bytes; none at the end."""


class Recoded:
    """A handle whose bytes are recoded as they are read.

    Parameters
    ----------
    ahead : bytes
        What was read of the handle before.
    handle : Readable
        The rest.
    recode : callable
        From some bytes to others; given nothing at the end.
    """

    def __init__(self, ahead: bytes, handle: Readable, recode: Callable[[bytes], bytes]) -> None:
        self._ahead, self._handle, self._recode = ahead, handle, recode

    def read(self, n_bytes: int) -> bytes:
        """Return some bytes, about as many as asked for; none at the end."""
        while True:
            chunk = self._ahead or self._handle.read(n_bytes)
            self._ahead = b""
            recoded = self._recode(chunk)
            if recoded or not chunk:
                return recoded


def from_utf16(name: str) -> Callable[[bytes], bytes]:
    """Return what makes UTF-8 of UTF-16 that begins with its mark.

    Parameters
    ----------
    name : str
        Of the input, for the error.
    """
    decoder = codecs.getincrementaldecoder("utf-16")()

    def recode(chunk: bytes) -> bytes:
        try:
            return decoder.decode(chunk, final=not chunk).encode()
        except UnicodeDecodeError:
            raise DataError(f"{name}: is damaged UTF-16 text: save it as UTF-8") from None

    return recode


def from_old_mac(chunk: bytes) -> bytes:
    """Return the same with a newline for each carriage return."""
    return chunk.replace(b"\r", b"\n")
