"""Tables that have each sample twice, as counts and divided by depth beside them."""

from __future__ import annotations

import numpy as np

from srna_augment.expression import ExpressionTable
from srna_augment.units import profile

# Features that show at a glance whether a table has both, and those that samples are compared by
# first: the highest, since most of a library is in them.
_N_GLANCED = 64
_N_COMPARED = 50
# Shares of a library in fewer features can be alike by chance.
_MIN_FEATURES = 10
_SAME = 1e-3


def without_twins(table: ExpressionTable) -> str:
    """Leave out samples that are others of the table divided by their depth.

    Counting programs, GDC's client for R and many papers put counts and RPM of the same libraries
    into one table. Such columns are proportional to one of counts, as no other library is.

    Parameters
    ----------
    table : ExpressionTable
        ``(n_samples, n_features)``; loses the samples that are left out.

    Returns
    -------
    str
        What was left out, for the log; empty where nothing was.
    """
    values = table.values
    if len(table.features) < _MIN_FEATURES or table.obs is not None:
        return ""
    some = values[:, :: max(1, len(table.features) // _N_GLANCED)]
    glanced = np.all((some == np.rint(some)) | np.isnan(some), axis=1)
    if glanced.all() or not glanced.any():
        return ""
    found = profile(values)
    whole = found.n_whole == found.n_positive
    counts = np.nan_to_num(values[whole], nan=0.0)
    highest = np.argsort(-counts.sum(axis=0))[:_N_COMPARED]
    shares = _shares(counts[:, highest])
    twins = np.zeros(len(table.samples), dtype=bool)
    for row in np.flatnonzero(~whole):
        sample = np.nan_to_num(values[row : row + 1], nan=0.0)
        near = _alike(shares, _shares(sample[:, highest]))
        twins[row] = bool(_alike(_shares(counts[near]), _shares(sample)).any())
    if not twins.any():
        return ""
    table.values = values[~twins]
    names = list(zip(table.samples, twins, strict=True))
    table.samples = [sample for sample, twin in names if not twin]
    left_out = [sample for sample, twin in names if twin]
    more = f" and {len(left_out) - 1} more" if len(left_out) > 1 else ""
    return f"left out as others divided by depth: {left_out[0]}{more}"


def _shares(values: np.ndarray) -> np.ndarray:
    """Divide ``(n_samples, n_features)`` by the sums of the samples."""
    sums = np.maximum(values.sum(axis=1, keepdims=True, dtype=np.float64), 1e-30)
    return np.asarray(values / sums)


def _alike(shares: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Tell which rows of shares, ``(n_samples, n_features)``, are those of one sample."""
    return np.asarray(np.abs(shares - share).max(axis=1) < _SAME)
