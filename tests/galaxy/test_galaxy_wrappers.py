"""The tests that the wrappers carry, run by Galaxy's own runner in a real Galaxy."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from galaxy_harness import SUITE, run_tool_tests

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(2400)]


def listed_tests() -> list[tuple[str, int]]:
    """List tool ids with the numbers of their tests."""
    found = []
    for path in sorted(SUITE.glob("*.xml")):
        tool = ET.parse(path).getroot()
        found += [(tool.get("id", ""), n) for n in range(len(tool.findall("tests/test")))]
    return found


@pytest.fixture(scope="session")
def results(server: dict, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], dict]:
    """Run all tests once, several at a time, and return each one's record."""
    tools = sorted({tool for tool, _ in listed_tests()})
    return run_tool_tests(server, "user", tools, tmp_path_factory.mktemp("wrappers"))


@pytest.mark.parametrize(("tool", "number"), listed_tests())
def test_wrapper(results: dict[tuple[str, int], dict], tool: str, number: int) -> None:
    record = results[tool, number]
    problems = record.get("output_problems") or record.get("execution_problem")
    job = record.get("job") or {}
    assert record["status"] == "success", f"{problems}\n{job.get('stderr', '')}"
