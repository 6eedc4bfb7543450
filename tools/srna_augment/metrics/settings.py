"""What a user may choose about the figures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Choices that all figures of a call share.

    Attributes
    ----------
    resamples : int
        Bootstrap resamples of studies; 0 for no intervals.
    level : float
        Share of the bootstrap distribution inside an interval.
    precision : float
        The precision at which coverage is reported.
    bins : int
        Bins of the top probability, of equal width, for calibration.
    top : int
        The truth counts as found when it is among so many most probable classes.
    reference : str
        The learner that all others are compared with.
    seed : int
        Seed of the bootstrap.
    """

    resamples: int = 1000
    level: float = 0.95
    precision: float = 0.95
    bins: int = 15
    top: int = 3
    reference: str = "dl"
    seed: int = 1
