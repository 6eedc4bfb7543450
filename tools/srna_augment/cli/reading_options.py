"""Options and steps of the commands that read raw tables."""

from collections.abc import Callable
from pathlib import Path

import rich_click as click

from ..errors import UsageError

READ_PANEL = "Input"
METADATA_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


def reading_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the inputs and the options to insist on what they are."""
    options = [
        click.argument(
            "inputs", nargs=-1, required=True, metavar="INPUT...", type=click.Path(allow_dash=True)
        ),
        click.option(
            "--format",
            default="auto",
            panel=READ_PANEL,
            metavar="FORMAT",
            help="Insist on a format instead of recognising it; see docs/input-tables.md.",
        ),
        click.option(
            "--orientation",
            default="auto",
            panel=READ_PANEL,
            type=click.Choice(["auto", "samples", "features"]),
            help="Insist on what the rows are.",
        ),
        click.option(
            "--units",
            default="auto",
            panel=READ_PANEL,
            metavar="UNITS",
            help="Insist on the unit: counts, rpm, log2 rpm, ...",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def check_stdin(inputs: tuple[str, ...], metadata: Path | None) -> None:
    """Refuse to read standard input twice.

    Raises
    ------
    UsageError
        It is named as a table and as metadata.
    """
    if metadata is not None and str(metadata) == "-" and "-" in inputs:
        raise UsageError("standard input (-) is INPUT and --metadata: give one of them as a file")
