"""The labelled samples of one target: who has a label that can be learnt, and what votes once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from . import ontology, splits
from .errors import DataError
from .log import get_logger
from .subclasses import AUTO, OFF, Subclasses, find_subclasses

if TYPE_CHECKING:
    from .expression import Expression

MINIMUM_SAMPLES = 5
MAXIMUM_BATCHES = 20


@dataclass
class Labelled:
    """The labelled samples of one target.

    Attributes
    ----------
    target : str
        tissue, tissue_group, sex or age.
    expression : Expression
        The labelled samples only.
    classes : list of str
        Sorted names.
    y : numpy.ndarray
        ``(n_samples,)`` of int.
    study : numpy.ndarray
        ``(n_samples,)`` of str: what counts once and shares a laboratory.
    study_column : str
        Where `study` came from.
    votes : numpy.ndarray
        ``(n_samples,)`` of str: what has one vote on a class, a condition of a study.
    years : numpy.ndarray
        ``(n_samples,)``; NaN but for age.
    group_column : str or None
        What the scheme ``group`` leaves out, if it was named.
    strangers : Expression or None
        Samples that are known to be none of the classes, whatever their labels say.
    subclasses : Subclasses or None
        What the classes consist of, if that is to be learnt.
    batch : numpy.ndarray or None
        ``(n_samples,)`` of str: batches whose difference is to tell nothing; '' is not known.
    """

    target: str
    expression: Expression
    classes: list[str]
    y: np.ndarray
    study: np.ndarray
    study_column: str
    votes: np.ndarray
    years: np.ndarray
    group_column: str | None = None
    strangers: Expression | None = None
    subclasses: Subclasses | None = None
    batch: np.ndarray | None = None

    def columns(self) -> tuple[np.ndarray, list[str]]:
        """Return normalised values ``(n_samples, n_features)`` and their features."""
        return self.expression.values, self.expression.features

    def subset(self, rows: np.ndarray) -> Labelled:
        """Return some of the samples, of the same classes."""
        return replace(
            self,
            expression=self.expression.subset(rows),
            y=self.y[rows],
            study=self.study[rows],
            votes=self.votes[rows],
            years=self.years[rows],
            subclasses=None if self.subclasses is None else self.subclasses.subset(rows),
            batch=None if self.batch is None else self.batch[rows],
        )


def labelled(
    expression: Expression,
    target: str,
    *,
    label_column: str | None = None,
    group_column: str | None = None,
    condition_column: str | None = None,
    strangers: tuple[str, str] | None = None,
    subclasses: str = OFF,
    batch_column: str | None = None,
    minimum_samples: int = MINIMUM_SAMPLES,
) -> Labelled:
    """Take the samples whose label is given and frequent enough to learn.

    Parameters
    ----------
    expression : Expression
        All samples.
    target : str
        tissue, tissue_group, sex or age.
    label_column, group_column, condition_column : str, optional
        Metadata columns, if not the usual ones.
    strangers : tuple of str, optional
        A metadata column, and the value that it has for samples that are none of the classes.
    subclasses : str
        The metadata column of what classes consist of; ``none``, or ``auto`` for the tissues of
        tissue groups.
    batch_column : str, optional
        The metadata column of batches whose difference is to tell nothing.
    minimum_samples : int
        Classes with fewer samples are left out, and said.

    Raises
    ------
    DataError
        Fewer than two classes remain.
    """
    names = ontology.labels(expression.obs, target, label_column)
    strange = _strangers(expression, strangers)
    names[strange] = ""
    classes = _frequent(names, target, minimum_samples)
    if len(classes) < 2:
        raise DataError(_too_few(expression, target, label_column, classes, minimum_samples))
    rows = np.flatnonzero(np.isin(names.astype(str), classes))
    subset = expression.subset(rows)
    index = {name: i for i, name in enumerate(classes)}
    study, column = study_units(subset.obs, group_column)
    condition = splits.conditions(subset.obs, condition_column)
    get_logger().info(
        "%s: %d samples, %d classes, %d units by '%s'",
        target,
        len(rows),
        len(classes),
        len(set(study)),
        column,
    )
    y = np.array([index[name] for name in names[rows]])
    return Labelled(
        target=target,
        expression=subset,
        classes=classes,
        y=y,
        study=study,
        study_column=column,
        votes=study if condition is None else np.char.add(study.astype(str), condition),
        years=ontology.years(subset.obs, label_column)
        if target == "age"
        else np.full(len(rows), np.nan),
        group_column=group_column,
        strangers=expression.subset(np.flatnonzero(strange)) if strange.any() else None,
        subclasses=_subclasses(subset.obs, target, subclasses, y, minimum_samples),
        batch=_batches(subset.obs, batch_column),
    )


def _frequent(names: np.ndarray, target: str, minimum: int) -> list[str]:
    """Return the classes with enough samples, and say which have too few."""
    found, counts = np.unique(names[names != ""].astype(str), return_counts=True)
    rare = found[counts < minimum]
    if len(rare):
        get_logger().warning(
            "%s: %d classes with fewer than %d samples are left out: %s",
            target,
            len(rare),
            minimum,
            ", ".join(rare[:10]),
        )
    return [str(name) for name in found[counts >= minimum]]


def _batches(obs: Any, column: str | None) -> np.ndarray | None:
    """Return the batch of each sample, ``(n_samples,)`` of str, '' where it is not known.

    Raises
    ------
    DataError
        There are too few batches to differ, or so many that their differences are the data.
    """
    if column is None:
        return None
    batch: np.ndarray = splits.keys(obs, column, "--batch").astype(str)
    names = np.unique(batch[batch != ""])
    if not 2 <= len(names) <= MAXIMUM_BATCHES:
        raise DataError(
            f"--batch {column}: {len(names)} values among the labelled samples; give a column "
            f"with 2 to {MAXIMUM_BATCHES}, as each takes out one direction"
        )
    get_logger().info("what %d batches by '%s' differ in is to tell nothing", len(names), column)
    return batch


def _subclasses(
    obs: Any, target: str, wanted: str, y: np.ndarray, minimum: int
) -> Subclasses | None:
    column: str | None = wanted
    if wanted == AUTO:
        column = ontology.find_column(obs, "tissue") if target == "tissue_group" else None
    if column is None or wanted == OFF:
        return None
    splits.keys(obs, column, "--subclasses")  # complains if it is not there
    # cleaned as tissues are: of other columns this unites spellings, no more
    found = find_subclasses(ontology.labels(obs, "tissue", column), y, minimum)
    get_logger().info(
        "%d subclasses of %d classes by '%s'", len(found.of_class), len(set(y)), column
    )
    return found


def _strangers(expression: Expression, wanted: tuple[str, str] | None) -> np.ndarray:
    """Tell which samples, ``(n_samples,)`` of bool, are none of the classes."""
    if wanted is None:
        return np.zeros(len(expression.samples), dtype=bool)
    column, value = wanted
    strange: np.ndarray = splits.keys(expression.obs, column, "--strangers") == value
    if not strange.any():
        raise DataError(
            f"--strangers {column}={value}: no sample has this value: check the spelling"
        )
    get_logger().info(
        "%d samples whose %s is %s are taken for none of the classes", strange.sum(), column, value
    )
    return strange


def _too_few(
    expression: Expression, target: str, column: str | None, classes: list[str], minimum: int
) -> str:
    _, found = ontology.label_source(expression.obs, target, column)
    if found is None:
        columns = ", ".join(map(str, expression.obs.columns[:20])) or "none"
        return (
            f"target {target}: no metadata column holds it (columns: {columns}): name one with "
            f"--label-column, or give normalise the --metadata"
        )
    had = f" ({classes[0]})" if classes else ""
    return (
        f"target {target}: {len(classes)} classes with {minimum} labelled samples or more{had}, "
        f"two are needed: check column '{found}', or lower --min-samples"
    )


def study_units(obs: Any, group_column: str | None) -> tuple[np.ndarray, str]:
    """Return what counts once in figures and weights: the group column, else studies, else sites.

    Without any of them all samples are one study.
    """
    column = group_column or splits.first_column(obs, splits.STUDY_COLUMNS + splits.SITE_COLUMNS)
    if column is None:
        return np.full(len(obs), "all", dtype=object), "none"
    return splits.keys(obs, column), column
