"""What a forest looks at, on the samples that its folds left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..attribution.importance import permutation_loss
from ..attribution.importance_parts import FoldVotes, ImportanceParts
from ..attribution.summary import ClassSummary, Summary, level_difference
from ..errors import DataError
from ..model.forest import Forest

if TYPE_CHECKING:
    from ..fitting import Fitted
    from ..labelled import Labelled


class LeftOutImportance:
    """Collects the permutation importance of each fold's forest, by class.

    Parameters
    ----------
    data : Labelled
        All labelled samples.
    seed : int
        Of the shuffles.
    keep : bool
        Keep what single samples lose, for `parts`.
    """

    def __init__(self, data: Labelled, seed: int, *, keep: bool = False) -> None:
        self.data = data
        self.seed = seed
        self.keep = keep
        self._folds: list[FoldVotes] = []
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
        truth = self.data.y[rows]
        known = (forest.value[forest.roots] > 0).any(axis=0)[truth]
        columns = [self._column[name] for name in fitted.inputs.features]
        votes = np.zeros((int(known.sum()), len(self._column)), dtype=np.float32)
        votes[:, columns] = permutation_loss(
            forest, x[known], truth[known], n_features=len(columns), seed=self.seed
        )
        self._take(rows, known, votes)

    def _take(self, rows: np.ndarray, known: np.ndarray, votes: np.ndarray) -> None:
        truth = self.data.y[rows[known]]
        self._summary.add(rows[known], truth, truth, votes)
        if self.keep:
            samples = self.data.expression.samples
            self._folds.append(FoldVotes([samples[row] for row in rows], known, votes))

    def parts(self, scheme: str) -> ImportanceParts:
        """Return what single samples lost, to be gathered with other folds of the scheme."""
        return ImportanceParts(self.data.target, scheme, self.data.expression.features, self._folds)

    def gather(self, parts: ImportanceParts) -> None:
        """Take in folds that were run apart.

        Raises
        ------
        DataError
            They are of another table, or do not leave out every labelled sample once.
        """
        row = {name: i for i, name in enumerate(self.data.expression.samples)}
        given = [name for fold in parts.folds for name in fold.samples]
        if parts.features != self.data.expression.features:
            raise DataError(
                "--importance-from: the features are not those of the expression file: give folds "
                "of the same file"
            )
        if len(set(given)) < len(given) or set(given) != set(row):
            raise DataError(
                f"--importance-from: {len(given)} samples left out, {len(set(given) & set(row))} "
                f"of the {len(row)} labelled ones among them: give each fold of the same "
                "expression file once"
            )
        for fold in parts.folds:
            self._take(np.array([row[name] for name in fold.samples]), fold.known, fold.votes)

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
