"""Where the Galaxy tests find things, and how they run Galaxy's own test runner."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "galaxy"
CACHE = ROOT / ".cache" / "galaxy"
CLIENT = CACHE / "client" / "bin"
SERVER = [sys.executable, str(ROOT / "scripts" / "galaxy_server.py")]


def run_tool_tests(
    server: dict, role: str, tools: list[str], folder: Path, *, number: int | None = None
) -> dict[tuple[str, int], dict]:
    """Run tests of tools with galaxy-tool-test and return each test's record.

    Parameters
    ----------
    server : dict
        What scripts/galaxy_server.py said when it started.
    role : str
        Whose jobs they are: those of ``docker`` run in images.
    tools : list of str
        Ids of the tools.
    folder : pathlib.Path
        For records and what goes wrong.
    number : int, optional
        Only this test of each tool.
    """
    records: dict[tuple[str, int], dict] = {}
    for tool in tools:
        record = folder / f"{tool}.json"
        command = [CLIENT / "galaxy-tool-test", "--galaxy-url", server["url"], "--tool-id", tool]
        command += ["--key", server[role]["key"], "--admin-key", server["admin_key"]]
        command += [
            "--output-json",
            record,
            "--with-reference-data",
            "--parallel-tests",
            "2",
            "--no-history-cleanup",
        ]
        command += ["--test-data", SUITE / "test-data", "--history-per-test-case"]
        if number is not None:
            command += ["--test-index", str(number)]
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, check=False
        )
        assert record.exists(), done.stdout[-3000:] + done.stderr[-3000:]
        for test in json.loads(record.read_text())["tests"]:
            records[tool, int(test["data"]["test_index"])] = test["data"]
    return records
