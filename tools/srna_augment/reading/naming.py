"""What a file of one sample says about the sample's name: its own name, or its folder's."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ID_COLUMNS = ("sample_id", "sample", "id")
"""Names of the column that holds sample ids, the first that is there."""

_SUFFIXES = frozenset(
    {".gz", ".txt", ".tsv", ".csv", ".tab", ".counts", ".count", ".grouped", ".h5ad", ".parquet",
     ".sf", ".results", ".genes", ".isoforms", ".mirna", ".idxstats"}
)  # fmt: skip
# Names that tools give to the file of every sample.
_SAME_FOR_ALL = frozenset(
    {
        "mature_sense",
        "mature_sense_SA",
        "counts",
        "count",
        "quant",
        "abundance",
        "mature",
        "mirna",
        "miRNA",
        "results",
        "expression",
        "counts_mirna",
        "mirtop",
        "miRNA_expressed",
        "mirnas.quantification",
        "isoforms.quantification",
    }
)
# Header cells that say what the values are rather than whose they are; miRDeep2 calls a sample that
# nobody has named *seq*.
_NO_SAMPLE = frozenset(
    {"count", "counts", "read_count", "readcount", "read_counts", "reads", "raw", "raw_count",
     "raw_counts", "expression", "expression_value", "expression_values", "value", "rpm", "cpm",
     "tpm", "seq", "umi", "umis", "umi_count", "umi_counts"}
)  # fmt: skip


def names_no_sample(column: str) -> bool:
    """Tell whether a column's name is that of a quantity, so that its file names the sample."""
    return re.sub(r"[\s.]+", "_", column.strip().lower()) in _NO_SAMPLE


def sample_name(path: str | Path) -> str:
    """Name the sample of a file by its name without endings.

    Where tools name the files of all samples alike, the folder's name stands in.
    """
    if str(path) == "-":
        return "stdin"
    stem = _text(Path(path).name)
    while Path(stem).suffix.lower() in _SUFFIXES:
        stem = Path(stem).stem
    if stem in _SAME_FOR_ALL or stem.startswith("readCounts_"):
        return folder_name(path)
    # bcbio's SAMPLE-mirbase-ready.counts, miRDeep2's miRNAs_expressed_all_samples_SAMPLE.csv
    return stem.removesuffix("-mirbase-ready").removeprefix("miRNAs_expressed_all_samples_")


def folder_name(path: str | Path) -> str:
    """Name the sample of a file by the folder that holds it."""
    return _text(Path(path).resolve().parent.name)


def _text(name: str) -> str:
    r"""Return a name that can be written: what is no UTF-8 in it as ``\xe9``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def names_of_files(paths: Sequence[str]) -> list[str]:
    """Name the samples of several files of one sample each.

    Files that bear the same name in different folders are told apart by their folders.
    """
    names = [sample_name(path) for path in paths]
    repeated = {name for name, n in Counter(names).items() if n > 1}
    return [
        folder_name(path) if name in repeated else name
        for path, name in zip(paths, names, strict=True)
    ]
