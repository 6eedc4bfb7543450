"""The errors that a user can mend, and the exit codes that tell them apart."""

from collections.abc import Iterator
from contextlib import contextmanager


class SrnaAugmentError(Exception):
    """Base of all errors that a user can mend; its text is one line.

    The line says what is wrong, where (file, row, column) and what to do about it.
    """

    exit_code = 1


class DataError(SrnaAugmentError):
    """The data cannot be used as they are (exit code 1)."""


class UsageError(SrnaAugmentError):
    """The command was called in a way that cannot work (exit code 2)."""

    exit_code = 2


class ToleranceError(SrnaAugmentError):
    """A numerical guarantee that the user asked to enforce was not met (exit code 3)."""

    exit_code = 3


@contextmanager
def data_of(where: str) -> Iterator[None]:
    """Put the name of the data in front of what is wrong with them."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{where}: {error}") from None
