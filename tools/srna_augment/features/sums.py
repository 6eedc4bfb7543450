"""Sums over groups of columns in which *not reported* stays apart from zero."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Values held at once while columns are gathered: 16 MB in float32.
_BLOCK_VALUES = 4_000_000


def sum_columns(
    values: np.ndarray, groups: Sequence[Sequence[int]], *, reuse: bool = False
) -> np.ndarray:
    """Sum groups of columns; NaN where every part is NaN.

    Parameters
    ----------
    values : numpy.ndarray
        ``(n_samples, n_features)``, float32.
    groups : sequence of sequence of int
        Columns of each of ``n_keys`` keys, at least one a key, each column in one group at most;
        the groups in the order of their first columns.
    reuse : bool
        Put the sums into the memory of `values`, whose content is lost, so that a large table is
        there once.

    Returns
    -------
    numpy.ndarray
        ``(n_samples, n_keys)``, float32, in the memory order of `values`; `values` itself where
        nothing has to be done.
    """
    n_samples, n_features = values.shape
    first = np.array([group[0] for group in groups])
    rest = [(key, column) for key, group in enumerate(groups) for column in group[1:]]
    if not rest and np.array_equal(first, np.arange(n_features)):
        return values
    # Gathering columns stays sequential when the output has the order of the input.
    by_feature = values.flags.f_contiguous and not values.flags.c_contiguous
    if reuse:
        out = values[:, : len(first)]
    else:
        out = np.empty((n_samples, len(first)), dtype=np.float32, order="F" if by_feature else "C")
    if by_feature:
        # In place this is safe: a key never stands behind its first column, and so takes the place
        # of a column of its own or of an earlier key, which has been summed by then.
        for key, group in enumerate(groups):
            total = values[:, group[0]]
            if len(group) > 1:
                total = total.copy()
            for column in group[1:]:
                _add(total, values[:, column])
            out[:, key] = total
        return out
    step = max(1, _BLOCK_VALUES // max(1, n_features))
    for start in range(0, n_samples, step):
        source = values[start : start + step]
        target = np.take(source, first, axis=1)
        for key, column in rest:
            _add(target[:, key], source[:, column])
        out[start : start + step] = target
    return out


def _add(total: np.ndarray, part: np.ndarray) -> None:
    """Add a column to a total in place; NaN where both are."""
    unreported = np.isnan(total)
    np.add(total, np.where(np.isnan(part), 0, part), out=total, where=~unreported)
    np.copyto(total, part, where=unreported)
