"""What normalisation fits, kept so that another table can meet the same features and scale."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, UsageError
from ..expression import ExpressionTable
from ..files import atomic_output
from ..log import get_logger
from .methods import BLOCK_ROWS, METHODS, close

FORMAT_VERSION = 1
# A feature that fewer training samples report is dropped: filled cells would tell the cohorts that
# lack it from those that have it (and with them, in most collections, the tissue).
MINIMUM_REPORTED = 0.95
MINIMUM_SHARED = 20


@dataclass
class State:
    """A fitted normalisation.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    level : str
        Feature level: ``stem``, ``mature`` or ``precursor``.
    features : list of str
        Kept features, in order.
    fill : list of float
        ``(n_features,)``, in `units`: what a cell that is not reported becomes, the median of the
        training samples that report it.
    reference : list of float or None
        ``(n_features,)``: the stored reference of methods that need one.
    units : str
        Unit of the result.
    n_samples : int
        How many samples it was fitted on.
    """

    method: str
    level: str
    features: list[str]
    fill: list[float]
    reference: list[float] | None
    units: str
    n_samples: int
    format_version: int = FORMAT_VERSION

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Any, where: str) -> State:
        """Check and build a state.

        Raises
        ------
        DataError
            `content` is not a state of a version that this suite knows.
        """
        try:
            state = cls(**content)
            n = len(state.features)
            sound = (
                state.format_version == FORMAT_VERSION
                and state.method in METHODS
                and n > 0
                and np.asarray(state.fill, dtype=float).shape == (n,)
                and np.isfinite(np.asarray(state.fill, dtype=float)).all()
                and (METHODS[state.method][1] is None) == (state.reference is None)
                and (state.reference is None or np.asarray(state.reference, float).shape == (n,))
                and all(isinstance(name, str) for name in state.features)
            )
        except (TypeError, ValueError):
            sound = False
        if not sound:
            raise DataError(
                f"{where}: not a normalisation state of this suite: make one with "
                f"'normalise --save-state'"
            )
        return state

    def save(self, path: str | Path) -> None:
        """Write the state as JSON."""
        with atomic_output(path) as temporary:
            temporary.write_text(json.dumps(self.to_json()) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> State:
        """Read a state from JSON.

        Raises
        ------
        DataError
            The file is not a state.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DataError(f"{path}: no such file: make a state with --save-state") from None
        except (OSError, ValueError):
            content = None
        return cls.from_json(content, str(path))


def fit(
    table: ExpressionTable,
    *,
    method: str,
    level: str,
    minimum_reported: float = MINIMUM_REPORTED,
) -> State:
    """Choose features and fit a method on training samples; labels and studies are never seen.

    Parameters
    ----------
    table : ExpressionTable
        Counts or RPM at `level` (after `srna_augment.features.collapse`).
    method : str
        One of `METHODS`.
    level : str
        The level that the table is at.
    minimum_reported : float
        Features that a smaller share of samples reports are dropped.

    Returns
    -------
    State
        What `transform` needs.

    Raises
    ------
    UsageError
        The method is not known.
    DataError
        No feature is reported by enough samples.
    """
    if method not in METHODS:
        raise UsageError(f"--method {method}: not a method: choose from {', '.join(METHODS)}")
    there = ~np.isnan(table.values)
    kept = (there.mean(axis=0) >= minimum_reported) & (np.nan_to_num(table.values) > 0).any(axis=0)
    if not kept.any():
        raise DataError(
            f"no feature is reported by {minimum_reported:.0%} of the samples: lower "
            f"--min-reported, or normalise tables of different levels with --level stem"
        )
    transform_rows, fit_reference, units = METHODS[method]
    rpm = close(table.values[:, kept])
    rpm = rpm[~np.isnan(rpm).all(axis=1)]  # a failed library says nothing about a method
    reference = fit_reference(rpm) if fit_reference else None
    fill = np.nanmedian(transform_rows(rpm, reference), axis=0)
    get_logger().info(
        "fitted %s on %d samples: %d of %d features are reported by %.0f %% or more of them",
        method,
        len(table.samples),
        kept.sum(),
        len(kept),
        100 * minimum_reported,
    )
    return State(
        method=method,
        level=level,
        features=[name for name, keep in zip(table.features, kept, strict=True) if keep],
        fill=[float(value) for value in fill],
        reference=None if reference is None else [float(value) for value in reference],
        units=units,
        n_samples=len(table.samples),
    )


def transform(table: ExpressionTable, state: State) -> tuple[np.ndarray, np.ndarray]:
    """Bring a table to a state's features and units.

    Parameters
    ----------
    table : ExpressionTable
        Counts or RPM, at the state's level.
    state : State
        What `fit` returned, here or elsewhere.

    Returns
    -------
    values : numpy.ndarray
        ``(n_samples, n_features)``, float32, in ``state.units``, filled where not reported.
    reported : numpy.ndarray
        ``(n_samples, n_features)`` of bool, False where filled; a row of False is a sample that
        has no reads in any of the state's features.

    Raises
    ------
    DataError
        Too few of the state's features are in the table.
    """
    column = {name: i for i, name in enumerate(table.features)}
    source = np.array([column.get(name, -1) for name in state.features])
    shared = source >= 0
    if shared.sum() < min(MINIMUM_SHARED, len(state.features)):
        raise DataError(
            f"only {shared.sum()} of the {len(state.features)} features of the model are in the "
            f"table (it has {', '.join(table.features[:3])} …; the model has "
            f"{', '.join(state.features[:3])} …): is it a human miRNA table, with names in it?"
        )
    transform_rows = METHODS[state.method][0]
    reference = None if state.reference is None else np.asarray(state.reference, np.float32)
    fill = np.asarray(state.fill, np.float32)
    values = np.empty((len(table.samples), len(state.features)), dtype=np.float32)
    reported = np.empty(values.shape, dtype=bool)
    for start in range(0, len(values), BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        raw = np.full((len(values[rows]), len(state.features)), np.nan, dtype=np.float32)
        raw[:, shared] = table.values[rows][:, source[shared]]
        block = transform_rows(close(raw), reference)
        reported[rows] = ~np.isnan(block)
        values[rows] = np.where(reported[rows], block, fill)
    return values, reported
