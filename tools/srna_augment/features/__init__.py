"""Features and their names: what a name means, and one feature space for all tables."""

from .collapse import collapse
from .names import kind_of, looks_like_feature
from .resolve import LEVELS, Resolution, Resolved, resolve

__all__ = [
    "LEVELS",
    "Resolution",
    "Resolved",
    "collapse",
    "kind_of",
    "looks_like_feature",
    "resolve",
]
