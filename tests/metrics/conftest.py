"""Writing toy predictions to files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from metrics_toys import write_rows


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes rows to a file and returns its path."""

    def to_file(rows: list[dict[str, object]], name: str = "p.tsv") -> str:
        return str(write_rows(tmp_path / name, rows))

    return to_file
