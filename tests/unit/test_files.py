"""What is checked of outputs before the work begins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from srna_augment import files
from srna_augment.errors import UsageError


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make folders look as they do to who may not write to them, whoever runs the test."""
    monkeypatch.setattr(os, "access", lambda path, mode: not (Path(path).is_dir() and mode))


@pytest.mark.usefixtures("read_only")
def test_pipes_and_devices_need_no_folder_that_can_be_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, "/dev/null", "-"):
        files.check_output_folder(path)
    (tmp_path / "old.tsv").touch()
    for name in ("old.tsv", "new.tsv"):
        with pytest.raises(UsageError, match="cannot be written to"):
            files.check_output_folder(tmp_path / name)


def test_a_folder_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder: name a file in it"):
        files.check_output_folder(tmp_path)


@pytest.mark.usefixtures("read_only")
def test_an_output_folder_must_take_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written to"):
        files.make_folder(tmp_path / "new" / "folder")
