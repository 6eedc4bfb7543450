"""What the log says of how a table's names were understood."""

from __future__ import annotations

import logging

from .lookup import HUMAN
from .names import OTHER
from .resolve import Resolution

logger = logging.getLogger("srna_augment")

# Reads under unknown names are told from this share on.
MOST_LOST = 0.02
SHOWN = 5


def tell(
    resolution: Resolution, level: str, n_keys: int, absent: list[str], lost: tuple[float, str]
) -> None:
    """Log what became of the names of a table, and warn of what will match no model.

    Parameters
    ----------
    resolution : Resolution
        What the names mean.
    level : str
        The level that they were summed to.
    n_keys : int
        Number of its keys.
    absent : list of str
        Keys that count as not reported, as their reads are under a merged name.
    lost : tuple of float and str
        The share of the miRNAs' reads that is under unknown names, and the most of these.
    """
    _tell_numbers(resolution, level, n_keys)
    _warn_of_other_names(resolution)
    _warn_of_unknown_names(resolution, lost)
    if absent:
        logger.info(
            "features: %d keys count as not reported where their reads are under a merged name: %s",
            len(absent),
            _some(absent),
        )
    _warn_of_other_species(resolution)


def _tell_numbers(resolution: Resolution, level: str, n_keys: int) -> None:
    how = resolution.how
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in resolution.kinds.most_common())
    logger.info(
        "features: %s names -> %s %s keys (%s; %s under a current name, %s renamed, %s by "
        "accession or MirGeneDB id, %s merged names, %s unlisted and kept, %s dropped)",
        f"{len(resolution.names):,}",
        f"{n_keys:,}",
        level,
        kinds,
        f"{how['current']:,}",
        f"{how['renamed']:,}",
        f"{how['accession'] + how['MirGeneDB']:,}",
        f"{how['merged']:,}",
        f"{how['unlisted']:,}",
        f"{how['dropped']:,}",
    )


def _warn_of_other_names(resolution: Resolution) -> None:
    if set(resolution.kinds) != {OTHER}:
        return
    names = zip(resolution.names, resolution.resolved, strict=True)
    logger.warning(
        "features: no name is a small RNA's, for example %s: is this a table of genes or "
        "transcripts, or named by numbers?",
        next(name for name, item in names if item.how != "dropped"),
    )


def _warn_of_unknown_names(resolution: Resolution, lost: tuple[float, str]) -> None:
    unknown, n_names = resolution.unknown, len(resolution.names)
    if len(unknown) > n_names / 2:
        logger.warning(
            "features: %d of %d names look like human miRNAs and are in no release of miRBase, for "
            "example %s: mend the names, or they match no model",
            len(unknown),
            n_names,
            unknown[0],
        )
    elif lost[0] > MOST_LOST:
        logger.warning(
            "features: %.0f %% of the reads of miRNAs are under names that are in no release of "
            "miRBase or MirGeneDB, most under %s: mend the names, or no model sees these reads",
            100 * lost[0],
            lost[1],
        )


def _warn_of_other_species(resolution: Resolution) -> None:
    foreign = resolution.foreign
    if not foreign:
        return
    species = {name: n for name, n in resolution.species.items() if name != HUMAN}
    logger.warning(
        "features: %d of %d names are of another species (%s), for example %s: they are "
        "kept under their own name and match no human feature",
        len(foreign),
        len(resolution.names),
        ", ".join(f"{name} {n}" for name, n in species.items()),
        foreign[0],
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
