"""Raw tables as they should not be, and tables that are odd but sound: made, not kept.

`says` is what the one line must hold; `None` means that the table works. `same` means that it
must give what the plain table gives.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import random
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .toys import NAMES, SAMPLES, counts, table

PLAIN = table()
LINES = PLAIN.splitlines()


@dataclass(frozen=True)
class Case:
    """One input file and how a tool must end on it.

    Attributes
    ----------
    name : str
        What is wrong or odd.
    content : bytes or callable
        The file, or what makes it.
    says : str or None
        What the line of refusal must hold; None: it works.
    same : bool
        Works, and gives what the plain table gives.
    only : tuple of str
        Tools that it is for; empty: all that read such files.
    options : tuple of str
        More arguments.
    """

    name: str
    content: bytes | Callable[[], bytes]
    says: str | None = None
    same: bool = False
    only: tuple[str, ...] = ()
    options: tuple[str, ...] = field(default=())

    def write(self) -> bytes:
        """Return the file."""
        return self.content() if callable(self.content) else self.content


def text(value: str) -> bytes:
    return value.encode()


def row(number: int, line: str) -> bytes:
    """Return the plain table with one line (counted from 1) replaced."""
    lines = list(LINES)
    lines[number - 1] = line
    return text("\n".join(lines) + "\n")


def cell(value: str, number: int = 5) -> bytes:
    """Return the plain table with the first value of a line replaced."""
    cells = LINES[number - 1].split("\t")
    cells[1] = value
    return row(number, "\t".join(cells))


def header(change: Callable[[list[str]], list[str]]) -> bytes:
    return row(1, "\t".join(change(LINES[0].split("\t"))))


def matrix(values: np.ndarray) -> bytes:
    """Return values ``(n_samples, n_features)`` as a table, features in rows."""
    rows = ["\t".join(["miRNA", *SAMPLES[: len(values)]])]
    rows += ["\t".join([n, *(f"{v:.9g}" for v in r)]) for n, r in zip(NAMES, values.T, strict=True)]
    return text("\n".join(rows) + "\n")


def zipped(name: str = "counts.tsv") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, PLAIN)
    return buffer.getvalue()


def tarred() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("counts.tsv")
        info.size = len(PLAIN)
        archive.addfile(info, io.BytesIO(PLAIN.encode()))
    return buffer.getvalue()


def wrong_checksum() -> bytes:
    data = bytearray(gzip.compress(text(PLAIN)))
    data[-8] ^= 0xFF
    return bytes(data)


def transposed(delimiter: str = "\t") -> bytes:
    rows = [delimiter.join(["sample", *NAMES])]
    for sample, values in zip(SAMPLES, counts(), strict=True):
        rows.append(delimiter.join([sample, *map(str, values)]))
    return text("\n".join(rows) + "\n")


def many_columns() -> bytes:
    n = 200_000
    names = "\t".join(f"c{i}" for i in range(n))
    ones = "\t".join(["1"] * n)
    return text(f"miRNA\t{names}\nhsa-miR-21-5p\t{ones}\nhsa-let-7a-5p\t{ones}\n")


def renamed(species: str) -> bytes:
    return text(PLAIN.replace("hsa-", f"{species}-"))


def numbered(prefix: str) -> bytes:
    lines = [LINES[0]]
    lines += [f"{prefix}{i}\t" + line.split("\t", 1)[1] for i, line in enumerate(LINES[1:], 1)]
    return text("\n".join(lines) + "\n")


def before_names(cells: Callable[[int], str]) -> bytes:
    """Return the plain table with other cells for the names, by the number of the row, from 1."""
    rows = [line.partition("\t")[2] for line in LINES]
    first = "\t".join(f"V{i}" for i in range(1, len(cells(1).split("\t")) + 1))
    lines = [f"{first}\t{rows[0]}"]
    lines += [f"{cells(i)}\t{row}" for i, row in enumerate(rows[1:], 1)]
    return text("\n".join(lines) + "\n")


LOGGED = np.log2(counts() / counts().sum(axis=1, keepdims=True) * 1e6 + 1)
SHARES = counts() / counts().sum(axis=1, keepdims=True)
NOISE = random.Random(1).randbytes(4000)

NOT_A_NUMBER = "row 5, column s00"
REFUSED = [
    Case("empty", b"", "is empty"),
    Case("blank lines", b"  \n\n \n", "is empty"),
    Case("one byte", b"x", "has a header and no row"),
    Case("newlines and a word", b"\n\nx\n", "has a header and no row"),
    Case("header only", text(LINES[0] + "\n"), "has a header and no row"),
    Case("comments only", b"# one\n# two\n", "has a header and no row"),
    Case("noise", b"\x93" + NOISE, "is not text"),
    Case("cut-off gzip", lambda: gzip.compress(text(PLAIN))[:-200], "gzip data end early"),
    Case("gzip of two bytes", b"\x1f\x8b", "gzip data end early"),
    Case("gzip with a wrong checksum", wrong_checksum, "gzip data are damaged"),
    Case("gzip with damage", b"\x1f\x8b\x08\0" + b"\xff" * 90, "gzip data are damaged"),
    Case("gzip of nothing", gzip.compress(b""), "is empty"),
    Case("gzip and garbage", lambda: gzip.compress(text(PLAIN)) + b"garbage", "gzip data"),
    Case("gzip in gzip", lambda: gzip.compress(gzip.compress(text(PLAIN))), "is gzipped twice"),
    Case("zip in disguise", zipped, "zip archive"),
    Case("empty zip", b"PK\x05\x06" + b"\0" * 18, "zip archive"),
    Case("workbook", lambda: zipped("xl/workbook.xml"), "Excel workbook"),
    Case("old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old Excel"),
    Case("web page", b"<!DOCTYPE html>\n<html><body>404</body></html>\n", "web page"),
    Case("web page in lower case", b"<!doctype html>\n<html>\n", "web page"),
    Case("web page in capitals", b"<HTML>\n<HEAD>\n", "web page"),
    Case("web page after blanks", b"\n  <html lang='en'>\n<head>\n", "web page"),
    Case("XML", b"<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>\n", "XML"),
    Case("JSON", b'{"error": "not found",\n "code": 404}\n', "is not a number"),
    Case("UTF-16, cut off", lambda: PLAIN.encode("utf-16")[:-1], "damaged UTF-16"),
    Case("UTF-16 without a mark", lambda: PLAIN.encode("utf-16-le"), "is not text"),
    Case("UTF-32", lambda: PLAIN.encode("utf-32"), "UTF-32"),
    Case("bzip2", lambda: bz2.compress(text(PLAIN)), "bzip2"),
    Case("xz", lambda: lzma.compress(text(PLAIN)), "xz"),
    Case("zstd", b"\x28\xb5\x2f\xfd" + NOISE, "zstd"),
    Case("tar", tarred, "is not text"),
    Case("tar.gz", lambda: gzip.compress(tarred()), "is not text"),
    Case("PDF", b"%PDF-1.7\n%\xe2\xe3\n1 0 obj\n", "PDF"),
    Case("saved R data", lambda: gzip.compress(b"RDX3\nX\n" + b"\0" * 99), "saved R data"),
    Case("pickle", pickle.dumps({"a": [1, 2]}), "is not text"),
    Case("pickle in text", b"(dp0\nVa\np1\nI1\ns.", "one column"),
    Case("NumPy array", b"\x93NUMPY\x01\0v\0{'descr': '<f8'}\n" + NOISE, "is not text"),
    Case("program", b"\x7fELF\x02\x01\x01" + b"\0" * 99, "is not text"),
    Case("picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + NOISE, "is not text"),
    Case("Git LFS pointer", b"version https://git-lfs.github.com/spec/v1\noid x\n", "Git LFS"),
    Case("reads", b"@r1\nACGTACGTACGTACGTACGT\n+\nIIIIIIIIIIIIIIIIIIII\n" * 9, "has one column"),
    Case("sequences", b">hsa-let-7a-5p\nUGAGGUAGUAGGUUGUAUAGUU\n" * 9, "has one column"),
    Case("alignments", lambda: gzip.compress(b"BAM\1" + b"\0" * 200), "is not text"),
    Case("merge conflict", row(5, "<<<<<<< HEAD"), "row 5: has 1 cells"),
    Case("ragged, a cell short", row(5, LINES[4].rpartition("\t")[0]), "row 5: has 24 cells"),
    Case("ragged, a cell long", row(5, LINES[4] + "\t1"), "row 5: has 26 cells"),
    Case("cut in a row", text(PLAIN[:-70]), "row 44: has"),
    Case("header two cells short", header(lambda h: h[:-2]), "the header has 23"),
    Case("header two cells long", header(lambda h: [*h, "x", "y"]), "the header has 27"),
    Case("NUL in the header", header(lambda h: [*h[:-1], "s\0"]), "is not text"),
    Case("NUL in a cell", cell("1\0"), "is not text"),
    Case("NUL far down", cell("1\x002", 40), r"row 40, column s00: '1\x002' is not"),
    Case("word", cell("many"), f"{NOT_A_NUMBER}: 'many' is not a number"),
    Case("word far down", cell("many", 40), "row 40, column s00: 'many' is not a number"),
    Case("very long word", cell("x" * 300_000), NOT_A_NUMBER),
    Case("control characters", cell("\x1b[31m7\x1b[0m"), NOT_A_NUMBER),
    Case("negative", cell("-4"), "negative values (the lowest is -4"),
    Case("infinite", cell("inf"), f"{NOT_A_NUMBER}: 'inf' is not a number"),
    Case("minus infinite", cell("-Infinity"), NOT_A_NUMBER),
    Case("1e400", cell("1e400"), f"{NOT_A_NUMBER}: '1e400' is not a number"),
    Case("beyond float32", cell("1e39"), f"{NOT_A_NUMBER}: '1e39' is not a number"),
    Case("more than all reads on earth", cell("1e30"), "no library has"),
    Case("formula", cell("=1+1"), f"{NOT_A_NUMBER}: '=1+1' is not a number"),
    Case("formula with a command", cell("=cmd|' /C calc'!A0"), NOT_A_NUMBER),
    Case("substitution", cell("$(touch hacked)"), NOT_A_NUMBER),
    Case("decimal comma", cell("1,5"), "write decimals with a point"),
    Case("thousands or decimals", cell("1,000"), f"{NOT_A_NUMBER}: '1,000' may have a mark"),
    Case("thousands in odd places", cell("1,00,000"), NOT_A_NUMBER),
    Case("places and no names", before_names(lambda i: f"chr1\t{i}0\t{i}9\tx{i}\t+"),
         "has places on a genome", options=("--orientation", "features")),
    Case("numbers before the names", before_names(lambda i: f"{7 * i % 50}\thsa-miR-{i}-5p"),
         "cannot tell which columns are samples"),
    Case("underscore", cell("1_000"), NOT_A_NUMBER),
    Case("hexadecimal", cell("0x10"), NOT_A_NUMBER),
    Case("percent sign", cell("5%"), NOT_A_NUMBER),
    Case("date", cell("2-Mar"), NOT_A_NUMBER),
    Case("true", cell("TRUE"), NOT_A_NUMBER),
    Case("complex", cell("1j"), NOT_A_NUMBER),
    Case("Arabic digits", cell("٣"), NOT_A_NUMBER),
    Case("division error of Excel", cell("#DIV/0!"), NOT_A_NUMBER),
    Case("two words", cell("1 2"), NOT_A_NUMBER),
    Case("duplicate samples", header(lambda h: [h[0], "s01", *h[2:]]), "'s01' is there twice"),
    Case("a sample without a name", header(lambda h: [h[0], "", *h[2:]]), "has no name"),
    Case("no header", text("\n".join(LINES[1:]) + "\n"), "row 1: holds values where the names"),
    Case("all zero", matrix(counts() * 0), "all values are zero"),
    Case("nothing reported", text(LINES[0] + "\nhsa-miR-21-5p" + "\t" * 24 + "\n"), "no value"),
    Case("logged", matrix(LOGGED), "values look logged"),
    Case("natural logarithm", matrix(LOGGED * np.log(2)), "values look logged"),
    Case("z-scores", matrix((LOGGED - LOGGED.mean(0)) / LOGGED.std(0)), "look like z-scores"),
    Case("shares", matrix(SHARES), "proportions"),
    Case("percent", matrix(100 * SHARES), "percentages"),
    Case("one column", text("\n".join(NAMES) + "\n"), "has one column"),
    Case("gene symbols", numbered("GENE"), "--orientation"),
    Case("Ensembl ids", numbered("ENSG0000000"), "--orientation"),
    Case("miRNAs on both axes", header(lambda h: [h[0], *NAMES[:24]]), "rows and columns both"),
    Case("HDF5 that is none", b"\x89HDF\r\n\x1a\n" + b"\0" * 400, "is damaged"),
    Case("Parquet that is none", b"PAR1" + b"\0" * 400 + b"PAR1", "is damaged"),
    Case("another format than told", text(PLAIN), "is not h5ad", options=("--format", "h5ad")),
    Case("another unit than told", text(PLAIN), "no such unit", options=("--units", "furlongs")),
    Case("not log2 as told", text(PLAIN), "more reads than any", options=("--units", "log2")),
    Case("wrong species", renamed("ath"), "features of the model", only=("augment",)),
    Case(
        "no known feature", numbered("piR-hsa-9999"), "features of the model", only=("augment",)
    ),
    Case("many columns", many_columns, "features of the model", only=("augment",)),
]  # fmt: skip

ODD = [
    Case("plain", text(PLAIN), same=True),
    Case("byte order mark", b"\xef\xbb\xbf" + text(PLAIN), same=True),
    Case("CRLF", text(PLAIN.replace("\n", "\r\n")), same=True),
    Case("BOM and CRLF", b"\xef\xbb\xbf" + text(PLAIN.replace("\n", "\r\n")), same=True),
    Case("no end of the last line", text(PLAIN[:-1]), same=True),
    Case("blank lines at the end", text(PLAIN + "\n\n\n"), same=True),
    Case("comments before", text("# made by hand\n\n" + PLAIN), same=True),
    Case("gzip", gzip.compress(text(PLAIN)), same=True),
    Case(
        "gzip in two members",
        gzip.compress(text(PLAIN[:1000])) + gzip.compress(text(PLAIN[1000:])),
        same=True,
    ),
    Case("gzip padded with zeros", gzip.compress(text(PLAIN)) + b"\0" * 512, same=True),
    Case("samples in rows", transposed(), same=True),
    Case("UTF-16", lambda: PLAIN.encode("utf-16"), same=True),
    Case("UTF-16, big end first", lambda: b"\xfe\xff" + PLAIN.encode("utf-16-be"), same=True),
    Case("UTF-16 of Excel, gzipped", lambda: gzip.compress(
        PLAIN.replace("\n", "\r\n").encode("utf-16")), same=True),
    Case("line ends of old Macs", text(PLAIN.replace("\n", "\r")), same=True),
    Case("line ends of old Macs in UTF-16", lambda: PLAIN.replace("\n", "\r").encode("utf-16"),
         same=True),
    Case("commas", text(PLAIN.replace("\t", ",")), same=True),
    Case("semicolons", text(PLAIN.replace("\t", ";")), same=True),
    Case("spaces", text(PLAIN.replace("\t", " ")), same=True),
    Case("quotes", text('"' + PLAIN[:-1].replace("\t", '"\t"').replace("\n", '"\n"') + '"\n'),
         same=True),
    Case("R's header", text(PLAIN.removeprefix("miRNA\t")), same=True),
    Case("a delimiter at each end", text(PLAIN.replace("\n", "\t\n")), same=True),
    Case("decimals", text("\n".join([LINES[0], *(
        line.split("\t")[0] + "\t" + "\t".join(f"{c}.0" for c in line.split("\t")[1:])
        for line in LINES[1:])]) + "\n"), same=True),
    Case("exponents", matrix(counts()), same=True),
    Case("a BED line before the values", before_names(
        lambda i: f"chr1\t{i}0\t{i}9\t{NAMES[i - 1]}\t+"), same=True),
    Case("thousands", cell("1,000,000")),
    Case("blanks around cells", text(PLAIN.replace("\t", " \t "))),
    Case("one sample", text(table(n_samples=1))),
    Case("two samples", text(table(n_samples=2))),
    Case("a sample of zeros", matrix(counts() * (np.arange(24) != 3)[:, None])),
    Case("an empty column", text("\n".join(
        "\t".join([*line.split("\t")[:3], "" if i else "s02", *line.split("\t")[4:]])
        for i, line in enumerate(LINES)) + "\n")),
    Case("repeated features", text(PLAIN + LINES[5] + "\n")),
    Case("RPM", matrix(SHARES * 1e6)),
    Case("log2 as told", matrix(LOGGED), options=("--units", "log2")),
    Case("ids with quotes and substitutions",
         text(table(["it's", "$(touch hacked)", "`id`", "a;b", "a&b", "../../x", "<b>", "=1+1"]))),
    Case("ids in other scripts", text(table(["Probe-ä", "样本", "नमूना", "🧬"]))),
    Case("ids that are numbers", text(table(["1", "2", "007", "1e5"]))),
    Case("ids that say nothing", text(table(["NA", "nan", "None", "null"]))),
    Case("very long ids", text(table(["x" * 5000, "y" * 5000]))),
    Case("cp1252", table(["Prüfung", "naïve"]).encode("cp1252")),
    Case("empty cells", cell("")),
    Case("not available", cell("NA")),
    Case("few features shared", text("\n".join(LINES[:26]) + "\n")),
    Case("many columns", many_columns, only=("normalise",)),
    Case("wrong species", renamed("ath"), only=("normalise",)),
]  # fmt: skip
