"""Intervals by resampling studies, not samples: samples of one laboratory are not independent."""

import numpy as np


def study_weights(n_studies: int, n_resamples: int, seed: int) -> np.ndarray:
    """Draw studies with replacement.

    Parameters
    ----------
    n_studies : int
        Number of studies; as many are drawn each time.
    n_resamples : int
        Number of resamples.
    seed : int
        The same seed gives the same draws.

    Returns
    -------
    numpy.ndarray
        ``(n_resamples, n_studies)``, float64: how often each study was drawn.

    Notes
    -----
    The cluster bootstrap of Davison and Hinkley 1997 (section 3.8), studies as clusters.
    """
    chances = np.full(n_studies, 1 / n_studies)
    draws = np.random.default_rng(seed).multinomial(n_studies, chances, size=n_resamples)
    return draws.astype(np.float64)


def with_resamples(n_studies: int, n_resamples: int, seed: int) -> np.ndarray:
    """Return the weighting that counts each study once, then the resamples.

    One study cannot be resampled: then there is the first row only.

    Returns
    -------
    numpy.ndarray
        ``(1 + n_resamples, n_studies)``, or ``(1, 1)``.
    """
    once = np.ones((1, n_studies))
    if n_studies < 2 or not n_resamples:
        return once
    return np.concatenate([once, study_weights(n_studies, n_resamples, seed)])


def interval(values: np.ndarray, level: float) -> list[float] | None:
    """Return the percentile interval of resampled figures.

    Parameters
    ----------
    values : numpy.ndarray
        ``(n_resamples,)``; NaN where a resample leaves the figure undefined.
    level : float
        Share of the distribution inside, for example 0.95.

    Returns
    -------
    list of float or None
        Low and high end; None without resamples, or when fewer than half of them define the figure.
    """
    finite = values[np.isfinite(values)]
    if not len(finite) or len(finite) < len(values) / 2:
        return None
    tail = (1 - level) / 2
    low, high = np.quantile(finite, [tail, 1 - tail])
    return [float(low), float(high)]
