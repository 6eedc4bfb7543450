"""Logging: to stderr, one line a message, quiet when asked."""

import logging
import sys

LOGGER_NAME = "srna_augment"


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
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logger.addHandler(handler)
    logger.propagate = False
    return logger


def get_logger() -> logging.Logger:
    """Return the package's logger."""
    return logging.getLogger(LOGGER_NAME)
