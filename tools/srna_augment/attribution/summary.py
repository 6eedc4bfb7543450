"""From contributions of samples to the sRNAs that decide for a class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TOP = 20


@dataclass
class ClassSummary:
    """What decides for one class, over a group of samples.

    Attributes
    ----------
    explained, group : int
        The class whose logit is explained, and the class of the samples.
    n_samples, n_studies : int
        Size of the group.
    mean, sd : numpy.ndarray
        ``(n_features,)``, logits: mean over studies of the studies' means (each study counts
        once), and standard deviation over samples.
    share_positive, share_top : numpy.ndarray
        ``(n_features,)``: share of samples in which the feature speaks for the class, and in which
        it is among the `TOP` that speak for it most.
    studies_positive, studies_top : numpy.ndarray
        ``(n_features,)`` of int: the same for the means of studies.
    """

    explained: int
    group: int
    n_samples: int
    n_studies: int
    mean: np.ndarray
    sd: np.ndarray
    share_positive: np.ndarray
    share_top: np.ndarray
    studies_positive: np.ndarray
    studies_top: np.ndarray

    def ranked(self, by_size: bool = False) -> np.ndarray:
        """Return features by mean contribution, the largest first, ``(n_features,)`` of int.

        Parameters
        ----------
        by_size : bool
            By its size, whatever the sign: for years, where less is as much of an answer as more.
        """
        return np.argsort(-(np.abs(self.mean) if by_size else self.mean), kind="stable")


class Summary:
    """Collects contributions block by block.

    Parameters
    ----------
    studies : numpy.ndarray
        ``(n_samples,)`` of str, the study of each sample; an empty string is a study of its own.
    """

    def __init__(self, studies: np.ndarray) -> None:
        self.studies = studies
        self._sums: dict[tuple[int, int], dict[str, tuple[int, np.ndarray]]] = {}
        self._moments: dict[tuple[int, int], list[np.ndarray]] = {}

    def add(
        self, rows: np.ndarray, explained: np.ndarray, group: np.ndarray, values: np.ndarray
    ) -> None:
        """Take in samples.

        Parameters
        ----------
        rows : numpy.ndarray
            ``(n,)`` of int, which samples.
        explained, group : numpy.ndarray
            ``(n,)`` of int, the class that is explained and the class of the sample.
        values : numpy.ndarray
            ``(n, n_features)``, contributions.
        """
        if not len(rows):
            return
        top = top_mask(values)
        for key in sorted({(int(e), int(g)) for e, g in zip(explained, group, strict=True)}):
            at = np.flatnonzero((explained == key[0]) & (group == key[1]))
            part = values[at].astype(np.float64)
            moments = self._moments.setdefault(key, [np.zeros(values.shape[1]) for _ in range(4)])
            each = (part, part**2, part > 0, top[at])
            for total, terms in zip(moments, each, strict=True):
                total += terms.sum(axis=0)
            of_class = self._sums.setdefault(key, {})
            names = self.studies[rows[at]]
            for name in sorted(set(names)):
                inside = names == name
                n, before = of_class.get(name, (0, np.zeros(values.shape[1])))
                of_class[name] = (n + int(inside.sum()), before + part[inside].sum(axis=0))

    def results(self) -> list[ClassSummary]:
        """Return the summaries, ordered by class explained and class of the samples."""
        found = []
        for key in sorted(self._sums):
            by_study = self._sums[key]
            means = np.stack([total / n for n, total in by_study.values()])
            summed, squares, positive, first = self._moments[key]
            n = sum(n for n, _ in by_study.values())
            variance = np.maximum(squares / n - (summed / n) ** 2, 0) * n / max(n - 1, 1)
            found.append(
                ClassSummary(
                    explained=key[0], group=key[1], n_samples=n, n_studies=len(means),
                    mean=means.mean(axis=0), sd=np.sqrt(variance),
                    share_positive=positive / n, share_top=first / n,
                    studies_positive=(means > 0).sum(axis=0),
                    studies_top=top_mask(means).sum(axis=0),
                )
            )  # fmt: skip
        return found


def level_difference(values: np.ndarray, studies: np.ndarray, profile: np.ndarray) -> np.ndarray:
    """Tell how much higher or lower the sRNAs are in some samples than in a profile.

    Parameters
    ----------
    values : numpy.ndarray
        ``(n_samples, n_features)``, in the units of the normalisation; NaN: not reported.
    studies : numpy.ndarray
        ``(n_samples,)`` of str; each study that reports a feature counts once.
    profile : numpy.ndarray
        ``(n_features,)``, what to compare with.

    Returns
    -------
    numpy.ndarray
        ``(n_features,)``; NaN where no sample reports the feature.
    """
    names, index = np.unique(studies.astype(str), return_inverse=True)
    there = np.isfinite(values)
    sums, counts = (np.zeros((len(names), values.shape[1])) for _ in range(2))
    np.add.at(sums, index, np.where(there, values, 0))
    np.add.at(counts, index, there)
    known = counts > 0
    means = np.where(known, sums / np.maximum(counts, 1), 0)
    n = known.sum(axis=0)
    rest = np.where(n > 0, means.sum(axis=0) / np.maximum(n, 1), np.nan)
    difference: np.ndarray = rest - profile
    return difference


def top_mask(values: np.ndarray, top: int = TOP) -> np.ndarray:
    """Tell which features are among the largest positive ones of each row.

    Parameters
    ----------
    values : numpy.ndarray
        ``(n, n_features)``.
    top : int
        How many of a row at most.

    Returns
    -------
    numpy.ndarray
        ``(n, n_features)`` of bool.
    """
    if values.shape[1] <= top:
        return values > 0
    limit = -np.partition(-values, top - 1, axis=1)[:, top - 1 : top]
    return (values >= limit) & (values > 0)


def own_class(
    outputs: np.ndarray, values: np.ndarray, group: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pick, where all classes were explained, the class of each sample.

    Parameters
    ----------
    outputs : numpy.ndarray
        ``(n, n_outputs)``, classes explained.
    values : numpy.ndarray
        ``(n, n_outputs, n_features)``.
    group : numpy.ndarray
        ``(n,)``, the class of each sample.

    Returns
    -------
    tuple of numpy.ndarray
        ``(n,)`` classes and ``(n, n_features)`` contributions.
    """
    if outputs.shape[1] == 1:
        return outputs[:, 0], values[:, 0]
    return group, values[np.arange(len(values)), group]
