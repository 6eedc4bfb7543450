"""UTF-16 and line ends of old Macs, whatever the pieces in which they are read."""

from __future__ import annotations

import io

import pytest

from srna_augment.errors import DataError
from srna_augment.reading import read_tables
from srna_augment.reading.recoding import Recoded, from_old_mac, from_utf16

TEXT = "miRNA\tKöln\t\N{GRINNING FACE}\nhsa-miR-21-5p\t5\t7\n"


def read_out(recoded: Recoded, n_bytes: int) -> bytes:
    parts = []
    while part := recoded.read(n_bytes):
        parts.append(part)
    assert recoded.read(n_bytes) == b""  # the end stays the end
    return b"".join(parts)


@pytest.mark.parametrize("n_bytes", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("ahead", [0, 1, 2, 5])
@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_utf16_in_pieces(n_bytes: int, ahead: int, mark: bytes) -> None:
    order = "utf-16-le" if mark == b"\xff\xfe" else "utf-16-be"
    data = mark + TEXT.encode(order)
    recoded = Recoded(data[:ahead], io.BytesIO(data[ahead:]), from_utf16("x"))
    assert read_out(recoded, n_bytes) == TEXT.encode()


@pytest.mark.parametrize("cut", [-1, -3])
def test_utf16_that_ends_within_a_character(cut: int) -> None:
    data = "miRNA\t\N{GRINNING FACE}".encode("utf-16")[:cut]
    with pytest.raises(DataError, match="x: is damaged UTF-16 text: save it as UTF-8"):
        read_out(Recoded(b"", io.BytesIO(data), from_utf16("x")), 4)


def test_old_macs_lines() -> None:
    assert from_old_mac(b"a\rb\r") == b"a\nb\n"


def test_more_than_a_block_of_utf16(tmp_path, monkeypatch) -> None:
    """Blocks of an odd number of bytes; each value and name comes through."""
    monkeypatch.setattr("srna_augment.reading.stream.BLOCK_BYTES", 1001)
    lines = ["miRNA\tS1\tS2", *(f"hsa-miR-{i}-5p\t{i}\t{2 * i}" for i in range(1, 9000))]
    path = tmp_path / "t.txt"
    path.write_bytes("\r\n".join(lines).encode("utf-16"))
    table = read_tables(path)
    assert table.features[-1] == "hsa-miR-8999-5p"
    assert table.values.sum(dtype="f8") == 3 * sum(range(1, 9000))
