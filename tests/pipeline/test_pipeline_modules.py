"""The workflow's files: syntax, and modules whose description and environment are in step."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

pytestmark = pytest.mark.pipeline

MODULES = sorted(p.parent for p in Path(__file__).parents[2].glob("modules/*/main.nf"))
EMITTED = re.compile(r"\b(?:emit|topic): (\w+)")
REQUIREMENT = re.compile(r"^([\w-]+?)(?:-base)?(?=[<>=]|$)(.*)$")
# What each process asks its command for, on the small files of the Galaxy tools' tests.
CALLS = {
    "augment": "tumours.tsv --metadata tumours_swapped.tsv --model tissue.h5 "
    "--out-of-fold tissue_predictions.tsv --output {0}/a --html {0}/b --cellxgene {0}/c "
    "--multiqc {0}/d",
    "deeplift_score": "tissue_network.h5 tumours.h5ad --output {0}/a --tables {0}/b --plots {0}/c "
    "--multiqc {0}/d",
    "evaluate": "tissue_predictions.tsv --reading reading.json --output {0}/a --table {0}/b "
    "--plots {0}/c --multiqc {0}/d",
    "normalise": "tumours.tsv --metadata tumours_metadata.tsv --output {0}/a --save-state {0}/b "
    "--report {0}/c --multiqc {0}/d",
    "train_dl": "tumours.h5ad --target sex --folds 2 --epochs 1 --members 1 --output {0}/a "
    "--predictions {0}/b",
    "train_rf": "tumours.h5ad --target sex --folds 2 --trees 3 --baselines --output {0}/a "
    "--predictions {0}/b --importance {0}/c --multiqc {0}/d",
}
IMPORTED = {"pyyaml": "yaml", "scikit-learn": "sklearn", "tensorflow-cpu": "tensorflow"}
BLOCK = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name}}", name=name)
sys.meta_path.insert(0, Absent())
"""


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


def brought_along(names: set[str]) -> set[str]:
    """Return packages with all that they need themselves, as an installer would bring it along."""
    found: set[str] = set()
    left = set(names)
    while left:
        name = left.pop()
        found.add(name)
        try:
            needed = [Requirement(line) for line in importlib.metadata.requires(name) or []]
        except importlib.metadata.PackageNotFoundError:
            continue
        wanted = (one for one in needed if not one.marker or one.marker.evaluate({"extra": ""}))
        left |= {one.name.lower() for one in wanted} - found
    return found


@pytest.mark.parametrize("name", CALLS)
def test_environment_is_enough_for_what_the_process_asks_for(
    name: str, root: Path, tmp_path: Path
) -> None:
    """As in an environment of conda: what the module does not list cannot be imported."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["train"]]
    packages = {Requirement(line).name for line in lines}
    environment = (root / "modules" / name / "environment.yml").read_text()
    listed = {package for package in packages if re.search(rf"- {package}(-base)?>", environment)}
    absent = packages - brought_along(listed)
    assert absent
    (tmp_path / "sitecustomize.py").write_text(
        BLOCK.format(names=sorted(IMPORTED.get(one, one) for one in absent))
    )
    command = [sys.executable, root / "bin" / name.replace("_", "-")]
    done = subprocess.run(
        [*map(str, command), *CALLS[name].format(tmp_path).split(), "--quiet"],
        cwd=root / "galaxy" / "test-data",
        env={**os.environ, "PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
