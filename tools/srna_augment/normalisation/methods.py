"""The methods: each maps RPM of one sample at a time, with what `fit` stored, to log2 values.

All of them take RPM closed over the kept features that a sample *reports*, so that a table that
holds other sRNA classes too, or lacks some features, gives the same numbers for what it shares.
NaN (not reported) stays NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

MILLION = 1e6
PSEUDO_RPM = 1.0
# Relative error of RPM in float32, summed and divided.
ROUNDING = 1e-6
# Equal counts stay in or go together, however the last digit of a ratio of RPM is rounded.
TIES = np.array([-1e-4, 1e-4])
# Values held at once: 16 MB in float32, so that what a method makes beside a table stays small.
BLOCK_VALUES = 4_000_000


def row_blocks(n_samples: int, n_features: int) -> Iterator[slice]:
    """Yield slices of samples, each of some `BLOCK_VALUES` values and one sample at least."""
    step = max(1, BLOCK_VALUES // max(1, n_features))
    for start in range(0, n_samples, step):
        yield slice(start, min(start + step, n_samples))


Blocks = Callable[[], Iterable[np.ndarray]]


def close(values: np.ndarray) -> np.ndarray:
    """Scale each sample to a sum of one million over what it reports.

    Parameters
    ----------
    values : numpy.ndarray
        ``(n_samples, n_features)``, counts or RPM; NaN where not reported.

    Returns
    -------
    numpy.ndarray
        ``(n_samples, n_features)``, RPM, float32.

    A sample without reads in any of the features comes back as NaN.
    """
    total = values.sum(axis=1, dtype=np.float64)
    gaps = np.isnan(total)  # few rows as a rule, so that most need no copy without gaps
    if gaps.any():
        total[gaps] = np.nansum(values[gaps], axis=1, dtype=np.float64)
    with np.errstate(divide="ignore"):
        scale = np.where(total > 0, MILLION / total, np.nan)
    rpm: np.ndarray = np.multiply(values, scale[:, None], dtype=np.float64)
    return rpm.astype(np.float32)


def log2_rpm(rpm: np.ndarray, reference: np.ndarray | None = None) -> np.ndarray:
    """Return ``log2(RPM + 1)``, ``(n_samples, n_features)``."""
    return np.log2(rpm + np.float32(PSEUDO_RPM))


def centred_log_ratio(rpm: np.ndarray, reference: np.ndarray | None = None) -> np.ndarray:
    """Return log2 RPM minus each sample's mean over what it reports, ``(n_samples, n_features)``.

    Source: Aitchison 1982, J R Stat Soc B 44(2), with one RPM as the pseudo-count.
    """
    logged = log2_rpm(rpm)
    n = np.maximum((~np.isnan(logged)).sum(axis=1, keepdims=True), 1)
    centred: np.ndarray = logged - np.nansum(logged, axis=1, keepdims=True) / n
    return centred


def fit_quantiles(blocks: Blocks) -> np.ndarray:
    """Return the mean of the samples' sorted log2 RPM, ``(n_features,)``: the target distribution.

    `blocks` gives RPM anew at each call, each block ``(some_samples, n_features)``, so that fits go
    over a large table and never hold it.

    Source: Bolstad et al. 2003, Bioinformatics 19(2), section 2. Samples that report fewer features
    are stretched to the same grid of ranks.
    """
    total: np.ndarray | float = 0.0
    n_samples = 0
    for rpm in blocks():
        grid = np.linspace(0, 1, rpm.shape[1])
        for row in rpm:
            ordered = np.sort(log2_rpm(row[~np.isnan(row)]))
            total = total + np.interp(grid, np.linspace(0, 1, len(ordered)), ordered)
        n_samples += len(rpm)
    return np.asarray(total / n_samples, dtype=np.float32)


def quantile(rpm: np.ndarray, reference: np.ndarray | None) -> np.ndarray:
    """Replace each value by that of its rank in the reference.

    Returns ``(n_samples, n_features)``, log2 RPM. Ties get the mean of their ranks; what differs by
    rounding is one: sums of the RPM of arms, for instance, whose counts add up to the same.
    """
    assert reference is not None
    grid = np.linspace(0, 1, len(reference))
    result = np.full_like(rpm, np.nan)
    for row, out in zip(rpm, result, strict=True):
        there = ~np.isnan(row)
        if not there.any():
            continue
        ranks = _ranks(row[there]) / max(there.sum() - 1, 1)
        out[there] = np.interp(ranks, grid, reference)
    return result


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks from 0, ``(n,)``, of values none of which is negative."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    tie = np.zeros(len(values), dtype=np.int64)
    np.cumsum(ordered[1:] > ordered[:-1] * (1 + ROUNDING), out=tie[1:])
    ranks = np.empty(len(values))
    ranks[order] = (np.bincount(tie, np.arange(len(values))) / np.bincount(tie))[tie]
    return ranks


def fit_upper_quartile_sample(blocks: Blocks) -> np.ndarray:
    """Return the sample, ``(n_features,)`` RPM, whose upper quartile is nearest to the mean one.

    Source: edgeR's choice of a reference sample (Robinson and Oshlack 2010, Genome Biol 11:R25).
    """
    quartiles = np.concatenate([np.nanpercentile(rpm, 75, axis=1) for rpm in blocks()])
    nearest = int(np.abs(quartiles - quartiles.mean()).argmin())
    for rpm in blocks():
        if nearest < len(rpm):
            break
        nearest -= len(rpm)
    return np.array(rpm[nearest])


def trimmed_mean_of_m(rpm: np.ndarray, reference: np.ndarray | None) -> np.ndarray:
    """Return log2 RPM after TMM scaling to the reference sample, ``(n_samples, n_features)``.

    Source: Robinson and Oshlack 2010, Genome Biol 11:R25: 30 % of log ratios and 5 % of
    intensities trimmed on either side; unweighted, as read counts may not be known.
    """
    assert reference is not None
    scaled = np.empty_like(rpm)
    for row, out in zip(rpm, scaled, strict=True):
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log2(row / reference)
            intensity = 0.5 * np.log2(row * reference)
        use = np.isfinite(ratio) & np.isfinite(intensity)
        factor = 0.0
        if use.sum() >= 10:
            m, a = ratio[use], intensity[use]
            low, high = np.quantile(m, [0.3, 0.7]) + TIES
            bottom, top = np.quantile(a, [0.05, 0.95]) + TIES
            kept = (m >= low) & (m <= high) & (a >= bottom) & (a <= top)
            # never empty: 40 % of the ratios stay, and 10 % of the features go by intensity
            factor = float(m[kept].mean())
        out[:] = row / np.float32(2.0**factor)
    return log2_rpm(scaled)


def fit_geometric_mean(blocks: Blocks) -> np.ndarray:
    """Return the geometric mean over samples, ``(n_features,)`` RPM; 0 where too many have none.

    Source: Anders and Huber 2010, Genome Biol 11:R106, equation 5.
    """
    total: np.ndarray | float = 0.0
    n_expressing: np.ndarray | int = 0
    n_samples = 0
    for rpm in blocks():
        expressed = rpm > 0
        logged = np.log(rpm, out=np.zeros_like(rpm), where=expressed)
        total = total + logged.sum(axis=0, dtype=np.float64)
        n_expressing = n_expressing + np.count_nonzero(expressed, axis=0)
        n_samples += len(rpm)
    shared = np.asarray(n_expressing) >= 0.9 * n_samples
    mean = np.where(shared, total / np.maximum(n_expressing, 1), -np.inf)
    return np.asarray(np.exp(mean), dtype=np.float32)


def median_of_ratios(rpm: np.ndarray, reference: np.ndarray | None) -> np.ndarray:
    """Return log2 RPM scaled by the median ratio to the reference, ``(n_samples, n_features)``.

    Source: Anders and Huber 2010, Genome Biol 11:R106, equation 5; features that nine tenths of
    the training samples express take part, since none is expressed by all of many tissues.
    """
    assert reference is not None
    shared = reference > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = rpm[:, shared] / reference[shared]
    ratio[~(ratio > 0)] = np.nan
    factor = np.ones(len(rpm))
    enough = (~np.isnan(ratio)).sum(axis=1) >= 5
    factor[enough] = np.nanmedian(ratio[enough], axis=1)
    return log2_rpm((rpm / factor[:, None]).astype(np.float32))


Transform = Callable[[np.ndarray, np.ndarray | None], np.ndarray]

# name: (transform, fit of its reference or None, unit of the result)
METHODS: dict[str, tuple[Transform, Callable[[Blocks], np.ndarray] | None, str]] = {
    "log2rpm": (log2_rpm, None, "log2 RPM"),
    "clr": (centred_log_ratio, None, "centred log2 RPM"),
    "quantile": (quantile, fit_quantiles, "log2 RPM, quantile-normalised"),
    "tmm": (trimmed_mean_of_m, fit_upper_quartile_sample, "log2 RPM, TMM-scaled"),
    "median-of-ratios": (median_of_ratios, fit_geometric_mean, "log2 RPM, median-of-ratios-scaled"),
}
