"""What all commands share: help, seed, threads, logging, and the one place that maps errors."""

import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import rich_click as click
from click.exceptions import Abort

from ..errors import SrnaAugmentError
from ..log import get_logger, set_up

EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143

click.rich_click.TEXT_MARKUP = "rich"
click.rich_click.TEXT_EMOJIS = False
click.rich_click.TEXT_PARAGRAPH_LINEBREAKS = "\n\n"
click.rich_click.STYLE_HELPTEXT = ""
click.rich_click.MAX_WIDTH = 100
click.rich_click.STYLE_OPTIONS_PANEL_BOX = "SIMPLE"
click.rich_click.OPTIONS_TABLE_COLUMN_TYPES = [
    "required",
    "opt_short",
    "opt_long",
    "metavar",
    "help",
]

# A file that must be there.
INPUT_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SHARED_PANEL = "Run"
# What help texts may hold of Markdown. Rich's own reader of it takes half of the time of --help.
MARKDOWN = (
    (re.compile(r"\["), r"\\["),
    (re.compile(r"`([^`]+)`"), r"[bold cyan]\1[/]"),
    (re.compile(r"\*\*([^*]+)\*\*"), r"[bold]\1[/]"),
    (re.compile(r"(?<!\w)\*([^*\s][^*]*)\*(?!\w)"), r"[italic]\1[/]"),
)


def as_markup(text: str | None) -> str | None:
    """Turn code, bold and italic of Markdown into Rich's markup."""
    for pattern, markup in MARKDOWN:
        text = pattern.sub(markup, text) if text else text
    return text


def available_threads() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0))


def limit_threads(threads: int) -> None:
    """Tell the numerical libraries how many threads to use; only works before they are imported."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    # spinning for work is a waste where several tasks share a machine
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def command(name: str, **settings: Any) -> Callable[[Callable[..., None]], "Command"]:
    """Make a click command with the options that all commands share.

    The function receives its own options and ``seed`` and ``threads``.
    """

    def decorate(function: Callable[..., None]) -> "Command":
        own = len(getattr(function, "__click_params__", []))
        for option in _shared_options():
            function = option(function)
        made = click.command(
            name,
            cls=Command,
            context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
            **settings,
        )(function)
        # the command's own options are what people look for: they come first in the help
        made.params = made.params[-own:] + made.params[:-own][::-1] if own else made.params
        made.help = as_markup(made.help)
        for parameter in made.params:
            if isinstance(parameter, click.Option):
                parameter.help = as_markup(parameter.help)
        return made

    return decorate


def _shared_options() -> list[Callable[..., Any]]:
    return [
        click.option(
            "--seed",
            type=click.IntRange(0, 2**32 - 1),
            default=1,
            panel=SHARED_PANEL,
            metavar="N",
            help="Seed of everything random: the same seed gives the same output.",
        ),
        click.option(
            "--threads",
            type=click.IntRange(1),
            default=available_threads,
            show_default="all",
            metavar="N",
            panel=SHARED_PANEL,
            help="Processors to use.",
        ),
        click.option("-q", "--quiet", is_flag=True, panel=SHARED_PANEL, help="Log warnings only."),
        click.option(
            "--debug",
            is_flag=True,
            panel=SHARED_PANEL,
            help="Log more; show tracebacks.",
        ),
        click.option(
            "--version",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_version,
            panel=SHARED_PANEL,
            help="Show the version and exit.",
        ),
    ]


def _show_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        from .. import __version__

        click.echo(f"{ctx.info_name} {__version__}")
        ctx.exit()


def _handle_signals() -> list[int]:
    """End by way of exceptions, so that what was being written is taken away.

    Returns
    -------
    list of int
        Gets the number of each signal that comes.
    """
    received: list[int] = []

    def interrupt(number: int, frame: object) -> None:
        received.append(number)
        raise KeyboardInterrupt

    def terminate(number: int, frame: object) -> None:
        received.append(number)
        sys.exit(EXIT_TERMINATED)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, interrupt)
        signal.signal(signal.SIGTERM, terminate)
    return received


def _end_by(number: int) -> NoReturn:
    """Say by which signal the command ends, and end."""
    terminated = number == signal.SIGTERM
    print("Terminated." if terminated else "Interrupted.", file=sys.stderr)
    sys.exit(EXIT_TERMINATED if terminated else EXIT_INTERRUPTED)


def _refuse(error: click.ClickException) -> NoReturn:
    """Say in one line what is wrong with a call, and end."""
    context = getattr(error, "ctx", None)
    message = " ".join(error.format_message().split()).removesuffix(".")
    where = f": see {context.command_path} --help" if context else ""
    set_up().error("%s%s", message, where)
    sys.exit(2)


class Command(click.RichCommand):
    """A click command whose errors end in one line and a documented exit code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Show the help, on stderr, to who gives no argument: stdout is for data."""
        if not args:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lay the help out without looking for emoji, whose table takes an eighth of the time."""
        from rich import markup

        vars(markup)["_emoji_replace"] = lambda text, default_variant=None: text
        super().format_help(ctx, formatter)  # type: ignore[arg-type]  # click says less than rich-click

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command with logging and threads set up."""
        debug = ctx.params.pop("debug")
        ctx.meta["debug"] = debug
        set_up(quiet=ctx.params.pop("quiet"), debug=debug)
        limit_threads(ctx.params["threads"])
        try:
            return super().invoke(ctx)
        except SrnaAugmentError as error:
            if debug:
                raise
            get_logger().error("%s", " ".join(str(error).split()))
            ctx.exit(error.exit_code)
        except MemoryError:
            get_logger().error("not enough memory: give the process more, or a smaller table")
            ctx.exit(1)
        except OSError as error:
            if debug or isinstance(error, BrokenPipeError):
                raise
            where = f"{error.filename}: " if error.filename else ""
            get_logger().error("%s%s", where, error.strerror or error)
            ctx.exit(1)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run as a program: Ctrl-C ends with 130, SIGTERM with 143, a closed pipe quietly."""
        if kwargs.get("standalone_mode") is False:
            return super().main(*args, **kwargs)
        received = _handle_signals()
        try:
            code = super().main(*args, **{**kwargs, "standalone_mode": False})
            sys.exit(code if isinstance(code, int) else 0)
        except (Abort, KeyboardInterrupt):
            _end_by(signal.SIGINT)
        except SystemExit:
            if signal.SIGTERM in received:
                _end_by(signal.SIGTERM)
            raise
        except click.ClickException as error:
            _refuse(error)
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  # or the exit would raise again
            sys.exit(0)
        except Exception:
            if not received:
                raise
            # some libraries, struck by a signal while they are imported, raise something else
            _end_by(received[-1])
