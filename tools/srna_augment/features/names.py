"""Grammar of small-RNA names: what a name says about itself, before any table is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

MIRNA = "miRNA"
OTHER = "other"

# Prefixes of miRBase: three letters, and the names of viruses, which end in v (ebv, hsv1, hhv6b).
_SPECIES = r"(?P<species>[a-z]{3}|[a-z]{2,4}v\d?[a-z]?)"
# Species prefix, let or mir, number, letter, copy, arm, star: hsa-miR-550a-3-5p, hsa-let-7f-1*.
# A copy is a number that no p follows, so that the 3 of miR-1-3p is an arm and not a copy.
_MIRNA = re.compile(
    rf"(?:{_SPECIES}-)?"
    r"(?P<family>let|mir|lin)-?(?P<number>\d+)(?P<letter>[a-z]{0,3})"
    r"(?:-(?P<copy>\d{1,2})(?!p))?(?P<antisense>-as)?(?:-(?P<arm>[35]p|p[35]))?(?P<star>\*)?",
    re.IGNORECASE,
)
# HGNC symbols of miRNA genes: MIR21, MIRLET7A1, MIR92A1, MIR16-1; MIR22HG is a gene that hosts one.
_HGNC = re.compile(
    r"MIR(?P<let>LET)?(?P<number>\d+)(?P<letter>[A-Z]{0,3})(?<!HG)(?:-?(?P<copy>\d{1,2}))?"
)
# miRge3 adds the variant of a read and the place of a gene: Hsa-Mir-92-P1a_5p*.SNPA chr13 segs:...
_MIRGENEDB = re.compile(
    r"(?P<species>[A-Z][a-z]{2})-(?P<rest>(?:Mir|Let|Novel)-\S+?)(?:\.SNP[A-Z])?(?:\s.*)?"
)
_PARALOGUE = re.compile(r"(?P<family>[A-Z][a-z]{2}-(?:Mir|Let|Novel)-\d+)-P\d")
_ACCESSION = re.compile(r"(?<![A-Za-z])MI(?:MAT)?\d{7}(?!\d)")
# Viral and plant miRNAs, whose names follow other rules: ebv-miR-BART1-5p, ath-MIR156a.
_FOREIGN = re.compile(rf"{_SPECIES}-(?:miR|mir|MIR|let|lin|bantam)-?\S*")
# R's make.names and tools that dislike dashes: hsa.miR.21.5p, hsa_let_7a_5p.
_MANGLED = re.compile(r"(?:[A-Za-z]{3}[._])?(?:mir|let)[._]\d", re.IGNORECASE)

# The first pattern that matches decides; the classes are those of SEA (Rahman et al. 2018,
# Nucleic Acids Research 46:D160) and exceRpt.
_KINDS = (
    ("piRNA", re.compile(r"(?:[a-z]{3}[_-])?piR(?:NA)?(?:[_-]|\d)|DQ\d{6}|piRNA", re.IGNORECASE)),
    (
        "tRNA fragment",
        re.compile(
            r"t[iRsD]*R[FNA]*A?[_-](?!$)|tRF|tiRNA|tsRNA|tDR-|.*trna\d*[-_.]|.*\btRNA|"
            r"MT-T[A-Z]\d?$|"
            # exceRpt's, of gtRNAdb: isotype and anticodon, Val-CAC
            r"(?:Ala|Arg|Asn|Asp|Cys|Gln|Glu|Gly|His|Ile|[if]?Met|Leu|Lys|Phe|Pro|SeC|Ser|Sup|"
            r"Thr|Trp|Tyr|Val)[-_]?[ACGTUN]{3}(?:[-_]|$)",
            re.IGNORECASE,
        ),
    ),
    ("snoRNA", re.compile(r"SNOR[AD]|SCARNA|sno(?:RNA)?|HBI+-|ACA\d|.*snoRNA", re.IGNORECASE)),
    ("Y RNA", re.compile(r"RNY\d|h?Y[_-]?RNA|hY\d", re.IGNORECASE)),
    ("snRNA", re.compile(r"RNU\d|U\d{1,2}(?:atac)?(?:[_-]|$)|RNVU|snRNA", re.IGNORECASE)),
    (
        "rRNA",
        re.compile(
            r"(?:5|5\.8|12|16|18|28|45|47)S(?:\W|_|$)|RNA?(?:5-8|\d{1,2})S|MT-RNR|.*rRNA",
            re.IGNORECASE,
        ),
    ),
)
_OTHER_FEATURE = re.compile(
    r"ENS[A-Z]*[GT]\d{11}|URS[0-9A-F]{10}|[ACGTUN]{15,}$|iso-\d+-|.*[-_]?novel|.*-mir-\d|"
    # exceRpt's genes of GENCODE: symbol and biotype, MALAT1:lincRNA
    r"\S+:(?:protein_coding|antisense|processed_\w+|\w*pseudogene|\w*RNA|TEC|sense_\w+)$",
    re.IGNORECASE,
)
_READS = re.compile(r"\breads?\b", re.IGNORECASE)


@dataclass(frozen=True)
class MirnaName:
    """The parts of a miRNA name.

    Attributes
    ----------
    species : str
        miRBase prefix (``hsa``); empty where the name has none.
    family : str
        ``let``, ``mir`` or ``lin``.
    number, letter, copy : str
        ``550``, ``a``, ``3`` of ``hsa-miR-550a-3-5p``; empty where absent.
    arm : str
        ``5p``, ``3p`` or empty.
    star : bool
        Whether the name is an old star form.
    precursor : bool
        Whether the name is spelled as a precursor's (``mir``, small r, or a gene symbol).
    """

    species: str
    family: str
    number: str
    letter: str = ""
    copy: str = ""
    arm: str = ""
    star: bool = False
    precursor: bool = False

    @property
    def stem(self) -> str:
        """Name without species, copy and arm: ``mir-550a``."""
        return f"{self.family}-{self.number}{self.letter}"


@lru_cache(maxsize=200_000)
def parse_mirna(name: str) -> MirnaName | None:
    """Take a miRNA name apart; None for what is not one by miRBase's rules for animals.

    Understands all spellings of miRBase releases 10 to 22.1, names without species, HGNC
    symbols and the two manglings seen in tables (dots and underscores for dashes).
    """
    text = unmangle(name)
    found = _MIRNA.fullmatch(text)
    if found:
        family = found["family"].lower()
        if found["family"].isupper() and not found["species"] and "-" not in text:
            return _parse_symbol(text)
        letter, copy = found["letter"].lower(), found["copy"] or ""
        if found["antisense"]:  # hsa-mir-103-1-as became hsa-mir-103b-1 in release 18
            letter = "b"
        arm = (found["arm"] or "").lower()
        return MirnaName(
            species=(found["species"] or "").lower(),
            family=family,
            number=found["number"],
            letter=letter,
            copy=copy,
            arm={"p5": "5p", "p3": "3p"}.get(arm, arm),
            star=bool(found["star"]),
            precursor=found["family"] == "mir" and not arm and not found["star"],
        )
    return _parse_symbol(text)


def _parse_symbol(text: str) -> MirnaName | None:
    found = _HGNC.fullmatch(text)
    if not found:
        return None
    return MirnaName(
        species="hsa",
        family="let" if found["let"] else "mir",
        number=found["number"],
        letter=found["letter"].lower(),
        copy=found["copy"] or "",
        precursor=True,
    )


def unmangle(name: str) -> str:
    """Give a miRNA name its dashes back and drop marks that tools hang on it.

    ``hsa.miR.200c.`` becomes ``hsa-miR-200c*``: R writes a star as a dot, too.
    """
    # The keys of large groups (hsa-mir-518c+11) lead back to themselves; let-7a(3) has three genes;
    # hsa-miR-451-DICER1 and hsa-miR-320-RNASEN do without that enzyme; .SNPA is a read's variant.
    hung_on = r"\+\d+$|\(\d{1,2}\)$|-(?:DICER1|RNASEN)$|\.SNP[A-Z]$"
    text = re.sub(hung_on, "", name.strip().strip('"').rstrip("@"))
    if _MANGLED.match(text):
        if text.endswith("."):
            text = text[:-1] + "*"
        text = text.replace(".", "-").replace("_", "-")
    return text


def accession(name: str) -> str | None:
    """Return the miRBase accession (MIMAT or MI) that a name holds, if it holds one."""
    found = _ACCESSION.search(name)
    return found[0] if found else None


def mirgenedb(name: str) -> tuple[str, str] | None:
    """Split a MirGeneDB name into species and rest: ``Hsa-Mir-8-P1a_3p``.

    What miRge3 writes behind it is not part of it.
    """
    found = _MIRGENEDB.fullmatch(name.strip())
    return (found["species"].lower(), found["rest"]) if found else None


def foreign_species(name: str) -> str | None:
    """Return the species prefix of a miRNA name that follows rules of its own (viral, plant)."""
    found = _FOREIGN.fullmatch(name.strip())
    return found["species"].lower() if found else None


@lru_cache(maxsize=200_000)
def kind_of(name: str) -> str:
    """Tell the class of small RNA by the look of a name.

    Returns
    -------
    str
        ``miRNA``, ``piRNA``, ``tRNA fragment``, ``snoRNA``, ``Y RNA``, ``snRNA``, ``rRNA`` or
        ``other``.
    """
    text = name.strip().strip('"')
    if (
        parse_mirna(text)
        or accession(text)
        or mirgenedb(text)
        or foreign_species(text)
        or parse_mirna(re.split(r"[/|:;,]", text, maxsplit=1)[0])
        # A mature and its precursor; a sample of cells with one more miRNA has other words.
        or (" " in text and all(map(parse_mirna, text.split())))
    ):
        return MIRNA
    for kind, pattern in _KINDS:
        if pattern.match(text):
            return kind
    return OTHER


def looks_like_feature(name: str) -> bool:
    """Tell whether a name looks like a small RNA rather than like a sample."""
    if _READS.search(name):  # *mature tRNA Reads* of a report are no RNA
        return False
    return kind_of(name) != OTHER or bool(_OTHER_FEATURE.match(name.strip()))


def looks_like_mature(name: str) -> bool:
    """Tell whether a name is a mature miRNA's, by its arm, its capital or its accession."""
    parsed = parse_mirna(name)
    if parsed is None:
        return (accession(name) or "").startswith("MIMAT")
    return bool(parsed.arm or parsed.star) or (parsed.family == "mir" and not parsed.precursor)


