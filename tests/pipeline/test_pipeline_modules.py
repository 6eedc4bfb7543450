"""The workflow's files: syntax, and modules whose description and environment are in step."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.pipeline

MODULES = sorted(p.parent for p in Path(__file__).parents[2].glob("modules/*/main.nf"))
EMITTED = re.compile(r"\b(?:emit|topic): (\w+)")
REQUIREMENT = re.compile(r"^([\w-]+?)(?:-base)?(?=[<>=]|$)(.*)$")


def by_name(path: Path) -> str:
    return path.name


def test_lint_finds_nothing(nextflow: Callable, root: Path, tmp_path: Path) -> None:
    files = ("main.nf", "nextflow.config", "conf", "modules", "subworkflows")
    done = nextflow("lint", *(root / name for name in files), cwd=tmp_path, parser="v2")
    assert done.returncode == 0, done.stdout
    assert "had no errors" in done.stdout
    assert "warning" not in done.stdout.lower()


def test_every_tool_has_a_module(root: Path) -> None:
    tools = {path.name.replace("-", "_") for path in (root / "bin").iterdir()}
    assert {path.name for path in MODULES} == tools | {"multiqc"}


@pytest.mark.parametrize("module", MODULES, ids=by_name)
def test_description_names_every_output(module: Path) -> None:
    described = yaml.safe_load((module / "meta.yml").read_text())
    assert described["name"] == module.name
    assert list(described["output"]) == EMITTED.findall((module / "main.nf").read_text())


@pytest.mark.parametrize("module", MODULES, ids=by_name)
def test_process_has_only_the_directives_of_a_module(module: Path) -> None:
    text = (module / "main.nf").read_text()
    head = text[text.index("process ") : text.index("input:")]
    assert set(re.findall(r"^    (\w+) ", head, re.MULTILINE)) <= {"tag", "label", "conda"}
    assert "stub:" in text


@pytest.mark.parametrize("module", MODULES, ids=by_name)
def test_environment_asks_for_what_the_package_asks_for(module: Path, root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    wanted = dict(
        REQUIREMENT.match(line).groups()
        for line in [
            *project["dependencies"],
            *(line for extra in extras for line in extra),
            f"python{project['requires-python']}",
        ]
    )
    environment = yaml.safe_load((module / "environment.yml").read_text())
    lines = [line for line in environment["dependencies"] if isinstance(line, str)]
    nested = [d["pip"] for d in environment["dependencies"] if isinstance(d, dict)]
    asked = dict(
        REQUIREMENT.match(line).groups() for line in [*lines, *(x for n in nested for x in n)]
    )
    asked.pop("pip", None)
    assert asked
    assert asked == {name: wanted.get(name) for name in asked}
