"""What all six commands share: help, version, exit codes, one-line errors, a quick start."""

import importlib
import logging
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import rich_click as click

from srna_augment.cli.common import command
from srna_augment.errors import DataError, ToleranceError, UsageError

COMMANDS = ("normalise", "train-dl", "train-rf", "evaluate", "deeplift-score", "augment")
# Importing any of these costs from a third of a second to several.
HEAVY = {
    "anndata", "h5py", "keras", "lightgbm", "matplotlib", "multiqc", "pandas", "pyarrow", "scipy",
    "sklearn", "tensorflow",
}  # fmt: skip

each_command = pytest.mark.parametrize("name", COMMANDS)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Return a function that calls a command in this process: exit code, stdout, stderr."""
    monkeypatch.setenv("COLUMNS", "100")

    def run(name: str, *arguments: str) -> tuple[int, str, str]:
        module = importlib.import_module(f"srna_augment.cli.{name.replace('-', '_')}")
        with pytest.raises(SystemExit) as stopped:
            module.main(list(arguments), prog_name=name)
        assert isinstance(stopped.value.code, int)
        return stopped.value.code, *capsys.readouterr()

    return run


@each_command
def test_help_is_short_and_goes_to_stdout(name: str, call: Callable) -> None:
    code, out, err = call(name, "--help")
    assert (code, err) == (0, "")
    assert call(name, "-h") == (0, out, "")
    assert f"Usage: {name} " in out
    assert f"Example: {name} " in out
    for option in ("--seed", "--threads", "--quiet", "--debug", "--version", "--help"):
        assert option in out
    lines = out.splitlines()
    assert len(lines) <= 100
    assert max(map(len, lines)) <= 100


@each_command
@pytest.mark.parametrize(
    "arguments",
    [("--no-such-option",), ("x", "--seed", "-1"), ("x", "--seed", "one"), ("x", "--threads", "0")],
)
def test_a_wrong_call_exits_2_and_says_what(
    name: str, arguments: tuple[str, ...], call: Callable
) -> None:
    code, out, err = call(name, *arguments)
    assert (code, out) == (2, "")
    assert next(word for word in arguments if word.startswith("--")) in err
    assert err.startswith("ERROR: ")
    assert err.endswith(f": see {name} --help\n")
    assert err.count("\n") == 1


def test_choices_that_click_lists_on_lines_of_their_own_come_on_one(call: Callable) -> None:
    line = (
        "ERROR: Missing option '--target'. Choose from: tissue, tissue_group, sex, age: "
        "see train-rf --help\n"
    )
    assert call("train-rf", __file__) == (2, "", line)


@each_command
def test_without_arguments_the_help_is_shown(name: str, call: Callable) -> None:
    code, out, err = call(name)
    assert (code, out) == (2, "")
    assert f"Usage: {name} " in err
    assert "--output" in err


@each_command
def test_version_is_that_of_the_project(name: str, run_command: Callable, root: Path) -> None:
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    done = run_command(name, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{name} {version}\n", "")


@each_command
def test_help_imports_nothing_heavy(name: str, root: Path) -> None:
    script = (
        "import atexit, runpy, sys\n"
        "atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))\n"
        f"sys.argv = [{name!r}, '--help']\n"
        f"runpy.run_path({str(root / 'bin' / name)!r}, run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {module.split(".")[0] for module in done.stderr.split()}
    assert "rich_click" in loaded
    assert loaded & HEAVY == set()


def toy(action: Callable[[], None]) -> click.Command:
    @command("toy", help="A toy.")
    @click.argument("word")
    def run(word: str, seed: int, threads: int) -> None:
        action()

    return run


def end_of(action: Callable[[], None], *arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        toy(action).main(["word", *arguments])
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def raising(error: BaseException) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


@pytest.fixture(autouse=True)
def _signals_as_found() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def _threads_as_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (DataError("t.tsv: row 3:\n  not a number"), 1, "ERROR: t.tsv: row 3: not a number\n"),
        (UsageError("--folds 1: give 2 or more"), 2, "ERROR: --folds 1: give 2 or more\n"),
        (ToleranceError("delta 0.1: above 0.01"), 3, "ERROR: delta 0.1: above 0.01\n"),
        (FileNotFoundError(2, "No such file", "t.tsv"), 1, "ERROR: t.tsv: No such file\n"),
        (OSError(28, "No space left on device"), 1, "ERROR: No space left on device\n"),
        (KeyboardInterrupt(), 130, "Interrupted.\n"),
    ],
)
def test_errors_end_in_one_line_and_their_exit_code(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert end_of(raising(error)) == code
    output = capsys.readouterr()
    assert output.out == ""
    # click ends the line of the terminal before it says that it was interrupted
    assert output.err.lstrip("\n") == line


def test_too_little_memory_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert end_of(raising(MemoryError())) == 1
    assert capsys.readouterr().err.startswith("ERROR: not enough memory")


@pytest.mark.parametrize(
    ("number", "code", "line"),
    [(signal.SIGINT, 130, "Interrupted.\n"), (signal.SIGTERM, 143, "Terminated.\n")],
)
def test_a_signal_that_a_library_turns_into_an_error_of_its_own_is_still_a_signal(
    number: int, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As pandas does where the signal strikes while it is imported."""

    def half_imported() -> None:
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            signal.raise_signal(number)
        raise AttributeError("partially initialized module")

    assert end_of(half_imported) == code
    assert capsys.readouterr() == ("", line)


def test_sigterm_ends_with_143_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert end_of(lambda: signal.raise_signal(signal.SIGTERM)) == 143
    assert capsys.readouterr() == ("", "Terminated.\n")


def test_debug_shows_the_traceback_of_an_error_that_a_user_can_mend() -> None:
    with pytest.raises(DataError, match="row 3"):
        toy(raising(DataError("row 3"))).main(["word", "--debug"])


def test_a_mistake_of_the_program_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        toy(raising(ZeroDivisionError())).main(["word"])


def test_a_closed_pipe_ends_quietly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as context:
        context.setattr(sys, "stdout", sys.stdout)  # the command puts another one in its place
        assert end_of(raising(BrokenPipeError())) == 0
        sys.stdout.close()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ((), "INFO: read WARNING: odd"),
        (("--quiet",), "WARNING: odd"),
        (("--debug",), "DEBUG: detail INFO: read WARNING: odd"),
    ],
)
def test_the_log_goes_to_stderr_as_loud_as_asked(
    arguments: tuple[str, ...], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def action() -> None:
        logger = logging.getLogger("srna_augment")
        logger.debug("detail")
        logger.info("read")
        logger.warning("odd")

    assert end_of(action, *arguments) == 0
    output = capsys.readouterr()
    assert (output.out, " ".join(output.err.split())) == ("", shown)


def test_threads_reach_the_numerical_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    assert end_of(lambda: print(os.environ["OMP_NUM_THREADS"]), "--threads", "3") == 0
    assert capsys.readouterr().out == "3\n"
