"""A progress line on terminals for inputs that take longer than two seconds to read."""

from __future__ import annotations

import logging
import sys
import time

logger = logging.getLogger("srna_augment")

_SILENT_SECONDS = 2.0
_REFRESH_SECONDS = 0.2


class Progress:
    """How much of an input has been read, on one line of a terminal that it leaves empty.

    Parameters
    ----------
    name : str
        The input's name.
    total : int
        Its size in bytes; 0 where that is unknown, as for a pipe.
    """

    def __init__(self, name: str, total: int) -> None:
        self.name = name
        self.total = total
        self.shown = False
        self.active = sys.stderr.isatty() and logger.isEnabledFor(logging.INFO)
        self._next = time.monotonic() + _SILENT_SECONDS

    def update(self, done: int) -> None:
        """Show that `done` bytes have been read."""
        if not self.active or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _REFRESH_SECONDS
        share = f"{done / self.total:4.0%}" if self.total else f"{done / 1e6:,.0f} MB"
        sys.stderr.write(f"\r\033[Kreading {self.name} {share}")
        sys.stderr.flush()
        self.shown = True

    def close(self) -> None:
        """Take the line away."""
        if self.shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
