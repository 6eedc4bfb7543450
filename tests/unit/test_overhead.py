"""What the overhead's benchmark takes from Nextflow, and how it counts, on cases known by hand."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

import pytest

from checkout import load_script

COMMAND = """\
#!/bin/bash -ue
normalise a.tsv --output b.h5ad

# capture process environment
set +u
nxf_eval_cmd STDOUT STDERR bash -c "normalise --version | sed 's,.* ,,'"
status=$?
"""
TRACE = """\
name\tstatus\tcpus\tsubmit\tcomplete\trealtime\t%cpu\tworkdir
SECOND\tCOMPLETED\t1\t5000\t9000\t2500\t150.0\t/w/cd/2
FIRST\tCOMPLETED\t2\t1000\t4000\t2000\t50.0\t/w/ab/1
"""


@pytest.fixture(scope="module")
def overhead() -> ModuleType:
    return load_script("benchmarks/overhead.py")


def test_trace(overhead, tmp_path):
    (tmp_path / "trace.tsv").write_text(TRACE)
    first, second = overhead.read_trace(tmp_path / "trace.tsv")
    assert (first.name, first.cpus, first.submitted, first.completed) == ("FIRST", 2, 1.0, 4.0)
    assert (second.seconds, second.processor) == (2.5, 3.75)
    assert second.folder == Path("/w/cd/2")


def test_a_failed_task_is_no_measurement(overhead, tmp_path):
    (tmp_path / "trace.tsv").write_text(TRACE.replace("COMPLETED\t1", "FAILED\t1"))
    with pytest.raises(ValueError, match="SECOND is FAILED"):
        overhead.read_trace(tmp_path / "trace.tsv")


def test_the_command_is_what_the_module_wrote(overhead):
    command, questions = overhead.split_command(COMMAND)
    assert command == "#!/bin/bash -ue\nnormalise a.tsv --output b.h5ad\n"
    assert questions == ["normalise --version | sed 's,.* ,,'"]
    assert overhead.split_command("true\n") == ("true\n", [])


@pytest.mark.parametrize(
    ("intervals", "length"),
    [
        ([], 0),
        ([(0, 2), (5, 6)], 3),
        ([(5, 6), (0, 2), (1, 3)], 4),
        ([(0, 9), (2, 3), (8, 10)], 10),
    ],
)
def test_what_intervals_cover(overhead, intervals, length):
    assert overhead.covered(intervals) == length


def task(overhead, folder: Path, name: str, command: str, cpus: int = 1, **inputs: Path) -> object:
    """Make a work folder as Nextflow leaves it, links of inputs in a folder of their own."""
    made = folder / name
    (made / "given").mkdir(parents=True)
    (made / ".command.sh").write_text(command + overhead.APPENDED + "exit 9\n")
    for place, target in inputs.items():
        (made / "given" / place).symlink_to(target)
    return overhead.Task(name, cpus, 0.0, 0.0, 0.0, 0.0, made)


@pytest.fixture
def tasks(overhead, tmp_path) -> list[object]:
    work = tmp_path / "work"
    (tmp_path / "input.txt").write_text("input")
    first = task(overhead, work, "first", "sleep 0.2; cp given/x out.tsv", x=tmp_path / "input.txt")
    (first.folder / "out.tsv").write_text("input")
    # stands before what it needs
    second = task(
        overhead, work, "second", "cat given/x > out.tsv; date > log", x=first.folder / "out.tsv"
    )
    (second.folder / "out.tsv").write_text("of another run")
    return [second, first]


def test_commands_run_in_order_on_what_they_made_themselves(overhead, tasks, tmp_path):
    (tmp_path / "bare").mkdir()
    (tasks[1].folder / "out.tsv").write_text("input, old")
    overhead.run_bare(tasks, tmp_path / "bare", cpus=1)
    assert (tmp_path / "bare" / "second" / "out.tsv").read_text() == "input"
    assert (tmp_path / "bare" / "second" / "given" / "x").readlink() == (
        tmp_path / "bare" / "first" / "out.tsv"
    )
    assert (tasks[0].folder / "out.tsv").read_text() == "of another run"


def test_tables_that_differ_are_counted(overhead, tasks, tmp_path):
    (tmp_path / "bare").mkdir()
    overhead.run_bare(tasks, tmp_path / "bare", cpus=2)
    assert overhead.same_tables(tasks, tmp_path / "bare") == (1, 2)


def test_no_more_at_once_than_processors(overhead, tmp_path):
    # each says when it begins and ends; two of two processors may not overlap
    line = "echo + >> ../order; sleep 0.1; echo - >> ../order"
    tasks = [task(overhead, tmp_path / "work", name, line, cpus=2) for name in "ab"]
    (tmp_path / "bare").mkdir()
    overhead.run_bare(tasks, tmp_path / "bare", cpus=2)
    assert (tmp_path / "bare" / "order").read_text().split() == ["+", "-", "+", "-"]


def test_a_failed_command_is_named(overhead, tmp_path):
    (tmp_path / "bare").mkdir()
    failing = task(overhead, tmp_path / "work", "failing", "false")
    with pytest.raises(ValueError, match="failing failed: see .*/bare/failing/.command.log"):
        overhead.run_bare([failing], tmp_path / "bare", cpus=1)


def test_parts_add_up_to_the_difference(overhead, tmp_path):
    # starts at 100; two commands of 3 s, from 102 and from 106, in tasks of 101 to 105.5 and
    # 105.5 to 110; ends at 112. The bare commands took 5.5 s, questions after them 0.4 s.
    tasks = []
    for name, begin, submitted, completed in (("a", 102, 101, 105.5), ("b", 106, 105.5, 110)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / ".command.begin").touch()
        os.utime(folder / ".command.begin", (begin, begin))
        tasks.append(overhead.Task(name, 1, submitted, completed, 3.0, 0.0, folder))
    flow = overhead.Side(clock=12.0, processor=0.0, others=0.0, start=100.0, tasks=tasks)
    found = overhead.parts(flow, bare_clock=5.5, asked=0.4)
    assert found == pytest.approx(
        {
            "before the first task": 1.0,
            "around the commands": 3.0,
            "versions asked for": 0.4,
            "after the last task": 2.0,
            "commands themselves": 0.1,
        }
    )
    assert sum(found.values()) == pytest.approx(12.0 - 5.5)


def test_a_task_too_large_is_said(overhead, tmp_path):
    (tmp_path / "bare").mkdir()
    large = task(overhead, tmp_path / "work", "large", "true", cpus=3)
    with pytest.raises(ValueError, match="large cannot start"):
        overhead.run_bare([large], tmp_path / "bare", cpus=2)
