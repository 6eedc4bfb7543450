"""Input preparation, learner and novelty of one target, fitted on some of its samples.

Everything that is fitted on data (selection, centring, scaling, weights) is fitted on these alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .calibration import Novelty, fit_novelty
from .labelled import MINIMUM_SAMPLES, Labelled, study_units
from .learners.covariance import Spread
from .learners.selection import select_variable
from .learners.weights import study_class_weights
from .model.gaps import HasLogits
from .model.inputs import (
    MINIMUM_RESEMBLANCE,
    Inputs,
    align,
    fit_inputs,
    mean_profile,
    resemblance,
)
from .model.network import Network, SubclassNetwork
from .subclasses import NONE

if TYPE_CHECKING:
    from .expression import Expression

# prepared inputs (n, f), classes or years (n,), number of outputs, weights (n,), spread, seed
FitLearner = Callable[[np.ndarray, np.ndarray, int, np.ndarray, Spread, int], Any]


@dataclass
class Recipe:
    """A learner under its name, and how it is fitted.

    Attributes
    ----------
    name : str
        ``dl``, ``rf`` or a baseline's name, as in predictions.tsv.
    fit : callable
        `FitLearner` for classes.
    fit_years : callable or None
        `FitLearner` for years.
    views : tuple of str
        What of a sample it sees; see `srna_augment.model.inputs`.
    subclasses : bool
        It learns what classes consist of, where that is known.
    """

    name: str
    fit: FitLearner
    fit_years: FitLearner | None = None
    views: tuple[str, ...] = ("plain",)
    subclasses: bool = False


def well_measured(data: Labelled, rows: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Tell which samples look like small-RNA profiles at all, ``(n_rows,)`` of bool.

    Failed libraries teach nothing about a tissue. They stay in every test. `y` ``(n_samples,)`` is
    what is learnt of them.
    """
    values, features = data.columns()
    reported = data.expression.reported
    aligned = align(values[rows], features, None if reported is None else reported[rows], features)
    weights = study_class_weights(data.study[rows], y[rows])
    alike = resemblance(aligned, mean_profile(aligned, weights)) >= MINIMUM_RESEMBLANCE
    # a table on which this rule fails is not one that it was made for
    return alike if alike.mean() > 0.5 else np.ones(len(rows), dtype=bool)


def _by_first_sample(y: np.ndarray, n: int) -> np.ndarray:
    """Return each class's number by its first sample, ``(n,)`` of int; what has none comes last.

    A network that is trained step by step depends on the order of its outputs. So tissues and
    groups that consist of them are learnt by the same network, whatever they are called.
    """
    first = np.full(n, len(y))
    np.minimum.at(first, y, np.arange(len(y)))
    order = np.argsort(first, kind="stable")
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)
    return place


@dataclass
class Fitted:
    """A learner with its input preparation, and the distance to the classes that it saw.

    `seen` ``(n_seen,)`` are the indices of those classes: of failed libraries and of what is too
    rare a part of a class nothing is learnt.
    """

    inputs: Inputs
    novelty: Novelty
    seen: np.ndarray
    learner: HasLogits
    years: tuple[Any, float, float] | None = None


