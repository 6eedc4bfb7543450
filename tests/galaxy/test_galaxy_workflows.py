"""Both workflows, run by planemo with the tests that lie beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from galaxy_harness import SUITE

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(2400)]


@pytest.mark.parametrize("name", ["annotate", "train_and_annotate"])
def test_workflow(planemo: Callable[..., str], server: dict, tmp_path: Path, name: str) -> None:
    report = tmp_path / "report.json"
    keys = ["--galaxy_user_key", server["user"]["key"], "--galaxy_admin_key", server["admin_key"]]
    planemo(
        "test", "--engine", "external_galaxy", "--galaxy_url", server["url"], *keys,
        "--test_output_json", report, "--test_output", tmp_path / "report.html",
        "--no_shed_install", SUITE / "workflows" / f"{name}.gxwf.yml",
    )  # fmt: skip
    tests = json.loads(report.read_text())["tests"]
    assert tests
    assert {test["data"]["status"] for test in tests} == {"success"}
