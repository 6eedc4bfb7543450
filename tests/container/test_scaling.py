"""The scheduler behind docs/scaling.md, on cases whose answer is known by hand."""

from __future__ import annotations

from types import ModuleType

import pandas as pd
import pytest

from checkout import load_script


@pytest.fixture(scope="module")
def scaling() -> ModuleType:
    return load_script("benchmarks/scaling.py")


def test_equal_tasks_share_the_cores(scaling):
    tasks = [scaling.Task(str(number), 10) for number in range(4)]
    assert scaling.schedule(tasks, nodes=1, cores=2) == 20
    assert scaling.schedule(tasks, nodes=2, cores=2) == 10
    assert scaling.schedule(tasks, nodes=9, cores=2) == 10


def test_a_task_waits_for_those_before_it(scaling):
    first = scaling.Task("first", 5)
    middle = [scaling.Task("short", 1, [first]), scaling.Task("long", 7, [first])]
    last = scaling.Task("last", 2, middle)
    assert scaling.schedule([first, *middle, last], nodes=1, cores=8) == 5 + 7 + 2


def test_memory_keeps_tasks_apart(scaling):
    tasks = [scaling.Task(str(number), 10, memory=600) for number in range(2)]
    assert scaling.schedule(tasks, nodes=1, cores=8, memory=1000) == 20
    with pytest.raises(ValueError, match="0 fits on no node"):
        scaling.schedule(tasks, nodes=1, cores=8, memory=500)


def test_longest_go_first(scaling):
    # 3 + 3 beside 6; in the order given it would be 3 beside 3, then 6.
    tasks = [scaling.Task("a", 3), scaling.Task("b", 3), scaling.Task("c", 6)]
    assert scaling.schedule(tasks, nodes=1, cores=2) == 6


def test_a_full_run_has_a_task_a_fold(scaling):
    steps = ["normalise", "evaluate", "deeplift-score", "augment"]
    steps += [f"{learner} {part}" for learner in ("dl", "rf") for part in ("fold", "final")]
    measured = pd.DataFrame(
        [(step, n, n / 100, 100.0) for step in steps for n in (1000, 2000)],
        columns=["step", "samples", "cpu_s", "peak_mb"],
    )
    tasks = scaling.workflow(scaling.Costs(measured), 5000)
    # normalise; 4 targets x 2 learners x (2 schemes x 5 folds + 1 model); evaluate; explain;
    # augment; report
    assert len(tasks) == 1 + 4 * 2 * (2 * 5 + 1) + 1 + 4 + 1 + 1
    assert tasks[0].seconds == pytest.approx(5000 / 100 + scaling.OVERHEAD)


def test_durations_of_a_trace_are_read(scaling):
    assert scaling.as_seconds("1m 20s") == 80
    assert scaling.as_seconds("850ms") == pytest.approx(0.85)
    assert scaling.as_seconds("1h 2m 3s") == 3723
