"""Predictions of samples that a model did not train on: folds, and one data set from others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import splits
from .calibration import across_folds, fit_calibration
from .errors import DataError, UsageError
from .fitting import Fitted, Recipe, fit_on
from .labelled import Labelled
from .learners.weights import equal_unit_weights
from .log import get_logger
from .model.gaps import cautious_logits
from .model.network import softmax
from .predictions import FLOOR, OutOfFold, YearsOutOfFold
from .targets import WITH_BASE_RATES
from .training import SCHEME_TEXT

# scikit-learn takes no larger one.
SEEDS = 2**32
# What is told of each fold, and what is shown of it: its model, the rows that it left out, and
# their prepared inputs.
Progress = Callable[[str], None]
Watch = Callable[[Fitted, np.ndarray, np.ndarray], None]


def cross_validate(
    data: Labelled,
    scheme: str,
    recipe: Recipe,
    *,
    n_folds: int,
    seed: int,
    only: frozenset[int] | None = None,
    progress: Progress = lambda text: None,
    watch: Watch | None = None,
) -> list[OutOfFold | YearsOutOfFold]:
    """Predict every labelled sample by a model that saw nothing of its unit.

    Parameters
    ----------
    data : Labelled
        All labelled samples.
    scheme : {"random", "group", "site"}
        What is left out together.
    recipe : Recipe
        The learner.
    n_folds : int
        How many folds.
    seed : int
        Seed of the folds and of the learner.
    only : frozenset of int, optional
        Folds to run; the others' samples are not in the result.
    progress : callable
        Told before each fold.
    watch : callable, optional
        Shown each fold's learner, the rows that it left out and their prepared inputs.

    Returns
    -------
    list of OutOfFold or YearsOutOfFold
        Raw probabilities (see `calibrate_across_folds`), and years for age.
    """
    units, _ = splits.groups(data.expression.obs, scheme, data.group_column)
    names = np.array(data.classes, dtype=object)[data.y]
    fold = splits.folds(names, units, n_folds, seed)
    sides = {
        k: (np.flatnonzero(fold != k), np.flatnonzero(fold == k))
        for k in range(fold.max() + 1)
        if only is None or k in only
    }

    def tell(k: int) -> None:
        progress(f"{data.target}, {recipe.name}, {scheme}: fold {k + 1} of {fold.max() + 1}")

    return _left_out(data, scheme, recipe, sides, seed, tell, watch)


def check_scheme(
    data: Labelled, scheme: str, train_on: tuple[str, ...], test_on: tuple[str, ...]
) -> None:
    """Make sure that a scheme can be run, before any time is spent on another.

    Raises
    ------
    UsageError, DataError
        The metadata do not tell what it leaves out.
    """
    if scheme == "transfer":
        _sides(data, train_on, test_on)
    else:
        splits.groups(data.expression.obs, scheme, data.group_column)


def _left_out(
    data: Labelled,
    scheme: str,
    recipe: Recipe,
    sides: dict[int, tuple[np.ndarray, np.ndarray]],
    seed: int,
    tell: Callable[[int], None],
    watch: Watch | None = None,
) -> list[OutOfFold | YearsOutOfFold]:
    """Train on the first and predict the second rows of each fold."""
    values, features = data.columns()
    reported = data.expression.reported
    fold = np.full(len(data.y), -1)
    probabilities = np.zeros((len(data.y), len(data.classes)), dtype=np.float32)
    distance = np.zeros(len(data.y), dtype=np.float32)
    predicted_years = np.full(len(data.y), np.nan)
    wants_years = data.target == "age" and recipe.fit_years is not None
    for k, (train, test) in sides.items():
        tell(k)
        fold[test] = k
        fitted = fit_on(data, train, recipe, (seed + k) % SEEDS, years=wants_years)
        given = (values[test], features, None if reported is None else reported[test])
        x = fitted.inputs.prepare(*given)
        unreported = fitted.inputs.unreported(*given)
        raw = cautious_logits(fitted.learner, fitted.inputs, x, unreported)[:, fitted.seen]
        probabilities[np.ix_(test, fitted.seen)] = np.maximum(softmax(raw), FLOOR)
        gaps = fitted.novelty.scatter_of_gaps(
            unreported, fitted.inputs.loadings, fitted.inputs.noise
        )
        distance[test] = fitted.novelty.distance(x, gaps)
        if watch is not None:
            watch(fitted, test, x)
        if fitted.years is not None:
            machine, centre, scale = fitted.years
            predicted_years[test] = _as_years(machine, x) * scale + centre
    return _gathered(
        data,
        recipe.name,
        scheme,
        fold,
        distance,
        probabilities,
        predicted_years if wants_years else None,
    )


def _gathered(
    data: Labelled,
    learner: str,
    scheme: str,
    fold: np.ndarray,
    distance: np.ndarray,
    probabilities: np.ndarray,
    predicted_years: np.ndarray | None,
) -> list[OutOfFold | YearsOutOfFold]:
    """Return the predictions of the samples that some fold left out (`fold` 0 and above)."""
    samples = np.array(data.expression.samples, dtype=object)
    names = np.array(data.classes, dtype=object)[data.y]
    # in order of the ids, so that folds run apart and gathered later give the same model
    order = np.argsort(samples.astype(str), kind="stable")
    done = order[fold[order] >= 0]
    results: list[OutOfFold | YearsOutOfFold] = [
        OutOfFold(
            data.target,
            learner,
            scheme,
            samples[done],
            fold[done],
            names[done],
            data.study[done],
            distance[done],
            data.classes,
            probabilities[done],
        )
    ]
    if predicted_years is not None:
        rows = done[~np.isnan(data.years[done]) & ~np.isnan(predicted_years[done])]
        if len(rows):
            results.append(
                YearsOutOfFold(
                    learner,
                    scheme,
                    samples[rows],
                    fold[rows],
                    data.years[rows],
                    predicted_years[rows],
                    data.study[rows],
                )
            )
    return results


def _as_years(machine: Any, x: np.ndarray) -> np.ndarray:
    predict = machine.mean_value if hasattr(machine, "mean_value") else machine.logits
    years: np.ndarray = predict(x)[:, 0]
    return years


def transfer(
    data: Labelled,
    recipe: Recipe,
    train_on: tuple[str, ...],
    test_on: tuple[str, ...],
    *,
    n_folds: int,
    seed: int,
    progress: Progress = lambda text: None,
) -> list[OutOfFold | YearsOutOfFold]:
    """Predict the samples of some groups by a model of others.

    The model is calibrated on its own training data alone, as a stranger's would be: on studies
    left out where it has several, else on random folds, which flatter.

    Parameters
    ----------
    data : Labelled
        All labelled samples.
    recipe : Recipe
        The learner.
    train_on, test_on : tuple of str
        Values of the group column; without `test_on`, all others are tested.
    n_folds, seed : int
        Of the folds within the training data that calibrate the probabilities.
    progress : callable
        Told before each fold.

    Returns
    -------
    list of OutOfFold or YearsOutOfFold
        Calibrated predictions of the tested samples, as one fold.

    Raises
    ------
    UsageError
        A group is on both sides, or is none of the table's.
    DataError
        One side has no samples, or the training side one class only.
    """
    train, test = _sides(data, train_on, test_on)
    inner = data.subset(train)
    scheme = "group" if len(set(inner.study)) > 1 else "random"
    left_out = cross_validate(inner, scheme, recipe, n_folds=n_folds, seed=seed, progress=progress)

    def tell(_: int) -> None:
        progress(f"{data.target}, {recipe.name}, transfer: {len(train)} to {len(test)} samples")

    results = _left_out(data, "transfer", recipe, {0: (train, test)}, seed, tell)
    raw = next(part for part in left_out if isinstance(part, OutOfFold))
    calibration = fit_calibration(
        raw.logits(),
        raw.distance.astype(np.float64),
        raw.truth_index(),
        equal_unit_weights(raw.study),
        raw.fold,
        fitted_on=SCHEME_TEXT[scheme],
        base_rates=data.target in WITH_BASE_RATES,
    )
    for part in results:
        if isinstance(part, OutOfFold):
            part.probabilities = calibration.probabilities(
                part.logits(), part.distance.astype(np.float64)
            ).astype(np.float32)
            part.calibrated = True
    return results


def _sides(
    data: Labelled, train_on: tuple[str, ...], test_on: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to train on and to test on; nobody is on both sides."""
    obs = data.expression.obs
    column = data.group_column or splits.first_column(obs, splits.STUDY_COLUMNS)
    if column is None:
        raise UsageError(
            f"--scheme transfer: the metadata has none of the columns "
            f"{', '.join(splits.STUDY_COLUMNS)}: name the column with --group"
        )
    group = splits.keys(obs, column)
    for option, names in (("--train-on", train_on), ("--test-on", test_on)):
        missing = sorted(set(names) - set(group))
        if missing:
            found = ", ".join(sorted(set(group) - {""})[:20])
            raise UsageError(
                f"{option} {missing[0]}: no labelled sample has this in column '{column}', which "
                f"holds {found}"
            )
    both = sorted(set(train_on) & set(test_on))
    if both:
        raise UsageError(f"--train-on and --test-on both name {both[0]}: give it to one")
    train = np.isin(group, train_on)
    test = np.isin(group, test_on) if test_on else ~train
    if not test.any():
        raise DataError(f"--train-on takes every labelled sample: column '{column}' has no other")
    people = splits.subjects(obs)
    shared = train & np.isin(people, people[test])
    if shared.any():
        get_logger().info(
            "transfer: %d training samples are left out, as their subjects are tested", shared.sum()
        )
    train &= ~shared
    if len(set(data.y[train])) < 2:
        raise DataError(
            f"--train-on {', '.join(train_on)}: fewer than two classes of {data.target} among "
            f"{train.sum()} labelled samples: name more groups"
        )
    return np.flatnonzero(train), np.flatnonzero(test)


def calibrate_across_folds(raw: OutOfFold) -> OutOfFold:
    """Calibrate each fold on the *other* folds' predictions.

    Parameters
    ----------
    raw : OutOfFold
        Raw probabilities of all folds.

    Returns
    -------
    OutOfFold
        The same, calibrated; samples in order of their ids.
    """
    order = np.argsort(raw.samples.astype(str), kind="stable")
    calibrated = across_folds(
        raw.logits()[order],
        raw.distance[order].astype(np.float64),
        raw.truth_or_unknown()[order],
        equal_unit_weights(raw.study[order]),
        raw.fold[order],
        base_rates=raw.target in WITH_BASE_RATES,
    )
    return OutOfFold(
        raw.target,
        raw.model,
        raw.scheme,
        raw.samples[order],
        raw.fold[order],
        raw.truth[order],
        raw.study[order],
        raw.distance[order],
        raw.classes,
        calibrated.astype(np.float32),
        calibrated=True,
    )
