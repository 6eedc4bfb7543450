"""The reference page is what the code says now, and has every option, column and parameter."""

import importlib
import json
import subprocess
import sys

import click
import pytest

from srna_augment.attribution.tables import CLASS_COLUMNS, SAMPLE_COLUMNS, STABILITY_COLUMNS
from srna_augment.calling import SUFFIXES
from srna_augment.predictions import COLUMNS


@pytest.fixture(scope="module")
def page(root) -> str:
    return (root / "docs" / "reference.md").read_text(encoding="utf-8")


def part(page: str, title: str) -> str:
    """Return the text from a heading to the next."""
    (found,) = (text for text in page.split("\n### ") if text.startswith(title))
    return found


def test_it_is_what_the_script_would_write(root):
    done = subprocess.run(
        [sys.executable, root / "scripts/reference.py", "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_every_option_stands_under_its_command(page, root):
    for path in (root / "bin").iterdir():
        module = importlib.import_module(f"srna_augment.cli.{path.name.replace('-', '_')}")
        own = part(page, f"{path.name}\n")
        for option in module.main.params:
            if isinstance(option, click.Option):
                assert all(f"`{name}`" in own for name in option.opts), (path.name, option.opts)


def test_every_column_and_parameter_is_there(page, root):
    names = {f"T_{suffix}" for suffix in SUFFIXES}
    names |= {*COLUMNS, *CLASS_COLUMNS, *SAMPLE_COLUMNS, *STABILITY_COLUMNS}
    schema = json.loads((root / "nextflow_schema.json").read_text())
    names |= {f"--{name}" for section in schema["$defs"].values() for name in section["properties"]}
    assert {name for name in names if f"| `{name}` |" not in page} == set()
