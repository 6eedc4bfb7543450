"""Human miRNAs of miRBase 22.1 by every name that tables call them.

The table beside this module (``data/mirna_names.tsv.gz``) is built by ``data/build_names.py``, which
states its sources. What releases 10 to 20 called a miRNA follows from rules over that table, so that
no history of names has to be shipped.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from .names import MirnaName, parse_mirna


@dataclass(frozen=True)
class Entry:
    """One human miRNA: a mature, or a precursor with no mature chosen.

    Attributes
    ----------
    precursors : tuple of str
        Precursor names, ``hsa-let-7a-1``; one for a precursor, all that carry it for a mature.
    mature : str
        Mature name, ``hsa-let-7a-5p``; empty for a precursor.
    age : int
        Number of its accession, by which the older of two miRNAs is known.
    """

    precursors: tuple[str, ...]
    mature: str
    age: int

    @property
    def stem(self) -> str:
        """Precursor name without its copy: ``hsa-let-7a``."""
        return stem_of(self.precursors[0])


def stem_of(precursor: str) -> str:
    """Return a precursor's name without the number of its copy."""
    parsed = parse_mirna(precursor)
    return f"{parsed.species}-{parsed.stem}" if parsed else precursor


class NameTable:
    """Names, accessions and MirGeneDB ids of human miRNAs, each pointing at an `Entry`."""

    def __init__(self, rows: list[dict[str, str]]) -> None:
        carried: dict[str, list[str]] = {}
        for row in rows:
            carried.setdefault(row["mature_accession"], []).append(row["precursor"])
        self.matures: dict[str, Entry] = {}
        self.precursors: dict[str, Entry] = {}
        self.accessions: dict[str, Entry] = {}
        self.mirgenedb: dict[str, Entry] = {}
        self._arms: dict[str, list[tuple[bool, int, Entry]]] = {}
        self._stems: dict[str, list[Entry]] = {}
        for row in rows:
            mature_id, precursor_id = row["mature_accession"], row["precursor_accession"]
            mature = Entry(
                tuple(sorted(carried[mature_id])),
                row["mature"],
                int(mature_id.removeprefix("MIMAT")),
            )
            precursor = Entry((row["precursor"],), "", int(precursor_id.removeprefix("MI")))
            self.accessions[mature_id] = mature
            self.accessions[precursor_id] = precursor
            self.matures.setdefault(row["mature"].lower(), mature)
            if row["precursor"] not in self.precursors:
                self.precursors[row["precursor"]] = precursor
                self._stems.setdefault(precursor.stem, []).append(precursor)
            for old in row["old_names"].split("|"):
                if old and "-mir-" in old:
                    self.precursors.setdefault(old, precursor)
                elif old:
                    self.matures.setdefault(old.lower(), mature)
            for identifier in row["mirgenedb"].split("|"):
                if identifier:
                    of_mature = identifier.endswith(("_5p", "_3p"))
                    # A MirGeneDB gene may have variants (-v1, -v2) of one name.
                    self.mirgenedb.setdefault(identifier, mature if of_mature else precursor)
            arms = self._arms.setdefault(row["precursor"], [])
            arms.append((row["minor"] == "1", mature.age, mature))
        for arms in self._arms.values():
            arms.sort(key=lambda arm: arm[:2])

    def current_stem(self, parsed: MirnaName) -> str | None:
        """Return the stem that a human name of any release belongs to, or None.

        When a sequence much like ``mir-103`` was found, miRBase called the newcomer ``mir-103b``
        and the first ``mir-103a``: a name whose stem is gone is therefore looked for with an *a*.
        """
        for stem in (f"hsa-{parsed.stem}", f"hsa-{parsed.stem}a"):
            if stem in self._stems and (
                stem[-1] != "a" or parsed.letter or stem not in ("hsa-mir-a",)
            ):
                return stem
        return None

    def stem_entries(self, stem: str) -> list[Entry]:
        """Return the precursors of a stem, the oldest first."""
        return sorted(self._stems.get(stem, []), key=lambda entry: entry.age)

    def arm_of(self, stem: str, parsed: MirnaName) -> Entry | None:
        """Return the mature miRNA of a stem that a name without a current spelling means.

        An arm that is named decides. Without one, a name meant the strand that was known first and
        its star the other: MirGeneDB's star strand is the minor one, and where it says nothing
        the younger accession is.
        """
        copies = [entry.precursors[0] for entry in self.stem_entries(stem)]
        if parsed.copy and f"{stem}-{parsed.copy}" in copies:
            copies = [f"{stem}-{parsed.copy}"]
        arms = [arm for copy in copies for arm in self._arms[copy]]
        named = [entry for _, _, entry in arms if parsed.arm and entry.mature.endswith(parsed.arm)]
        if named:
            return named[0]
        if parsed.arm:  # the table knows this stem by one arm only, spelled without it
            return arms[0][2] if len(arms) == 1 and not arms[0][2].mature.endswith("p") else None
        ordered: dict[str, Entry] = {}
        for _, _, entry in sorted(arms, key=lambda arm: arm[:2]):
            ordered.setdefault(entry.mature[-2:], entry)
        choices = list(ordered.values())
        if parsed.star:
            return choices[1] if len(choices) > 1 else None
        return choices[0]


@lru_cache(maxsize=1)
def human() -> NameTable:
    """Return the table of human names, read once."""
    data = files(__package__).joinpath("data", "mirna_names.tsv.gz").read_bytes()
    header, *lines = gzip.decompress(data).decode().splitlines()
    columns = header.split("\t")
    return NameTable([dict(zip(columns, line.split("\t"), strict=True)) for line in lines])
