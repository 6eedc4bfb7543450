"""benchmarks/whole_job.py: what it makes of what both sides took."""

import pytest

from checkout import load_script


@pytest.fixture(scope="module")
def whole_job():
    return load_script("benchmarks/whole_job.py")


def test_seconds_add_up_and_the_largest_memory_counts(whole_job):
    ours = {"train": (2.0, 0.5), "fill in": (1.0, 0.25)}
    script = {"train": (10.0, 0.75), "fill in": (0.5, 1.0)}
    lines = [line.split("\t") for line in whole_job.table(ours, script).splitlines()]
    assert lines[1] == ["train", "2.0", "0.50", "10.0", "0.75", "5.00"]
    assert lines[2] == ["fill in", "1.0", "0.25", "0.5", "1.00", "0.50"]
    assert lines[3] == ["whole job", "3.0", "0.50", "10.5", "1.00", "3.50"]


def test_the_least_of_the_rounds_counts(whole_job):
    rounds = [{"train": (3.0, 0.5)}, {"train": (2.0, 0.75)}]
    assert whole_job.least(rounds) == {"train": (2.0, 0.5)}
