"""Logging: to stderr, one line a message, quiet when asked."""

import logging
import sys

LOGGER_NAME = "srna_augment"


class _Printable(logging.Formatter):
    """Shows what a terminal would act on, such as escape sequences in a sample's name."""

    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record).split("\n")
        return "\n".join("".join(map(_printable, line)) for line in lines)


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode()


def set_up(*, quiet: bool = False, debug: bool = False) -> logging.Logger:
    """Send the package's log to stderr.

    Parameters
    ----------
    quiet : bool
        Only warnings and errors.
    debug : bool
        Everything; wins over `quiet`.

    Returns
    -------
    logging.Logger
        The package's logger.
    """
    logger = logging.getLogger(LOGGER_NAME)
    logger.setLevel(logging.DEBUG if debug else logging.WARNING if quiet else logging.INFO)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Printable("%(levelname)s: %(message)s"))
    logger.addHandler(handler)
    logger.propagate = False
    return logger


def get_logger() -> logging.Logger:
    """Return the package's logger."""
    return logging.getLogger(LOGGER_NAME)
