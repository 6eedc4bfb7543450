"""A trained model of one target: from normalised expression to probabilities, calls and sets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np

from ..calibration import Calibration, Novelty
from ..normalisation import State
from .forest import Forest
from .gaps import cautious_logits, spread_of_gaps
from .inputs import Inputs
from .network import Network, SubclassNetwork

# In a model's provenance: the metadata column of the labels, where one was named.
LABEL_COLUMN = "label_column"
YearsLearner = Network | Forest
Learner = YearsLearner | SubclassNetwork


@dataclass
class Years:
    """Age in years: a learner with one output, and how far off it was on studies left out.

    Attributes
    ----------
    learner : Network or Forest
        One output: years, centred and scaled.
    centre, scale : float
        Years = output * `scale` + `centre`.
    half_width : float
        Half the width, in years, of an interval that held the share `level` of left-out samples.
    level : float
        That share.
    """

    learner: YearsLearner
    centre: float
    scale: float
    half_width: float
    level: float

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return years, ``(n_samples,)``, for prepared inputs ``(n_samples, n_features)``."""
        if isinstance(self.learner, Forest):
            output = self.learner.mean_value(x)[:, 0]
        else:
            output = self.learner.logits(x)[:, 0]
        return output * self.scale + self.centre

    def predict_interval(
        self, inputs: Inputs, x: np.ndarray, unreported: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return years with the bounds of their interval, each ``(n_samples,)``, none below 0.

        The interval is that of left-out samples, wider where what was filled might have been
        otherwise: both errors are independent, and held to be normal.

        Parameters
        ----------
        inputs : Inputs
            What prepared `x`.
        x : numpy.ndarray
            ``(n_samples, n_inputs)``, prepared inputs.
        unreported : numpy.ndarray
            ``(n_samples, n_features)`` of bool; see `Inputs.unreported`.
        """
        years = self.predict(x)
        deviations = NormalDist().inv_cdf((1 + self.level) / 2)
        filled = deviations * spread_of_gaps(self.predict, inputs, x, unreported)
        half = np.hypot(self.half_width, filled)
        low, middle, high = (np.maximum(y, 0) for y in (years - half, years, years + half))
        return middle, low, high


@dataclass
class TargetModel:
    """Everything that predicts one target with NumPy alone.

    Attributes
    ----------
    target : str
        tissue, tissue_group, sex or age.
    classes, term_ids : list of str
        The classes in the order of the logits, and their ontology terms (may be empty).
    state : State
        The normalisation that the model expects.
    inputs : Inputs
        Features in order, their views, and the rule for gaps.
    learner : Network, SubclassNetwork or Forest
        Prepared inputs to logits.
    calibration : Calibration
        Logits to probabilities, calls and sets.
    novelty : Novelty
        What tells samples unlike all training samples.
    references : dict
        Name to ``(n_features,)`` prepared inputs: ``mean`` (training samples, studies equal) and
        ``class:<name>``, for attribution.
    years : Years or None
        Only for age.
    card, provenance : dict
        What it is for and where it came from.
    """

    target: str
    classes: list[str]
    term_ids: list[str]
    state: State
    inputs: Inputs
    learner: Learner
    calibration: Calibration
    novelty: Novelty
    references: dict[str, np.ndarray] = field(default_factory=dict)
    years: Years | None = None
    card: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def features(self) -> list[str]:
        """Features of the learner, in order."""
        return self.inputs.features

    def label_column(self, columns: Iterable[str]) -> str | None:
        """Return which of some metadata columns the labels were learnt from, if one was named."""
        named = self.provenance.get(LABEL_COLUMN)
        return named if isinstance(named, str) and named in columns else None

    def described(self) -> dict[str, Any]:
        """Return the card, with how calls fared where nothing was fitted on the samples."""
        known = self.calibration
        right = "none were made" if known.precision is None else f"{known.precision:.0%}"
        calls = {
            "from a probability of": f"{known.threshold:.0%}",
            "right": right,
            "share of samples called": f"{known.coverage:.0%}",
            "on": known.fitted_on,
        }
        return {**self.card, "calls": calls if known.threshold <= 1 else "none are made"}

    def prepare(
        self, values: np.ndarray, features: list[str], reported: np.ndarray | None = None
    ) -> np.ndarray:
        """Return prepared inputs ``(n_samples, n_features)``; see `Inputs.prepare`."""
        return self.inputs.prepare(values, features, reported)

    def predict(self, x: np.ndarray, unreported: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Predict from prepared inputs.

        Parameters
        ----------
        x : numpy.ndarray
            ``(n_samples, n_inputs)``.
        unreported : numpy.ndarray
            ``(n_samples, n_features)`` of bool: which of them were filled; see
            `Inputs.unreported`. The fewer are known, the less sure a call.

        Returns
        -------
        probabilities : numpy.ndarray
            ``(n_samples, n_classes)``, calibrated.
        novel : numpy.ndarray
            ``(n_samples,)`` of bool: out of distribution.
        """
        gaps = self.novelty.scatter_of_gaps(unreported, self.inputs.loadings, self.inputs.noise)
        distance = self.novelty.distance(x, gaps)
        logits = cautious_logits(self.learner, self.inputs, x, unreported)
        probabilities = self.calibration.probabilities(logits, distance)
        return probabilities, self.novelty.is_novel(x, distance, gaps)
