"""Genes of MirGeneDB by the ids of its releases, which do not agree.

The table of names (`.lookup`) has the ids of release 2.0 (Fromm et al. 2020, Nucleic Acids Research
48:D132). Release 2.1 (Fromm et al. 2022, Nucleic Acids Research 50:D204) numbers some paralogues
anew, so that ``Hsa-Mir-26-P1`` is miR-26a-1 in one and miR-26b in the other; which of them a table
means its other ids tell. Variants of a gene (``-v1``) are one gene here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .lookup import Entry, human
from .names import mirgenedb, split_merged

# What release 2.1 calls by an id that 2.0 had not, or had for another gene.
_LATER = {
    "Hsa-Let-7-P1a": "hsa-let-7a-2",
    "Hsa-Let-7-P1b": "hsa-let-7e",
    "Hsa-Let-7-P1c": "hsa-let-7c",
    "Hsa-Let-7-P2a1": "hsa-let-7a-1",
    "Hsa-Let-7-P2a2": "hsa-let-7a-3",
    "Hsa-Let-7-P2a3": "hsa-let-7f-2",
    "Hsa-Let-7-P2b1": "hsa-let-7f-1",
    "Hsa-Let-7-P2b2": "hsa-let-7b",
    "Hsa-Let-7-P2b3": "hsa-mir-98",
    "Hsa-Let-7-P2c1": "hsa-let-7d",
    "Hsa-Let-7-P2c2": "hsa-let-7i",
    "Hsa-Let-7-P2c3": "hsa-let-7g",
    "Hsa-Mir-10-P2b": "hsa-mir-99b",
    "Hsa-Mir-10-P2c": "hsa-mir-99a",
    "Hsa-Mir-10-P3a": "hsa-mir-125b-1",
    "Hsa-Mir-10-P3b": "hsa-mir-125a",
    "Hsa-Mir-17-P1c": "hsa-mir-93",
    "Hsa-Mir-17-P3c": "hsa-mir-106b",
    "Hsa-Mir-26-P1": "hsa-mir-26b",
    "Hsa-Mir-26-P3": "hsa-mir-26a-1",
    "Hsa-Mir-92-P1c": "hsa-mir-92b",
    "Hsa-Mir-92-P2a": "hsa-mir-367",
    "Hsa-Mir-92-P2b": "hsa-mir-363",
    "Hsa-Mir-92-P2c": "hsa-mir-25",
    "Hsa-Mir-122-as": "hsa-mir-122b",
    "Hsa-Mir-142": "hsa-mir-142",
    "Hsa-Mir-148-P2": "hsa-mir-152",
    "Hsa-Mir-148-P3": "hsa-mir-148b",
    "Hsa-Mir-199-P1": "hsa-mir-199b",
    "Hsa-Mir-199-P2": "hsa-mir-199a-1",
    "Hsa-Mir-199-P3": "hsa-mir-199a-2",
    "Hsa-Mir-219-P2-as": "hsa-mir-219b",
    "Hsa-Mir-338-P1-as": "hsa-mir-3065",
    "Hsa-Mir-642-as": "hsa-mir-642b",
}
# Ids of large families that release 2.0 has and later ones have not.
_FIRST = re.compile(r"Hsa-(?:Let-7-P(?:\d+)|Mir-92-P[2-5]|Mir-17-P[45]|Mir-142-P1)")


def of_first_release(names: Iterable[str]) -> bool:
    """Tell whether the MirGeneDB ids of a table are those of release 2.0."""
    genes = (split_id(part)[0] for name in names if mirgenedb(name) for part in split_merged(name))
    return any(_FIRST.fullmatch(gene) for gene in genes)


def split_id(name: str) -> tuple[str, str]:
    """Split an id into gene, without its variant, and arm: ``Hsa-Mir-10-P1a-v1_3p*``.

    The arm is empty for a gene, or for its hairpin (``_pre``).
    """
    found = mirgenedb(name)
    identifier = f"{found[0].capitalize()}-{found[1]}" if found else name
    gene, _, arm = identifier.rstrip("*").removesuffix("_pre").partition("_")
    return re.sub(r"-v\d+$", "", gene), arm


def entry(name: str, first_release: bool) -> Entry | None:
    """Return what a MirGeneDB id means, or None.

    Parameters
    ----------
    name : str
        An id, also with what miRge3 writes behind it.
    first_release : bool
        It is one of release 2.0.
    """
    table = human()
    gene, arm = split_id(name)
    precursor = table.mirgenedb.get(gene)
    if not first_release:
        precursor = _LATER.get(gene, precursor)
    return table.on_precursor(precursor, arm) if precursor else None
