"""Reading expression tables: every format behind one call, recognised by content."""

from srna_augment.units import UNITS

from .call import read_tables
from .formats import FORMATS
from .text import ORIENTATIONS

__all__ = ["FORMATS", "ORIENTATIONS", "UNITS", "read_tables"]
