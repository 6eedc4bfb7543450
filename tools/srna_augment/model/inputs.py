"""From normalised expression to a learner's input: views against a reference profile, gaps filled.

What differs between laboratories and is the same for all features of a sample (depth, a bias that
stretches or squeezes the distribution) is taken out here, sample by sample, over the features that
the sample reports. Three views are known:

- ``plain``: log2 RPM as they are;
- ``scaled``: mean and standard deviation of the sample mapped to those of the reference profile;
- ``ranked``: ranks of the sample mapped to the ranks that the reference profile has.

A cell that is not reported becomes its expectation given what the sample reports, under a factor
model of the training samples (probabilistic principal components, Tipping and Bishop 1999, J R Stat
Soc B 61(3), section 3), so that a gap says nothing of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

VIEWS = ("plain", "scaled", "ranked")
FACTORS = 40
# Ranks run from 0 to this, about the spread of log2 RPM.
RANK_RANGE = 8.0
BLOCK_ROWS = 4096
# Of log2 RPM in float32; one read more or less is far beyond where reads are few.
ROUNDING = 4e-6
# Correlation with the reference profile below which a sample is taken for a failed library, or for
# something else than small RNA.
MINIMUM_RESEMBLANCE = 0.4


@dataclass
class Inputs:
    """Input preparation fitted on training samples.

    Attributes
    ----------
    features : list of str
        Features of the learner, in order.
    views : list of str
        Which of `VIEWS`, in order; inputs are the features of the first view, then of the next.
    profile : numpy.ndarray
        ``(n_features,)``, log2 RPM: the reference profile, the mean of the training samples.
    mean : numpy.ndarray
        ``(n_views, n_features)``: mean of each view over the training samples.
    loadings : numpy.ndarray
        ``(n_views, n_features, n_factors)``: the factor model of each view.
    noise : numpy.ndarray
        ``(n_views,)``: variance that the factors leave.
    """

    features: list[str]
    views: list[str]
    profile: np.ndarray
    mean: np.ndarray
    loadings: np.ndarray
    noise: np.ndarray
    arrays: ClassVar[tuple[str, ...]] = ("profile", "mean", "loadings", "noise")

    @property
    def n_inputs(self) -> int:
        """Columns of a prepared input: one a view and feature."""
        return len(self.views) * len(self.features)

    def prepare(
        self, values: np.ndarray, features: list[str], reported: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the learner's input.

        Parameters
        ----------
        values : numpy.ndarray
            ``(n_samples, n_given)``, normalised expression, log2 RPM or alike.
        features : list of str
            What the columns of `values` are.
        reported : numpy.ndarray, optional
            ``(n_samples, n_given)`` of bool; cells that are False, and features that are not
            given, are filled.

        Returns
        -------
        numpy.ndarray
            ``(n_samples, n_inputs)``, float32: each view less its training mean.
        """
        aligned = align(values, features, reported, self.features)
        result = np.empty((len(aligned), self.n_inputs), dtype=np.float32)
        width = len(self.features)
        for start in range(0, len(aligned), BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            for i, view in enumerate(self.views):
                seen = view_of(view, aligned[rows], self.profile) - self.mean[i]
                fill_gaps(seen, self.loadings[i], float(self.noise[i]))
                result[rows, i * width : (i + 1) * width] = seen
        return result

    def unreported(
        self, values: np.ndarray, features: list[str], reported: np.ndarray | None = None
    ) -> np.ndarray:
        """Tell which cells `prepare` fills, ``(n_samples, n_features)`` of bool.

        Parameters as in `prepare`.
        """
        gaps: np.ndarray = np.isnan(align(values, features, reported, self.features))
        return gaps

    def resembles(
        self, values: np.ndarray, features: list[str], reported: np.ndarray | None = None
    ) -> np.ndarray:
        """Tell which samples, ``(n_samples,)`` of bool, look like small-RNA profiles at all.

        Parameters as in `prepare`.
        """
        aligned = align(values, features, reported, self.features)
        return resemblance(aligned, self.profile) >= MINIMUM_RESEMBLANCE

    def fold(self, contributions: np.ndarray) -> np.ndarray:
        """Add up what belongs to one feature.

        Parameters
        ----------
        contributions : numpy.ndarray
            ``(..., n_inputs)``.

        Returns
        -------
        numpy.ndarray
            ``(..., n_features)``: the sum over views.
        """
        if len(self.views) == 1:
            return contributions
        shape = (*contributions.shape[:-1], len(self.views), len(self.features))
        sums: np.ndarray = contributions.reshape(shape).sum(axis=-2)
        return sums


def align(
    values: np.ndarray, features: list[str], reported: np.ndarray | None, wanted: list[str]
) -> np.ndarray:
    """Return the wanted features, ``(n_samples, n_wanted)`` float32; NaN where not reported."""
    if features == wanted:
        raw = np.array(values, dtype=np.float32)
        if reported is not None:
            raw[~reported] = np.nan
        return raw
    column = {name: i for i, name in enumerate(features)}
    source = np.array([column.get(name, -1) for name in wanted])
    there = source >= 0
    raw = np.full((len(values), len(wanted)), np.nan, dtype=np.float32)
    raw[:, there] = values[:, source[there]]
    if reported is not None:
        known = raw[:, there]
        known[~reported[:, source[there]]] = np.nan
        raw[:, there] = known
    return raw


def by_pattern(missing: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield rows that miss the same features, with what they report.

    Parameters
    ----------
    missing : numpy.ndarray
        ``(n_samples, n_features)`` of bool.

    Yields
    ------
    rows : numpy.ndarray
        Indices of samples.
    there : numpy.ndarray
        ``(n_features,)`` of bool, the features that they report.
    """
    packed = np.packbits(missing, axis=1)
    _, first, inverse = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    ends = np.cumsum(np.bincount(inverse))
    for i, end in enumerate(ends):
        start = ends[i - 1] if i else 0
        yield order[start:end], ~missing[first[i]]


def view_of(view: str, aligned: np.ndarray, profile: np.ndarray) -> np.ndarray:
    """Return one view of aligned expression.

    Parameters
    ----------
    view : str
        One of `VIEWS`.
    aligned : numpy.ndarray
        ``(n_samples, n_features)``, log2 RPM; NaN where not reported.
    profile : numpy.ndarray
        ``(n_features,)``, the reference profile.

    Returns
    -------
    numpy.ndarray
        ``(n_samples, n_features)``, float32; NaN where not reported.
    """
    if view == "plain":
        return aligned.copy()
    result = np.full_like(aligned, np.nan)
    reference_rank = RANK_RANGE * mean_ranks(profile[None])[0] / len(profile)
    for rows, there in by_pattern(np.isnan(aligned)):
        if there.sum() < 2:
            continue
        block = aligned[np.ix_(rows, there)].astype(np.float64)
        if view == "scaled":
            mean, spread = block.mean(axis=1, keepdims=True), block.std(axis=1, keepdims=True)
            wanted = profile[there].astype(np.float64)
            scaled = (block - mean) / np.maximum(spread, 1e-6) * wanted.std() + wanted.mean()
        else:
            grid = np.sort(reference_rank[there])
            scaled = np.interp(mean_ranks(block) - 1, np.arange(len(grid)), grid)
        result[np.ix_(rows, there)] = scaled
    return result


def mean_ranks(rows: np.ndarray) -> np.ndarray:
    """Return the rank of each value in its row, from 1, ties sharing their mean rank.

    What differs by rounding alone is a tie: equal counts of a sample are often told apart by the
    last digit once they are RPM.

    Parameters
    ----------
    rows : numpy.ndarray
        ``(n_rows, n_columns)`` without NaN, log2 RPM.
    """
    n_rows, n_columns = rows.shape
    order = np.argsort(rows, axis=1, kind="stable")
    ordered = np.take_along_axis(rows, order, axis=1)
    starts = np.ones(rows.shape, dtype=bool)
    starts[:, 1:] = ordered[:, 1:] > ordered[:, :-1] + ROUNDING
    tie = np.cumsum(starts.ravel()) - 1
    position = np.tile(np.arange(1.0, n_columns + 1), n_rows)
    mean = (np.bincount(tie, position) / np.bincount(tie))[tie]
    result = np.empty(rows.shape)
    np.put_along_axis(result, order, mean.reshape(rows.shape), axis=1)
    return result


def fill_gaps(centred: np.ndarray, loadings: np.ndarray, noise: float) -> None:
    """Replace NaN, in place, by the expectation given the rest of the sample.

    Parameters
    ----------
    centred : numpy.ndarray
        ``(n_samples, n_features)``, a view less its mean.
    loadings : numpy.ndarray
        ``(n_features, n_factors)``.
    noise : float
        Variance that the factors leave.
    """
    missing = np.isnan(centred)
    gaps = np.flatnonzero(missing.any(axis=1))
    for rows, there in by_pattern(missing[gaps]):
        at = gaps[rows]
        known = loadings[there].astype(np.float64)
        precision = known.T @ known + noise * np.eye(known.shape[1])
        factors = np.linalg.solve(precision, known.T @ centred[np.ix_(at, there)].T)
        centred[np.ix_(at, ~there)] = (loadings[~there] @ factors).T


def fit_inputs(
    values: np.ndarray,
    features: list[str],
    reported: np.ndarray | None,
    weights: np.ndarray,
    selected: np.ndarray,
    views: tuple[str, ...],
) -> tuple[Inputs, np.ndarray]:
    """Fit input preparation on training samples, and prepare them.

    Parameters
    ----------
    values : numpy.ndarray
        ``(n_samples, n_given)``, normalised expression of the training samples.
    features : list of str
        What the columns are.
    reported : numpy.ndarray or None
        ``(n_samples, n_given)`` of bool.
    weights : numpy.ndarray
        ``(n_samples,)``: how much each sample counts in means and in the factor model.
    selected : numpy.ndarray
        Indices of the columns to keep.
    views : tuple of str
        Which views the learner sees.

    Returns
    -------
    inputs : Inputs
        The preparation.
    x : numpy.ndarray
        ``(n_samples, n_inputs)``: what it makes of the training samples.
    """
    kept = [features[i] for i in selected]
    aligned = align(values, features, reported, kept)
    profile = mean_profile(aligned, weights)
    means, loadings, noises, prepared = [], [], [], []
    for view in views:
        centred = view_of(view, aligned, profile)
        mean = mean_profile(centred, weights)
        centred -= mean
        factors, noise = fit_factors(np.nan_to_num(centred), weights)
        factors = factors.astype(np.float32)
        fill_gaps(centred, factors, noise)
        means.append(mean)
        loadings.append(factors)
        noises.append(noise)
        prepared.append(centred)
    inputs = Inputs(
        features=kept,
        views=list(views),
        profile=profile,
        mean=np.array(means, dtype=np.float32),
        loadings=np.array(loadings),
        noise=np.array(noises, dtype=np.float32),
    )
    return inputs, np.concatenate(prepared, axis=1)


def fit_factors(centred: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Fit probabilistic principal components.

    Parameters
    ----------
    centred : numpy.ndarray
        ``(n_samples, n_features)`` without NaN.
    weights : numpy.ndarray
        ``(n_samples,)``.

    Returns
    -------
    loadings : numpy.ndarray
        ``(n_features, n_factors)``; `FACTORS` of them, or fewer for small tables.
    noise : float
        Variance a feature that they leave.
    """
    from scipy.linalg import eigh

    n_features = centred.shape[1]
    n_factors = max(min(FACTORS, n_features - 1, len(centred) - 1), 0)
    share = np.sqrt(weights / weights.sum()).astype(np.float32)
    weighted = centred * share[:, None]
    covariance = weighted.T @ weighted
    total = float(np.trace(covariance))
    if n_factors == 0 or total <= 0:
        return np.zeros((n_features, 1)), 1.0
    values, vectors = eigh(covariance, subset_by_index=[n_features - n_factors, n_features - 1])
    noise = max((total - float(values.sum())) / max(n_features - n_factors, 1), 1e-6)
    return vectors * np.sqrt(np.maximum(values - noise, 0)), float(noise)


def mean_profile(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the mean over samples that report, ``(n_features,)`` float32; 0 where none does."""
    there = ~np.isnan(values)
    total = np.maximum(weights @ there, 1e-12)
    means: np.ndarray = weights @ np.nan_to_num(values) / total
    return means.astype(np.float32)


def resemblance(aligned: np.ndarray, profile: np.ndarray) -> np.ndarray:
    """Return each sample's correlation with a profile over what it reports, ``(n_samples,)``."""
    there = ~np.isnan(aligned)
    n = np.maximum(there.sum(axis=1, keepdims=True), 1)
    own = np.nan_to_num(aligned)
    other = np.where(there, profile, 0)
    own = np.where(there, own - own.sum(axis=1, keepdims=True) / n, 0)
    other = np.where(there, other - other.sum(axis=1, keepdims=True) / n, 0)
    product = (own * other).sum(axis=1)
    norms = np.linalg.norm(own, axis=1) * np.linalg.norm(other, axis=1)
    correlation: np.ndarray = product / np.maximum(norms, 1e-12)
    return correlation
