"""Sums over groups of columns in which *not reported* stays apart from zero."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Values held at once while columns are gathered: 64 MB in float32.
_BLOCK_VALUES = 16_000_000


def sum_columns(values: np.ndarray, groups: Sequence[Sequence[int]]) -> np.ndarray:
    """Sum groups of columns; NaN where every part is NaN.

    Parameters
    ----------
    values : numpy.ndarray
        ``(n_samples, n_features)``, float32.
    groups : sequence of sequence of int
        Columns of each of ``n_keys`` keys, at least one a key.

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
    out = np.empty((n_samples, len(first)), dtype=np.float32, order="F" if by_feature else "C")
    step = n_samples if by_feature else max(1, _BLOCK_VALUES // max(1, n_features))
    for start in range(0, n_samples, step):
        source, target = values[start : start + step], out[start : start + step]
        if by_feature:
            for key, column in enumerate(first):
                target[:, key] = source[:, column]
        else:
            np.take(source, first, axis=1, out=target)
        for key, column in rest:
            part, total = source[:, column], target[:, key]
            unreported = np.isnan(total)
            np.add(total, np.where(np.isnan(part), 0, part), out=total, where=~unreported)
            np.copyto(total, part, where=unreported)
    return out