def split_merged(name: str) -> list[str]:
    """Split a merged name into full names.

    Later parts may leave out what they share with the first: ``hsa-let-7a-5p/7c-5p``,
    ``hsa-miR-320a/b/c``, ``hsa-miR-200b-3p/5p``, ``Hsa-Mir-92-P1a_3p/P1b_3p``. A name that is not
    merged comes back alone.

    Parameters
    ----------
    name : str
        A feature name.

    Returns
    -------
    list of str
        Names as they would stand alone, in the order written.
    """
    text = name.strip()
    if not re.search(r"[/|;,]", text):
        return [text]
    parts = [part.strip().split(":", 1)[0] for part in re.split(r"[/|;,]", text) if part.strip()]
    paralogue = _PARALOGUE.match(parts[0]) if parts else None
    if paralogue:
        family = paralogue["family"]
        return [f"{family}-{part}" if re.match(r"P\d", part) else part for part in parts]
    first = parse_mirna(parts[0]) if parts else None
    if first is None:
        return [text]
    prefix = f"{first.species}-" if first.species else ""
    middle = (
        "mir" if first.precursor and first.family == "mir" else first.family.replace("mir", "miR")
    )
    whole = [parts[0]]
    for part in parts[1:]:
        if re.match(r"(?:[a-z]{3,5}-)?(?:mir|let|lin)-", part, re.IGNORECASE):
            whole.append(part)
        elif re.match(r"[35]p$", part):
            copy = f"-{first.copy}" if first.copy else ""
            whole.append(f"{prefix}{middle}-{first.number}{first.letter}{copy}-{part}")
        elif re.match(r"\d", part):
            whole.append(f"{prefix}{middle}-{part}")
        else:
            whole.append(f"{prefix}{middle}-{first.number}{part}")
    return whole if all(parse_mirna(part) for part in whole) else [text]
