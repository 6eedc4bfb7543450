"""Out-of-fold predictions in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np


@dataclass
class Predictions:
    """What one learner said of one target under one scheme, each sample out of fold.

    Attributes
    ----------
    target, scheme, model : str
        What was predicted, how folds were made, which learner.
    samples, folds : numpy.ndarray
        ``(n_samples,)`` of str.
    studies : list of str
        The units that count equally: studies, or folds where no study was given.
    study : numpy.ndarray
        ``(n_samples,)``, the index into `studies`.
    study_unit : str
        ``study``, ``fold``, or ``study, else fold``.
    """

    target: str
    scheme: str
    model: str
    samples: np.ndarray
    folds: np.ndarray
    studies: list[str]
    study: np.ndarray
    study_unit: str

    @property
    def n_samples(self) -> int:
        """Number of samples with a known truth."""
        return len(self.samples)

    @property
    def n_studies(self) -> int:
        """Number of units that count equally."""
        return len(self.studies)

    @property
    def study_sizes(self) -> np.ndarray:
        """Samples of each study, ``(n_studies,)``."""
        return np.bincount(self.study, minlength=self.n_studies)


@dataclass
class ClassPredictions(Predictions):
    """Predictions of a target that has classes.

    Attributes
    ----------
    classes : list of str
        Every class in the truth, in the predictions, or with a probability.
    truth, predicted : numpy.ndarray
        ``(n_samples,)``, indices into `classes`.
    confidence : numpy.ndarray
        ``(n_samples,)``, the probability of the predicted class.
    probabilities : numpy.ndarray or None
        ``(n_samples, n_classes)``; 0 for a class that the fold's model did not know. None when
        no ``prob:`` columns were given.
    distances : numpy.ndarray or None
        ``(n_samples,)``, how far each is from the nearest class of its fold; NaN or None where
        that was not given.
    """

    classes: list[str]
    truth: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    probabilities: np.ndarray | None
    distances: np.ndarray | None = None

    @property
    def correct(self) -> np.ndarray:
        """Whether each prediction is the truth, ``(n_samples,)`` of bool."""
        same: np.ndarray = self.truth == self.predicted
        return same

    def subset(self, rows: np.ndarray) -> ClassPredictions:
        """Return the samples at `rows`, with the studies that are left; classes stay."""
        study, studies = _left(self, rows)
        probabilities, distances = self.probabilities, self.distances
        return replace(
            self,
            samples=self.samples[rows],
            folds=self.folds[rows],
            study=study,
            studies=studies,
            truth=self.truth[rows],
            predicted=self.predicted[rows],
            confidence=self.confidence[rows],
            probabilities=None if probabilities is None else probabilities[rows],
            distances=None if distances is None else distances[rows],
        )


@dataclass
class YearPredictions(Predictions):
    """Predictions of an age in years.

    Attributes
    ----------
    truth, predicted : numpy.ndarray
        ``(n_samples,)``, years.
    """

    truth: np.ndarray
    predicted: np.ndarray

    def subset(self, rows: np.ndarray) -> YearPredictions:
        """Return the samples at `rows`, with the studies that are left."""
        study, studies = _left(self, rows)
        return replace(
            self,
            samples=self.samples[rows],
            folds=self.folds[rows],
            study=study,
            studies=studies,
            truth=self.truth[rows],
            predicted=self.predicted[rows],
        )


def _left(predictions: Predictions, rows: np.ndarray) -> tuple[np.ndarray, list[str]]:
    codes, study = np.unique(predictions.study[rows], return_inverse=True)
    return study, [predictions.studies[code] for code in codes]


@dataclass
class PredictionSet:
    """All predictions of a call of `evaluate`.

    Attributes
    ----------
    predictions : list of Predictions
        Ordered by target, scheme, learner.
    skipped : dict of str to int
        Per target, how many rows had no truth.
    rows : dict of str to int
        Per file, how many rows it holds.
    """

    predictions: list[Predictions]
    skipped: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
