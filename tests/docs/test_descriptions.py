"""The descriptions for machines are in step with the project, and with each other."""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml


@pytest.fixture(scope="module")
def citation(root: Path) -> dict:
    return yaml.safe_load((root / "CITATION.cff").read_text())


def read(path: Path) -> dict:
    return json.loads(path.read_text())


def test_they_say_what_the_script_would_write(root):
    done = subprocess.run(
        [sys.executable, root / "scripts/describe.py", "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_one_version_and_one_home(root, citation):
    config = (root / "nextflow.config").read_text()
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    codemeta = read(root / "codemeta.json")
    (manifest,) = re.findall(r"^ +version = '(.*)'$", config, re.M)
    assert {citation["version"], manifest, codemeta["version"]} == {project["version"]}
    (home,) = re.findall(r"homePage = '(.*)'", config)
    assert {citation["repository-code"], codemeta["codeRepository"]} == {home}


def test_the_workflow_crate_has_its_main_entity_and_nothing_that_is_not_there(root, citation):
    entities = {entity["@id"]: entity for entity in read(root / "ro-crate-metadata.json")["@graph"]}
    folder = entities["./"]
    workflow = entities[folder["mainEntity"]["@id"]]
    assert workflow["@id"] == "main.nf"
    assert "ComputationalWorkflow" in workflow["@type"]
    assert entities[workflow["programmingLanguage"]["@id"]]["name"] == "Nextflow"
    assert entities[folder["license"]["@id"]]["name"] == "MIT License"
    names = [entities[author["@id"]]["name"] for author in folder["author"]]
    assert names == [author["name"] for author in citation["authors"]]
    for part in folder["hasPart"]:
        assert (root / part["@id"]).exists(), part
        assert part["@id"] in entities


def test_the_card_has_the_figures_of_the_benchmark(root):
    text = (root / "models" / "README.md").read_text()
    front = yaml.safe_load(text.split("---\n")[1])
    (model,) = front["model-index"]
    (table,) = re.findall(
        r"<!-- figures: shipped -->\n(.*?)<!-- end -->",
        (root / "docs" / "benchmark.md").read_text(),
        re.DOTALL,
    )
    shown = {line.split("|")[1].strip(): line.split("|") for line in table.splitlines()[2:]}
    assert {result["task"]["name"] for result in model["results"]} == set(shown)
    for result in model["results"]:
        cells = shown[result["task"]["name"]]
        figures = {metric["type"]: metric["value"] for metric in result["metrics"]}
        assert figures["accuracy"] == float(cells[3].split()[0])
        assert figures["expected_calibration_error"] == float(cells[5])
        if "coverage" in figures:
            assert cells[7].strip() == f"{figures['precision']:.2f} of {figures['coverage']:.2f}"
        else:
            assert cells[7].strip() == "none"


def test_pictures_of_the_readme_are_there_and_small(root):
    shown = re.findall(r"!\[[^]]+\]\(([^)]+)\)", (root / "README.md").read_text())
    assert len([name for name in shown if name.endswith(".png")]) == 3
    for name in shown:
        assert not name.startswith("http"), name  # no service that could say something else
        assert (root / name).stat().st_size < 150_000, name


def test_croissant_has_the_sums_of_the_tables(demo_data):
    described = read(demo_data / "croissant.json")
    files = {file["@id"]: file for file in described["distribution"]}
    tables = [path for path in demo_data.iterdir() if path.suffix in (".tsv", ".gz")]
    assert set(files) == {path.name for path in tables}
    for path in tables:
        assert files[path.name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    header = (demo_data / "metadata.tsv").read_text().split("\n", 1)[0].split("\t")
    (samples,) = described["recordSet"]
    assert [field["source"]["extract"]["column"] for field in samples["field"]] == header
