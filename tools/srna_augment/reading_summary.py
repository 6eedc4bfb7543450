"""What `normalise` read: each input, and of each sample its depth and features, as JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import __version__
from .errors import DataError
from .expression import ExpressionTable, Source
from .features import resolve
from .files import atomic_output
from .normalisation import State
from .normalisation.methods import row_blocks

# MAJOR.MINOR: MINOR grows when something is added, MAJOR when something is taken away or changes
SCHEMA_VERSION = "1.0"
# How names of `srna_augment.features` are resolved that stand in miRBase or MirGeneDB.
MAPPED = ("current", "renamed", "accession", "MirGeneDB", "merged")


@dataclass
class SampleFigures:
    """Figures of each sample of a table, five arrays ``(n_samples,)``.

    Attributes
    ----------
    total : numpy.ndarray
        Sum over all features, float64, in the unit of the table.
    mapped, kept : numpy.ndarray
        Shares of it in features whose name was recognised, and in those that are kept.
    detected : numpy.ndarray
        How many features are above zero.
    reported : numpy.ndarray
        How many of the kept features are reported, be it as zero.
    are_counts : bool
        Whether the table holds counts.
    """

    total: np.ndarray
    mapped: np.ndarray
    kept: np.ndarray
    detected: np.ndarray
    reported: np.ndarray
    are_counts: bool


def sample_figures(collapsed: ExpressionTable, kept: list[str]) -> SampleFigures:
    """Add up each sample, before it is normalised.

    Parameters
    ----------
    collapsed : ExpressionTable
        ``(n_samples, n_features)`` of counts or RPM, after `srna_augment.features.collapse`.
    kept : list of str
        The features that normalisation keeps.
    """
    wanted = set(kept)
    columns = np.array([name in wanted for name in collapsed.features])
    known = _known(collapsed)
    parts = []
    for rows in row_blocks(*collapsed.values.shape):
        block = collapsed.values[rows]
        totals = [
            np.nansum(block[:, which], axis=1, dtype=np.float64)
            for which in (slice(None), known, columns)
        ]
        detected = np.count_nonzero(block > 0, axis=1)
        reported = np.count_nonzero(~np.isnan(block[:, columns]), axis=1)
        parts.append([*totals, detected, reported])
    total, mapped, in_kept, detected, reported = (
        np.concatenate(arrays) for arrays in zip(*parts, strict=True)
    )
    full = np.where(total > 0, total, np.nan)
    return SampleFigures(
        total, mapped / full, in_kept / full, detected, reported, "counts" in collapsed.units
    )


def _known(collapsed: ExpressionTable) -> np.ndarray:
    """Tell which features have a name that was recognised, ``(n_features,)`` of bool."""
    if collapsed.var is None:
        return np.zeros(len(collapsed.features), dtype=bool)
    first = [names.split("|", 1)[0] for names in collapsed.var["source_names"]]
    return np.array([item.how in MAPPED for item in resolve(first).resolved])


def summary(
    table: ExpressionTable,
    keys: list[str],
    state: State,
    found: SampleFigures,
    kept: np.ndarray,
) -> dict[str, Any]:
    """Lay out what was read.

    Parameters
    ----------
    table : ExpressionTable
        As read; its values are not looked at.
    keys : list of str
        Its features at the level of `state`.
    state : State
        What was fitted or applied.
    found : SampleFigures
        Of all samples.
    kept : numpy.ndarray
        ``(n,)`` of int, the samples that are in the output.

    Returns
    -------
    dict
        See docs/output.md.
    """
    rows = set(kept.tolist())
    return {
        "schema_version": SCHEMA_VERSION,
        "suite_version": __version__,
        "method": state.method,
        "level": state.level,
        "inputs": [_input(source) for source in table.sources],
        "features": {
            "names": len(table.features),
            "keys": len(keys),
            "kept": len(state.features),
            "kept_in_table": len(set(keys) & set(state.features)),
        },
        "samples": [
            {
                "sample_id": sample,
                "in_output": row in rows,
                "reads": float(found.total[row]) if found.are_counts else None,
                "share_mapped": _share(found.mapped[row]),
                "share_kept": _share(found.kept[row]),
                "features_detected": int(found.detected[row]),
                "features_reported": int(found.reported[row]),
            }
            for row, sample in enumerate(table.samples)
        ],
    }


def _input(source: Source) -> dict[str, Any]:
    resolution = resolve(source.features)
    how = resolution.how
    kinds = Counter(
        item.kind for item in resolution.resolved if item.how not in (*MAPPED, "dropped")
    )
    return {
        "file": source.file,
        "format": source.title,
        "units": source.units,
        "samples": source.n_samples,
        "features": len(source.features),
        "mapped": sum(how[name] for name in MAPPED),
        "unmapped": how["unlisted"],
        "unmapped_kinds": dict(kinds.most_common()),
        "dropped": how["dropped"],
    }


def _share(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None


def save(reading: dict[str, Any], path: str | Path) -> None:
    """Write the summary as JSON."""
    text = json.dumps(reading, ensure_ascii=False) + "\n"
    with atomic_output(path) as temporary:  # names of files need not be text
        temporary.write_text(text, encoding="utf-8", errors="replace")


def load(path: str | Path) -> dict[str, Any]:
    """Read a summary.

    Raises
    ------
    DataError
        The file is none.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        sound = (
            str(content["schema_version"]).startswith(SCHEMA_VERSION.split(".", 1)[0] + ".")
            and isinstance(content["features"]["kept"], int)
            and content["features"]["kept"] > 0
            and all(
                isinstance(sample["sample_id"], str)
                and isinstance(sample["features_reported"], int)
                and (sample["reads"] is None or sample["reads"] >= 0)
                for sample in content["samples"]
            )
        )
    except FileNotFoundError:
        raise DataError(f"{path}: no such file: make it with normalise --report") from None
    except (OSError, KeyError, TypeError, ValueError, RecursionError):
        sound = False
    if not sound:
        raise DataError(f"{path}: not what normalise --report writes: make it again")
    return dict(content)
