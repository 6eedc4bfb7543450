"""From the names that a table uses to keys that tables of other releases and levels share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from .lookup import HUMAN, Entry, human
from .mirgenedb import entry as mirgenedb_entry
from .mirgenedb import of_first_release
from .names import (
    MIRNA,
    OTHER,
    MirnaName,
    accession,
    foreign_species,
    kind_of,
    mirgenedb,
    parse_mirna,
    split_merged,
    unmangle,
)

LEVELS = ("mature", "precursor", "stem")

# Rows that count reads rather than features: HTSeq, STAR, samtools idxstats, miRge3, spreadsheets;
# and metadata, where samples as rows were turned.
_STATISTICS = frozenset(
    {"", "*", "__no_feature", "__ambiguous", "__too_low_aqual", "__not_aligned",
     "__alignment_not_unique", "n_unmapped", "n_multimapping", "n_nofeature", "n_ambiguous",
     "mirnatotal", "total", "total reads", "total counts", "grand total", "sum", "library_size",
     "library size", "unmapped", "unassigned", "nan", "na",
     "age", "age_years", "sex", "gender", "bmi", "rin", "batch", "group", "class", "condition",
     "replicate", "patient", "subject"}
)  # fmt: skip


@dataclass(frozen=True)
class Resolved:
    """What one feature name means.

    Attributes
    ----------
    mature, precursor, stem : str
        Its key at each level. A precursor's key at level ``mature`` is its own name, since its
        reads cannot be told apart; a mature's key at level ``precursor`` is the precursor that it
        comes from, or the stem where it comes from several. The key at level ``stem`` names all
        stems that reads cannot tell apart (``hsa-let-7a/7c``).
    kind : str
        ``miRNA``, ``piRNA``, ``tRNA fragment``, ``snoRNA``, ``snRNA``, ``rRNA``, ``Y RNA``,
        ``other``.
    species : str
        miRBase prefix, empty where the name does not tell.
    how : str
        ``current`` (a name of miRBase 22.1), ``renamed`` (another spelling or release),
        ``accession``, ``MirGeneDB``, ``merged``, ``unlisted`` (not in the table: kept as it is),
        ``dropped`` (a row of read statistics).
    others : tuple of Resolved
        For a merged name, what its other members mean.
    """

    mature: str
    precursor: str
    stem: str
    kind: str
    species: str
    how: str
    others: tuple[Resolved, ...] = ()

    def key(self, level: str) -> str:
        """Return the key at a level of `LEVELS`."""
        return str(getattr(self, level))


@dataclass(frozen=True)
class Resolution:
    """What the features of a table mean, in the order of the table.

    Attributes
    ----------
    names : list of str
        The features' names as the table has them.
    resolved : list of Resolved
        What each means.
    """

    names: list[str]
    resolved: list[Resolved]

    def keys(self, level: str) -> list[str]:
        """Return one key a name at a level of `LEVELS`; empty for a name that is dropped."""
        return [item.key(level) for item in self.resolved]

    @property
    def kinds(self) -> Counter[str]:
        """Names per class of small RNA, without those that are dropped."""
        return Counter(item.kind for item in self.resolved if item.how != "dropped")

    @property
    def species(self) -> Counter[str]:
        """Names per species prefix, of those that tell."""
        return Counter(item.species for item in self.resolved if item.species)

    @property
    def how(self) -> Counter[str]:
        """Names per way in which they were resolved."""
        return Counter(item.how for item in self.resolved)

    @property
    def foreign(self) -> list[str]:
        """Names of another species than human."""
        return [
            name
            for name, item in zip(self.names, self.resolved, strict=True)
            if item.species not in ("", HUMAN)
        ]

    @property
    def unknown(self) -> list[str]:
        """Names of human miRNAs, by their look, that no release of miRBase has."""
        return [
            name
            for name, item in zip(self.names, self.resolved, strict=True)
            if item.kind == MIRNA and item.how == "unlisted" and item.species in ("", HUMAN)
        ]


def resolve(names: Sequence[str]) -> Resolution:
    """Resolve feature names of miRBase releases 10 to 22.1, MirGeneDB and other sRNA sources.

    Parameters
    ----------
    names : sequence of str
        Names as a table has them: precursor, mature, star, MIMAT or MI accession, merged, without
        species, MirGeneDB, or another class of small RNA.

    Returns
    -------
    Resolution
        A key at each level, class and species of each name.
    """
    first = of_first_release(names)
    return Resolution(list(names), [resolve_name(name, first) for name in names])


@lru_cache(maxsize=200_000)
def resolve_name(name: str, first_release: bool = False) -> Resolved:
    """Resolve one name; see `resolve`. MirGeneDB's ids may be those of its release 2.0."""
    text = name.strip()
    if text.lower() in _STATISTICS:
        return Resolved("", "", "", OTHER, "", "dropped")
    parts = split_merged(text)
    if len(parts) > 1:
        return _merged([resolve_name(part, first_release) for part in parts])
    kind = kind_of(text)
    if kind != MIRNA:
        return Resolved(text, text, text, kind, "", "unlisted")
    table = human()
    identifier = accession(text)
    if identifier in table.accessions:
        return _from_entry(table.accessions[identifier], "accession")
    gene = mirgenedb(text)
    if gene:
        entry = mirgenedb_entry(text, first_release)
        if entry:
            return _from_entry(entry, "MirGeneDB")
        return Resolved(text, text, text, kind, gene[0], "unlisted")
    alone = re.split(r"[:\s]", text, maxsplit=1)[0]
    parsed = parse_mirna(text) or parse_mirna(alone)
    if parsed is None:
        return Resolved(text, text, text, kind, foreign_species(text) or "", "unlisted")
    if parsed.species not in ("", HUMAN):
        return _by_rule(parsed, parsed.species)
    return _human(parsed, unmangle(text if parse_mirna(text) else alone))


