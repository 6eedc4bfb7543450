"""From raw values to comparable ones: `fit` on training samples, `transform` with the state."""

from .state import State, fit, transform

__all__ = ["State", "fit", "transform"]
