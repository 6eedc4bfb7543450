import io
import logging
from types import SimpleNamespace

import pytest

from srna_augment.reading import progress, read_tables, stream

from . import writers


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    fake = Terminal()
    # Not sys.stderr itself, which pytest sets anew between set-up and test.
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=fake))
    monkeypatch.setattr(progress, "_REFRESH_SECONDS", 0.0)
    monkeypatch.setattr(stream, "BLOCK_BYTES", 50_000)
    logging.getLogger("srna_augment").setLevel(logging.INFO)
    return fake


def test_slow_reading_shows_progress_and_leaves_nothing(terminal, monkeypatch, tmp_path):
    monkeypatch.setattr(progress, "_SILENT_SECONDS", 0.0)
    path = tmp_path / "long.tsv"
    rows = "".join(f"hsa_piR_{i:06d}\t{i}\n" for i in range(20_000))
    path.write_text("id\tS1\n" + rows)
    table = read_tables(path)
    assert table.values.shape == (1, 20_000)
    assert f"reading {path} 100%" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\033[K")


def test_quick_reading_shows_none(terminal, tmp_path):
    read_tables(writers.tsv_samples(tmp_path, writers.TOY))
    assert terminal.getvalue() == ""


def test_quiet_shows_none(terminal, monkeypatch, tmp_path):
    monkeypatch.setattr(progress, "_SILENT_SECONDS", 0.0)
    logging.getLogger("srna_augment").setLevel(logging.WARNING)
    read_tables(writers.tsv_samples(tmp_path, writers.TOY))
    assert terminal.getvalue() == ""