def _human(parsed: MirnaName, text: str) -> Resolved:
    table = human()
    spelled = text if parsed.species else f"{HUMAN}-{text}"
    copy = f"-{parsed.copy}" if parsed.copy else ""
    # let-7a-1 is a precursor by its copy, since let has no capital to tell it from a mature.
    is_precursor = parsed.precursor or bool(parsed.copy and not parsed.arm and not parsed.star)
    if is_precursor:
        entry = table.precursor(f"{HUMAN}-{parsed.stem}{copy}")
        if entry:
            how = "current" if spelled == entry.precursors[0] else "renamed"
            return _from_entry(entry, how)
    else:
        entry = table.matures.get(spelled.lower())
        if entry:
            return _from_entry(entry, "current" if spelled == entry.mature else "renamed")
    stem = table.current_stem(parsed)
    if stem is None:
        return _by_rule(parsed, HUMAN)
    if parsed.precursor:
        precursors = {entry.precursors[0]: entry for entry in table.stem_entries(stem)}
        known = precursors.get(f"{stem}{copy}")
        if known or len(precursors) == 1:
            return _from_entry(known or next(iter(precursors.values())), "renamed")
        # A copy that is unknown, or a name that leaves the copy open.
        return Resolved(stem, stem, table.group_of(stem), MIRNA, HUMAN, "renamed")
    arm = table.arm_of(stem, parsed)
    if arm is None:
        unnamed = (
            "miR" + stem.removeprefix("hsa-mir") if "-mir-" in stem else stem.removeprefix("hsa-")
        )
        suffix = f"-{parsed.arm}" if parsed.arm else "*" if parsed.star else ""
        mature = f"{HUMAN}-{unnamed}{copy}{suffix}"
        return Resolved(mature, stem, table.group_of(stem), MIRNA, HUMAN, "renamed")
    return _from_entry(arm, "renamed")


def _from_entry(entry: Entry, how: str) -> Resolved:
    precursor = entry.precursors[0] if len(entry.precursors) == 1 else entry.stem
    stem = human().group_of(entry.stem)
    return Resolved(entry.mature or precursor, precursor, stem, MIRNA, HUMAN, how)


def _by_rule(parsed: MirnaName, species: str) -> Resolved:
    """Make keys from the grammar of names alone, for what the table does not hold."""
    copy = f"-{parsed.copy}" if parsed.copy else ""
    stem = f"{species}-{parsed.stem}"
    precursor = f"{stem}{copy}"
    family = "miR" if parsed.family == "mir" else parsed.family
    suffix = f"-{parsed.arm}" if parsed.arm else "*" if parsed.star else ""
    mature = f"{species}-{family}-{parsed.number}{parsed.letter}{copy}{suffix}"
    if parsed.precursor:
        mature = precursor
    return Resolved(mature, precursor, stem, MIRNA, species, "unlisted")


def _merged(members: list[Resolved]) -> Resolved:
    """Give a merged name to its oldest member.

    Most merged names (``hsa-let-7a-5p/7c-5p``) have one key at level ``stem``. Where they do not,
    one member has all reads and the others are *not reported*. The rule looks at the name alone and
    never at the table, so that training and prediction agree; the older accession is the more
    abundant miRNA as a rule.
    """
    oldest = min(members, key=_age)
    others = tuple(item for item in members if item is not oldest)
    return Resolved(
        oldest.mature, oldest.precursor, oldest.stem, oldest.kind, oldest.species, "merged", others
    )


def _age(item: Resolved) -> tuple[int, str]:
    table = human()
    entry = table.matures.get(item.mature.lower()) or table.precursors.get(item.precursor)
    return (entry.age if entry else 10**9, item.mature)