def fit_on(
    data: Labelled,
    rows: np.ndarray,
    recipe: Recipe,
    seed: int,
    *,
    classes: bool = True,
    years: bool = False,
    strangers: Expression | None = None,
) -> Fitted:
    """Fit input preparation and learner on some of the labelled samples.

    Parameters
    ----------
    data : Labelled
        All labelled samples.
    rows : numpy.ndarray
        Indices of the training samples.
    recipe : Recipe
        The learner.
    seed : int
        Seed of the learner.
    classes, years : bool
        What to fit.
    strangers : Expression, optional
        Samples that are none of the classes, for the novelty alone.
    """
    parts = data.subclasses if recipe.subclasses else None
    labels, n_outputs = data.y, len(data.classes)
    if parts is not None:
        labels, n_outputs = parts.y, len(parts.of_class)
        rows = rows[labels[rows] != NONE]
    rows = rows[well_measured(data, rows, labels)]
    y, place = labels[rows], np.arange(n_outputs)
    if recipe.subclasses:
        place = _by_first_sample(y, n_outputs)
        y = place[y]
    inputs, training = _prepare(data, rows, y, recipe)
    spread = training.spread()
    learner = None
    if classes:
        learner = recipe.fit(training.x, y, n_outputs, training.weights, spread, seed)
        if isinstance(learner, Network):
            learner = learner.with_outputs(place)
        if parts is not None:
            learner = SubclassNetwork(learner, parts.of_class)
    return Fitted(
        inputs,
        fit_novelty(spread, _strange(strangers, inputs, data.group_column)),
        np.unique(data.y[rows]),
        learner,  # type: ignore[arg-type]
        _fit_years(training, data.years[rows], recipe, seed) if years else None,
    )


@dataclass
class _Training:
    """Training samples as learners take them; each array has a row a sample.

    Attributes
    ----------
    x : numpy.ndarray
        ``(n_samples, n_inputs)``, prepared inputs.
    y : numpy.ndarray
        ``(n_samples,)`` of int, what is learnt.
    weights : numpy.ndarray
        ``(n_samples,)``.
    unit, study, batch
        ``(n_samples,)``: what votes once, what counts once, and the batch, if any.
    n_views : int
        Views of a feature among the inputs.
    """

    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray
    unit: np.ndarray
    study: np.ndarray
    batch: np.ndarray | None
    n_views: int

    def spread(self) -> Spread:
        """Return what samples of a class differ in."""
        return Spread(self.x, self.y, self.unit, self.study, self.n_views, self.batch)

    def of_one_class(self, rows: np.ndarray) -> _Training:
        """Return some of the samples, all of one class."""
        return _Training(
            self.x[rows],
            np.zeros(len(rows), dtype=int),
            self.weights[rows],
            self.unit[rows],
            self.study[rows],
            None if self.batch is None else self.batch[rows],
            self.n_views,
        )


def _prepare(
    data: Labelled, rows: np.ndarray, y: np.ndarray, recipe: Recipe
) -> tuple[Inputs, _Training]:
    """Fit the preparation of inputs on training samples, and apply it to them."""
    values, features = data.columns()
    reported = data.expression.reported
    reported = None if reported is None else reported[rows]
    study = data.study[rows]
    weights = study_class_weights(study, y)
    train = values[rows]
    selected = select_variable(train, weights)
    inputs, x = fit_inputs(train, features, reported, weights, selected, recipe.views)
    batch = None if data.batch is None else data.batch[rows]
    n_views = len(recipe.views)
    return inputs, _Training(x, y, weights, data.votes[rows], study, batch, n_views)


def _fit_years(
    training: _Training, years: np.ndarray, recipe: Recipe, seed: int
) -> tuple[Any, float, float] | None:
    """Fit the learner of years with their centre and scale, if enough of them are known."""
    rows = np.flatnonzero(~np.isnan(years))
    if recipe.fit_years is None or len(rows) < 2 * MINIMUM_SAMPLES:
        return None
    age = years[rows]
    centre, scale = float(age.mean()), float(max(age.std(), 1e-3))
    known = training.of_one_class(rows)
    machine = recipe.fit_years(
        known.x, (age - centre) / scale, 1, known.weights, known.spread(), seed
    )
    return machine, centre, scale


def _strange(
    strangers: Expression | None, inputs: Inputs, group_column: str | None
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return prepared inputs and the unit of each stranger that looks like a small-RNA profile."""
    if strangers is None:
        return None
    given = (strangers.values, strangers.features, strangers.reported)
    sound = inputs.resembles(*given)
    unit, _ = study_units(strangers.obs, group_column)
    return inputs.prepare(*given)[sound], unit[sound]
