"""Kinds of sample within a class that are learnt apart, such as the tissues of a tissue group."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

NONE = -1
# What may be asked for beside a column.
AUTO, OFF = "auto", "none"


@dataclass(frozen=True)
class Subclasses:
    """What a class consists of.

    Attributes
    ----------
    of_class : numpy.ndarray
        ``(n_subclasses,)`` of int: the class that each lies in, in order; every class has one or
        more.
    y : numpy.ndarray
        ``(n_samples,)`` of int: the subclass of each sample, `NONE` where it is too rare to learn.
    """

    of_class: np.ndarray
    y: np.ndarray

    def subset(self, rows: np.ndarray) -> Subclasses:
        """Return some of the samples."""
        return replace(self, y=self.y[rows])


def find_subclasses(labels: np.ndarray, y: np.ndarray, minimum: int) -> Subclasses:
    """Find the subclasses of each class.

    Samples without a label, and those of labels that are rare within their class, are a subclass
    together: left out if that is rare too, unless it is all that the class has.

    Parameters
    ----------
    labels : numpy.ndarray
        ``(n_samples,)`` of str, finer than the classes; empty where they are not known. A label
        that stands in two classes is a subclass of each.
    y : numpy.ndarray
        ``(n_samples,)`` of int, classes.
    minimum : int
        Subclasses of fewer samples are rare.
    """
    of_class: list[int] = []
    own = np.full(len(y), NONE)
    for name in np.unique(y):
        here = np.flatnonzero(y == name)
        found, place, count = np.unique(
            labels[here].astype(str), return_inverse=True, return_counts=True
        )
        frequent = (count >= minimum) & (found != "")
        rest = here[~frequent[place]]
        parts = [here[place == i] for i in np.flatnonzero(frequent)]
        if len(rest) >= minimum or not parts:
            parts.append(rest)
        for rows in parts:
            own[rows] = len(of_class)
            of_class.append(int(name))
    return Subclasses(np.array(of_class), own)
