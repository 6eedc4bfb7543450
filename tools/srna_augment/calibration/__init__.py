"""Probabilities that mean what they say, and when not to call; fitted on studies left out."""

from .calls import Calibration, fit_calibration
from .novelty import Novelty, fit_novelty

__all__ = ["Calibration", "Novelty", "fit_calibration", "fit_novelty"]
