"""The error lines that docs/troubleshooting.md explains are lines that the code can write."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

FEWEST = 15
GAP = "…"


def templates(root: Path) -> Iterator[str]:
    """Yield the texts in the code, with a gap for what is filled in."""
    for path in [*(root / "tools").rglob("*.py"), *(root / "bin").iterdir()]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(
                    part.value if isinstance(part, ast.Constant) else GAP for part in node.values
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    for path in [root / "main.nf", *root.glob("subworkflows/*.nf")]:
        yield re.sub(r"\$\{[^}]*\}", GAP, path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def written(root: Path) -> list[str]:
    # logging's place-holders are gaps, too
    return [re.sub(r"%[ds]", GAP, text) for text in templates(root)]


def headings(root: Path) -> list[str]:
    text = (root / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    return re.findall(r"^### `(.*)`$", text, re.MULTILINE)


def explained(heading: str, texts: list[str]) -> bool:
    pattern = re.compile(".*?".join(map(re.escape, heading.split(GAP))), re.DOTALL)
    return any(pattern.search(text) for text in texts)


def test_every_line_that_is_explained_exists(root, written):
    found = headings(root)
    assert len(found) >= FEWEST
    assert [heading for heading in found if not explained(heading, written)] == []


def test_a_line_that_is_nowhere_would_be_found_out(written):
    assert not explained("the flux capacitor … is empty", written)
