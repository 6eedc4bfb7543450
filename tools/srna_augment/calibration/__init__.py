"""Probabilities that mean what they say, and when not to call; fitted on studies left out."""

from .calls import Calibration, across_folds, fit_calibration
from .novelty import Novelty, fit_novelty, novelty_threshold

__all__ = [
    "Calibration",
    "Novelty",
    "across_folds",
    "fit_calibration",
    "fit_novelty",
    "novelty_threshold",
]
