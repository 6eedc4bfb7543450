"""The Bioconda recipe and the Dockerfiles are in step with pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
# Where conda's name is not PyPI's.
CONDA_NAMES = {"matplotlib": "matplotlib-base"}


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def recipe() -> dict:
    text = (ROOT / "containers" / "bioconda" / "meta.yaml").read_text()
    variables = dict(re.findall(r'{% set (\w+) = "(.*)" %}', text))
    text = re.sub(r"{%.*%}", "", text)
    text = re.sub(r"{{ (\w+) }}", lambda found: variables.get(found[1], found[1]), text)
    return yaml.safe_load(re.sub(r"{{.*?}}", "pinned", text))


def as_conda(requirements: list[str]) -> set[str]:
    """Return PyPI's requirements as conda writes them: a blank after the name."""
    split = [re.fullmatch(r"([\w-]+)(.*)", line).groups() for line in requirements]
    return {f"{CONDA_NAMES.get(name, name)} {bounds}" for name, bounds in split}


def test_recipe_asks_for_what_the_package_asks_for(project, recipe):
    base, train = recipe["outputs"]
    wanted = as_conda(project["dependencies"]) | {f"python {project['requires-python']}"}
    assert set(base["requirements"]["run"]) == wanted
    extra = as_conda(project["optional-dependencies"]["train"])
    assert set(train["requirements"]["run"]) == extra | {"pinned"}


def test_recipe_has_the_version_and_commands_of_the_package(project, recipe):
    assert recipe["package"]["version"] == project["version"]
    commands = [f"{name} = {entry}" for name, entry in project["scripts"].items()]
    assert recipe["outputs"][0]["build"]["entry_points"] == commands


def test_default_base_image_is_pinned_by_digest():
    text = (ROOT / "containers" / "Dockerfile").read_text()
    assert re.search(
        r"^ARG BASE_IMAGE=python:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}$", text, re.M
    )


def test_what_builds_the_images_is_pinned_with_hashes():
    text = (ROOT / "containers" / "build-requirements.txt").read_text()
    for name in ("uv", "hatchling"):
        assert re.search(rf"^{name}==[\d.]+ \\\n    --hash=sha256:", text, re.M)


def test_every_file_names_the_home_that_the_workflow_names():
    # One setting, manifest.homePage in nextflow.config; build-images.sh gives it to the images.
    home = re.search(r"homePage = '(https://[^']+)'", (ROOT / "nextflow.config").read_text())[1]
    for name, pattern in {
        "containers/Dockerfile": r"ARG HOME_URL=(\S+)",
        "containers/bioconda/meta.yaml": r'set home_url = "(.*)"',
        "galaxy/.shed.yml": r"^homepage_url: (.*?)/tree/",
        "docs/galaxy/bio.tools.json": r'"homepage": "(.*)"',
    }.items():
        found = re.search(pattern, (ROOT / name).read_text(), re.M)
        assert found, name
        assert found[1] == home, name
