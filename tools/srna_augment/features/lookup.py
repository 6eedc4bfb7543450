"""Human miRNAs of miRBase 22.1 by every name that tables call them.

The table beside this module (``data/mirna_names.tsv.gz``) is built by ``data/build_names.py``,
which states its sources. What releases 10 to 20 called a miRNA follows from rules over that table,
so that no history of names has to be shipped.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from .names import MirnaName, parse_mirna

HUMAN = "hsa"

# A larger group is named by its oldest member and the number of others.
_MOST_NAMED = 3

# Renamings that follow no rule.
_RENAMED_STEMS = {"hsa-mir-453": "hsa-mir-323b"}
_RENAMED_PRECURSORS = {
    "hsa-mir-365-1": "hsa-mir-365a",
    "hsa-mir-365-2": "hsa-mir-365b",
    "hsa-mir-128a": "hsa-mir-128-1",
    "hsa-mir-128b": "hsa-mir-128-2",
}


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
    """Names and accessions of human miRNAs, each pointing at an `Entry`.

    MirGeneDB's genes point at precursors, by the ids of its release 2.0; see `.mirgenedb`.
    """

    def __init__(self, rows: list[dict[str, str]]) -> None:
        carried: dict[str, list[str]] = {}
        for row in rows:
            carried.setdefault(row["mature_accession"], []).append(row["precursor"])
        self.matures: dict[str, Entry] = {}
        self.precursors: dict[str, Entry] = {}
        self.accessions: dict[str, Entry] = {}
        self.mirgenedb: dict[str, str] = {}
        self._arms: dict[str, list[tuple[bool, Entry]]] = {}
        self._stems: dict[str, list[Entry]] = {}
        self._groups: dict[str, str] = {}
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
            if row["group"]:
                self._groups[precursor.stem] = _group_name(row["group"].split("|"))
            for old in row["old_names"].split("|"):
                if old and "-mir-" in old:
                    self.precursors.setdefault(old, precursor)
                elif old:
                    self.matures.setdefault(old.lower(), mature)
            for identifier in row["mirgenedb"].split("|"):
                if identifier and not identifier.endswith(("_5p", "_3p")):
                    # A MirGeneDB gene may have variants (-v1, -v2), which tables may not tell.
                    self.mirgenedb.setdefault(re.sub(r"-v\d+$", "", identifier), row["precursor"])
            self._arms.setdefault(row["precursor"], []).append((row["minor"] == "1", mature))

    def group_of(self, stem: str) -> str:
        """Return the name of the stems that reads cannot tell from a stem: its key.

        ``hsa-let-7a`` and ``hsa-let-7c`` have the key ``hsa-let-7a/7c``. A stem that stands alone
        is its own key.
        """
        return self._groups.get(stem, stem)

    def precursor(self, name: str) -> Entry | None:
        """Return a precursor by its name in any release, or None."""
        return self.precursors.get(_RENAMED_PRECURSORS.get(name, name))

    def on_precursor(self, name: str, arm: str) -> Entry | None:
        """Return the mature miRNA of an arm of a precursor; the precursor where no arm is given."""
        if not arm:
            return self.precursors.get(name)
        arms = [entry for _, entry in self._arms.get(name, [])]
        # Of a strand that stands alone the name has no arm: hsa-miR-451a.
        alone = [entry for entry in arms if len(arms) == 1 and not entry.mature.endswith("p")]
        named = [entry for entry in arms if entry.mature.endswith(arm)]
        return next(iter(named + alone), None)

    def current_stem(self, parsed: MirnaName) -> str | None:
        """Return the stem that a human name of any release belongs to, or None.

        When a sequence much like ``mir-103`` was found, miRBase called the newcomer ``mir-103b``
        and the first ``mir-103a``: a name whose stem is gone is therefore looked for with an *a*.
        """
        stem = f"{HUMAN}-{parsed.stem}"
        stem = _RENAMED_STEMS.get(stem, stem)
        if stem in self._stems:
            return stem
        return f"{stem}a" if not parsed.letter and f"{stem}a" in self._stems else None

    def stem_entries(self, stem: str) -> list[Entry]:
        """Return the precursors of a stem, the oldest first."""
        return sorted(self._stems.get(stem, []), key=lambda entry: entry.age)

    def arm_of(self, stem: str, parsed: MirnaName) -> Entry | None:
        """Return the mature miRNA of a stem that a name without a current spelling means.

        An arm that is named decides. Without one, a name meant the strand that was known first,
        which has the lower accession, and its star the other. Strands with consecutive accessions
        were known together: there MirGeneDB says which is the star, or else it is the 5' arm.
        """
        copies = [entry.precursors[0] for entry in self.stem_entries(stem)]
        if parsed.copy and f"{stem}-{parsed.copy}" in copies:
            copies = [f"{stem}-{parsed.copy}"]
        arms = {
            entry.mature: (is_minor, entry)
            for copy in copies
            for is_minor, entry in self._arms[copy]
        }

        def by_name(entry: Entry) -> tuple[bool, bool, int]:
            name = parse_mirna(entry.mature)
            other_stem = name is None or f"{HUMAN}-{name.stem}" != stem
            return (other_stem, name is None or name.copy != parsed.copy, entry.age)

        ordered = sorted((entry for _, entry in arms.values()), key=by_name)
        if parsed.arm:
            named = [entry for entry in ordered if entry.mature.endswith(parsed.arm)]
            # The table may know a stem by one strand only, and spell it without its arm.
            alone = len(ordered) == 1 and not ordered[0].mature.endswith("p")
            return named[0] if named else ordered[0] if alone else None
        strands: dict[str, Entry] = {}
        for entry in ordered:
            strands.setdefault(entry.mature[-2:], entry)
        choices = sorted(strands.values(), key=lambda entry: by_name(entry)[::2])
        if len(choices) == 2 and choices[1].age - choices[0].age == 1:
            choices.sort(key=lambda entry: (arms[entry.mature][0], entry.mature.endswith("5p")))
        if parsed.star:
            return choices[1] if len(choices) > 1 else None
        return choices[0]


def _group_name(stems: list[str]) -> str:
    """Name a group by its members, or by the oldest and the number of others when they are many."""
    oldest, *others = stems
    if len(others) > _MOST_NAMED:
        return f"{oldest}+{len(others)}"
    return "/".join([oldest, *(re.sub(r"^hsa-(?:mir|let)-", "", stem) for stem in others)])


@lru_cache(maxsize=1)
def human() -> NameTable:
    """Return the table of human names, read once."""
    data = files(__package__).joinpath("data", "mirna_names.tsv.gz").read_bytes()
    header, *lines = gzip.decompress(data).decode().splitlines()
    columns = header.split("\t")
    return NameTable([dict(zip(columns, line.split("\t"), strict=True)) for line in lines])
