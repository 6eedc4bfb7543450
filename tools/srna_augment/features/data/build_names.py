#!/usr/bin/env python3
r"""Build ``mirna_names.tsv.gz``, the names of human miRNAs, from what Debian's `optimir` ships.

Usage::

    apt-get download optimir && dpkg -x optimir_*.deb optimir
    python3 build_names.py optimir/usr/lib/python3/dist-packages/optimir/resources \
        mirna_names.tsv.gz

Sources, all inside that package: miRBase 22 and 21 (``hsa_miRBase_v2?.gff3``; Kozomara et al. 2019,
Nucleic Acids Research 47:D155; public domain), the mature sequences of release 22
(``hsa_matures_miRBase_v22.fa``) and MirGeneDB 2.0 (``hsa_miRgeneDB_v2.gff3``; Fromm et al. 2020,
Nucleic Acids Research 48:D132; no licence found), of which only names and the accessions that they
refer to are kept. README.md beside this file says more on their terms.

One row for each mature miRNA on each of its precursors; rows of miRBase 21 that release 22 dropped
follow. Columns: ``precursor``, ``precursor_accession``, ``mature``, ``mature_accession``,
``old_names`` (names in release 21, joined by a bar), ``mirgenedb`` (precursor, a bar, mature
without its star), ``minor`` (1 where MirGeneDB marks this arm as the star strand), ``group`` (the
stems that reads cannot tell from this row's, the oldest first, joined by bars; empty where it
stands alone).

Stems are in one group when nucleotides 2 to 18 of a mature of each are the same: such miRNAs differ
at their ends only, where reads are trimmed and extended, and aligners merge, split or double their
reads each in its own way.
"""

import gzip
import re
import sys
from pathlib import Path

# Nucleotides 2 to 18.
CORE = slice(1, 18)

HEADER = (
    "precursor",
    "precursor_accession",
    "mature",
    "mature_accession",
    "old_names",
    "mirgenedb",
    "minor",
    "group",
)


def read_gff(path: Path) -> list[tuple[str, dict[str, str]]]:
    """Return type and attributes of each row of a GFF3 file."""
    rows = []
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            continue
        fields = line.split("\t")
        rows.append((fields[2], dict(part.split("=", 1) for part in fields[8].split(";") if part)))
    return rows


def mirbase_links(path: Path) -> list[tuple[str, str, str, str]]:
    """Return precursor, its accession, mature, its accession for each mature on each precursor."""
    rows = read_gff(path)
    names = {a["ID"]: a["Name"] for kind, a in rows if kind == "miRNA_primary_transcript"}
    links = {
        (names[a["Derives_from"]], a["Derives_from"], a["Name"], a["Alias"])
        for kind, a in rows
        if kind == "miRNA"
    }
    return sorted(links)


def stem_of(precursor: str) -> str:
    """Return a precursor's name without its copy: ``hsa-let-7a-1`` to ``hsa-let-7a``."""
    return re.sub(r"^(hsa-(?:mir|let)-\d+[a-z]*)-\d+$", r"\1", precursor)


def group_stems(links: list[tuple[str, str, str, str]], fasta: Path) -> dict[str, str]:
    """Return for each stem that shares a core sequence the names of its group."""
    cores: dict[str, str] = {}
    for entry in fasta.read_text().split(">")[1:]:
        header, *lines = entry.splitlines()
        cores[header.split()[1]] = "".join(lines).upper().replace("U", "T")[CORE]
    ages: dict[str, int] = {}
    members: dict[str, set[str]] = {}
    for precursor, precursor_id, _, mature_id in links:
        stem = stem_of(precursor)
        ages[stem] = min(ages.get(stem, 10**9), int(precursor_id.removeprefix("MI")))
        if mature_id in cores:
            members.setdefault(cores[mature_id], set()).add(stem)
    group_of = {stem: {stem} for stem in ages}
    for stems in members.values():
        joined = set().union(*(group_of[stem] for stem in stems))
        for stem in joined:
            group_of[stem] = joined
    return {
        stem: "|".join(sorted(group, key=lambda name: (ages[name], name)))
        for stem, group in group_of.items()
        if len(group) > 1
    }


def main(resources: Path, output: Path) -> None:
    """Write the table."""
    coordinates = resources / "coordinates"
    current = mirbase_links(coordinates / "hsa_miRBase_v22.gff3")
    previous = mirbase_links(coordinates / "hsa_miRBase_v21.gff3")

    old_names: dict[str, set[str]] = {}
    for precursor, precursor_id, mature, mature_id in previous:
        old_names.setdefault(precursor_id, set()).add(precursor)
        old_names.setdefault(mature_id, set()).add(mature)

    mirgenedb: dict[str, str] = {}
    minor: set[str] = set()
    for _, attributes in read_gff(coordinates / "hsa_miRgeneDB_v2.gff3"):
        alias = attributes.get("Alias")
        if alias:
            mirgenedb.setdefault(alias, attributes["ID"].rstrip("*"))
            if attributes["ID"].endswith("*"):
                minor.add(alias)

    groups = group_stems(current, resources / "fasta" / "hsa_matures_miRBase_v22.fa")
    known = {accession for link in current for accession in (link[1], link[3])}
    gone = [link for link in previous if link[3] not in known]
    lines = ["\t".join(HEADER)]
    for precursor, precursor_id, mature, mature_id in current + gone:
        old = (old_names.get(precursor_id, set()) | old_names.get(mature_id, set())) - {
            precursor,
            mature,
        }
        in_mirgenedb = [
            mirgenedb[i].removesuffix("_pre") for i in (precursor_id, mature_id) if i in mirgenedb
        ]
        lines.append(
            "\t".join(
                (
                    precursor,
                    precursor_id,
                    mature,
                    mature_id,
                    "|".join(sorted(old)),
                    "|".join(in_mirgenedb),
                    "1" if mature_id in minor else "",
                    groups.get(stem_of(precursor), ""),
                )
            )
        )
    with (
        output.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as handle,
    ):
        handle.write(("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
