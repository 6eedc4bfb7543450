"""What the Tool Shed and Galaxy's own checkers say about the suite, without a server."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from galaxy_harness import CACHE, SUITE

from srna_augment import __version__
from srna_augment.model.file import load_models

pytestmark = pytest.mark.galaxy

WRAPPERS = sorted(path for path in SUITE.glob("*.xml") if path.name != "macros.xml")
WORKFLOWS = sorted((SUITE / "workflows").glob("*.gxwf.yml"))


def test_there_is_a_wrapper_for_each_command() -> None:
    commands = {path.name.replace("-", "_") for path in (SUITE.parent / "bin").iterdir()}
    assert {path.stem for path in WRAPPERS} == commands


def test_version_and_images_are_those_of_the_package() -> None:
    macros = ET.parse(SUITE / "macros.xml").getroot()
    tokens = {token.get("name"): token.text for token in macros.iter("token")}
    assert tokens["@TOOL_VERSION@"] == __version__
    images = {(element.text or "").split(":")[0] for element in macros.iter("container")}
    script = (SUITE.parent / "scripts" / "build-images.sh").read_text()
    registry = re.search(r"^registry=(\S+)$", script, re.M)
    assert registry is not None
    assert images == {f"{registry[1]}/base", f"{registry[1]}/train"}


def test_no_test_file_is_larger_than_the_tool_shed_takes() -> None:
    sizes = {path.name: path.stat().st_size for path in (SUITE / "test-data").rglob("*")}
    assert sizes
    assert {name: size for name, size in sizes.items() if size > 1_000_000} == {}


@pytest.mark.parametrize("name", ["tissue.h5", "sex.h5", "tissue_network.h5"])
def test_models_for_the_tests_can_be_read_today(name: str) -> None:
    # If not, tests/galaxy/make_test_data.py makes them anew.
    assert load_models(SUITE / "test-data" / name)


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda path: path.stem)
def test_every_output_and_every_option_is_tested(wrapper: Path) -> None:
    tool = ET.parse(wrapper).getroot()
    tests = tool.findall("tests/test")
    assert any(test.get("expect_failure") == "true" for test in tests), "no failing input is tested"
    tested = {name.get("name") for test in tests for name in test.iter("output")}
    tested |= {name.get("name") for test in tests for name in test.iter("output_collection")}
    outputs = {element.get("name") for element in tool.findall("outputs/*") if element.get("name")}
    assert outputs <= tested


def test_the_tutorial_says_what_the_model_that_ships_says(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, SUITE.parent / "bin" / "augment", SUITE / "test-data" / "tumours.tsv",
            "--metadata", SUITE / "test-data" / "tumours_swapped.tsv",
            "--output", tmp_path / "annotated.tsv",
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    with (tmp_path / "annotated.tsv").open(newline="") as handle:
        rows = {row["sample_id"]: row for row in csv.DictReader(handle, delimiter="\t")}
    swapped = rows["TCGA-BP-4158-01A-02R-1288-13"]
    tutorial = (SUITE.parent / "docs" / "galaxy" / "tutorial.md").read_text()
    told = re.search(r"the tissue, (\w+) with (\d+) %, is withheld", tutorial)
    told_group = re.search(r"the tissue group, (\w+) with (\d+) %, is called", tutorial)
    assert told and told_group
    for target, status, (name, percent) in (
        ("tissue", "withheld", told.groups()),
        ("tissue_group", "called", told_group.groups()),
    ):
        assert swapped[f"{target}_best"] == name
        assert swapped[f"{target}_status"] == status
        assert int(100 * float(swapped[f"{target}_probability"])) == int(percent)
    known = re.search(r"has (\d+) of the (\d+) features of the model", tutorial)
    assert known
    assert f"only {known[1]} of the {known[2]} features of the model" in done.stderr


def test_planemo_finds_nothing_to_complain_about(planemo: Callable[..., str]) -> None:
    said = planemo("lint", "--fail_level", "warn", SUITE)
    assert said.count("Linting tool") == len(WRAPPERS)


def test_the_tool_shed_would_take_the_suite(planemo: Callable[..., str], tmp_path: Path) -> None:
    # shed_lint wants the path to end as the suite's address does, whatever a checkout is called
    suite = tmp_path / "main" / "galaxy"
    shutil.copytree(SUITE, suite)
    # version_bumped compares with the last commit over the network.
    said = planemo("shed_lint", "--tools", "--ensure_metadata", "--skip", "version_bumped", suite)
    assert "Failed linting" not in said


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name.split(".")[0])
def test_workflows_are_sound(planemo: Callable[..., str], workflow: Path) -> None:
    planemo("workflow_lint", "--fail_level", "warn", workflow)


def test_the_tour_is_valid(installed: None) -> None:
    command = [CACHE / "venv" / "bin" / "gx-validate-tours", SUITE / "tours"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
