"""What normalisation fits, kept so that another table can meet the same features and scale."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, UsageError
from ..expression import ExpressionTable
from ..features import LEVELS
from ..files import atomic_output
from ..log import get_logger
from .methods import METHODS, Blocks, Transform, close, row_blocks

FORMAT_VERSION = 1
# A feature that fewer training samples report is dropped: filled cells would tell the cohorts that
# lack it from those that have it (and with them, in most collections, the tissue).
MINIMUM_REPORTED = 0.95
MINIMUM_SHARED = 20
# Values held at once to take medians over samples: 256 MB in float32.
_MEDIAN_VALUES = 64_000_000


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
            n = len(set(state.features))
            sound = (
                state.format_version == FORMAT_VERSION
                and state.method in METHODS
                and state.level in LEVELS
                and isinstance(state.units, str)
                and isinstance(state.features, list)
                and len(state.features) == n > 0
                and _fits(state.fill, n)
                and np.isfinite(np.asarray(state.fill, dtype=float)).all()
                and (METHODS[state.method][1] is None) == (state.reference is None)
                and (state.reference is None or _fits(state.reference, n))
                and all(isinstance(name, str) for name in state.features)
            )
        except (TypeError, ValueError, OverflowError):
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
        except (OSError, ValueError, RecursionError):
            content = None
        return cls.from_json(content, str(path))


def _fits(numbers: Any, n: int) -> bool:
    """Tell whether these are `n` numbers that float32 can hold; NaN is one."""
    array = np.asarray(numbers, dtype=float)
    return array.shape == (n,) and not bool((np.abs(array) > np.finfo(np.float32).max).any())


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
        What `transform` needs. It is exact however large the table is: references are fitted from
        sums over blocks of samples, medians over all samples of some features at a time.

    Raises
    ------
    UsageError
        The method is not known.
    DataError
        No feature is reported by enough samples.
    """
    if method not in METHODS:
        raise UsageError(f"--method {method}: not a method: choose from {', '.join(METHODS)}")
    values = table.values
    n_samples, n_features = values.shape
    n_reported = np.zeros(n_features, dtype=np.int64)
    expressed = np.zeros(n_features, dtype=bool)
    for rows in row_blocks(n_samples, n_features):
        block = values[rows]
        n_reported += np.count_nonzero(~np.isnan(block), axis=0)
        expressed |= (block > 0).any(axis=0)
    kept = (n_reported / n_samples >= minimum_reported) & expressed
    if not kept.any():
        raise DataError(
            f"no feature is reported by {minimum_reported:.0%} of the samples: lower "
            f"--min-reported, or normalise tables of different levels with --level stem"
        )
    transform_rows, fit_reference, units = METHODS[method]
    columns = np.flatnonzero(kept)

    def blocks() -> Iterator[np.ndarray]:
        for rows in row_blocks(n_samples, n_features):
            rpm = close(values[rows][:, columns])
            there = ~np.isnan(rpm).all(axis=1)  # a failed library says nothing about a method
            if there.any():
                yield rpm[there]

    reference = fit_reference(blocks) if fit_reference else None
    fill = _medians(blocks, transform_rows, reference, (n_samples, len(columns)))
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


def _medians(
    blocks: Blocks, transform_rows: Transform, reference: np.ndarray | None, shape: tuple[int, int]
) -> np.ndarray:
    """Return the medians over samples of what a method makes of them, ``(n_features,)``.

    A large table is gone over more than once, for some of its features each time: less memory
    than the table has, for some more time.
    """
    n_samples, n_features = shape
    width = max(1, _MEDIAN_VALUES // n_samples)
    result = np.empty(n_features, dtype=np.float32)
    for start in range(0, n_features, width):
        part = slice(start, start + width)
        held = np.full((n_samples, len(result[part])), np.nan, dtype=np.float32)
        row = 0
        for rpm in blocks():
            held[row : row + len(rpm)] = transform_rows(rpm, reference)[:, part]
            row += len(rpm)
        result[part] = np.nanmedian(held[:row], axis=0)
    return result


def transform(
    table: ExpressionTable, state: State, *, reuse: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Bring a table to a state's features and units.

    Parameters
    ----------
    table : ExpressionTable
        Counts or RPM, at the state's level.
    state : State
        What `fit` returned, here or elsewhere.
    reuse : bool
        Put the result into the memory of `table` where there is room, and lose its values: for
        callers that need them no more.

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
    found = (
        f"only {shared.sum()} of the {len(state.features)} features of the model are in the "
        f"table (it has {', '.join(table.features[:3])} …; the model has "
        f"{', '.join(state.features[:3])} …)"
    )
    question = (
        "is it a human miRNA table, with names in it?"
        if state.level == "stem"
        else f"level {state.level} keeps precursors and mature arms apart: take a model or state "
        f"of level stem, where they meet"
    )
    if shared.sum() < min(MINIMUM_SHARED, len(state.features)):
        raise DataError(f"{found}: {question}")
    if shared.sum() < 0.5 * len(state.features):
        get_logger().warning("%s, and the others are filled: %s", found, question)
    transform_rows = METHODS[state.method][0]
    reference = None if state.reference is None else np.asarray(state.reference, np.float32)
    fill = np.asarray(state.fill, np.float32)
    if reuse and len(state.features) <= table.values.shape[1]:
        values = table.values[:, : len(state.features)]
    else:
        values = np.empty((len(table.samples), len(state.features)), dtype=np.float32)
    reported = np.empty(values.shape, dtype=bool)
    for rows in row_blocks(*values.shape):
        raw = np.full((len(values[rows]), len(state.features)), np.nan, dtype=np.float32)
        raw[:, shared] = table.values[rows][:, source[shared]]
        block = transform_rows(close(raw), reference)
        reported[rows] = ~np.isnan(block)
        values[rows] = np.where(reported[rows], block, fill)
    return values, reported
