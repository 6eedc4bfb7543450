"""Run a command in this process, for speed."""

from __future__ import annotations

import contextlib
import importlib
import io
import signal
import sys
from collections.abc import Callable
from typing import NamedTuple


class Done(NamedTuple):
    """How a command ended: exit code, stdout and stderr."""

    code: int
    out: str
    err: str


Here = Callable[..., Done]


def run_main(
    name: str, *arguments: object, input: str | bytes | None = None, threads: int = 1
) -> Done:
    """Run a command in this process; an exception that it lets through fails the test."""
    module = importlib.import_module(f"srna_augment.cli.{name.replace('-', '_')}")
    given = input.encode() if isinstance(input, str) else input or b""
    out, err = io.BytesIO(), io.StringIO()
    stdout = io.TextIOWrapper(out, encoding="utf-8", write_through=True)
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(given)))
    before = sys.stdin
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    words = [*map(str, arguments), "--threads", str(threads)]
    sys.stdin = stdin
    try:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(err):
            try:
                module.main(words, prog_name=name)
            except SystemExit as end:
                code = end.code
    finally:
        sys.stdin = before
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert isinstance(code, int)
    return Done(code, out.getvalue().decode(), err.getvalue())
