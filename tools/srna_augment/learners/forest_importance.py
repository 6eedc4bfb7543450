"""What a forest looks at, on the samples that its folds left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..attribution.importance import permutation_loss
from ..attribution.summary import ClassSummary, Summary, level_difference
from ..model.forest import Forest

if TYPE_CHECKING:
    from ..training import Fitted, Labelled


class LeftOutImportance:
    """Collects the permutation importance of each fold's forest, by class.

    Parameters
    ----------
    data : Labelled
        All labelled samples.
    seed : int
        Of the shuffles.
    """

    def __init__(self, data: Labelled, seed: int) -> None:
        self.data = data
        self.seed = seed
        self._summary = Summary(data.study)
        self._column = {name: i for i, name in enumerate(data.expression.features)}

    def add(self, fitted: Fitted, rows: np.ndarray, x: np.ndarray) -> None:
        """Take in a fold.

        Samples of a class that the fold did not know are left out: they have no votes to lose.

        Parameters
        ----------
        fitted : Fitted
            The fold's forest.
        rows : numpy.ndarray
            ``(n,)`` of int, which of the labelled samples were left out.
        x : numpy.ndarray
            ``(n, n_inputs)``, their prepared inputs.
        """
        forest = fitted.learner
        assert isinstance(forest, Forest)
        known = (forest.value[forest.roots] > 0).any(axis=0)[self.data.y[rows]]
        rows, x = rows[known], x[known]
        truth = self.data.y[rows]
        columns = [self._column[name] for name in fitted.inputs.features]
        values = np.zeros((len(rows), len(self._column)), dtype=np.float32)
        values[:, columns] = permutation_loss(
            forest, x, truth, n_features=len(columns), seed=self.seed
        )
        self._summary.add(rows, truth, truth, values)

    def results(self) -> list[ClassSummary]:
        """Return one summary a class: mean loss of votes, its spread, in how many studies."""
        return self._summary.results()

    def differences(self) -> list[np.ndarray]:
        """Return by class how much higher expression is than on average, ``(n_features,)``."""
        data = self.data
        values = data.expression.values
        if data.expression.reported is not None:
            values = np.where(data.expression.reported, values, np.nan)
        profile = level_difference(values, data.study, np.zeros(values.shape[1]))
        return [
            level_difference(
                values[data.y == each.group], data.study[data.y == each.group], profile
            )
            for each in self.results()
        ]
