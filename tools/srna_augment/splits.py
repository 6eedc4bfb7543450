"""Folds that never cut a patient or subject in two, and whole studies or sites when asked to."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from . import ontology
from .errors import DataError, UsageError
from .log import get_logger

if TYPE_CHECKING:
    import pandas as pd

# Schemes that cut all samples into folds, and all schemes.
FOLDED = ("random", "group", "site")
SCHEMES = (*FOLDED, "transfer")
SUBJECT_COLUMNS = ("patient_id", "subject_id", "patient", "subject", "donor_id", "donor")
STUDY_COLUMNS = ("study", "study_id", "study_accession", "dataset", "series", "project")
CONDITION_COLUMNS = ("condition", "disease_state", "disease", "is_normal", "sample_type")
SITE_COLUMNS = ("site", "tss", "center", "centre", "laboratory", "lab", "batch")


def first_column(obs: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    """Return the first of `names` that is a column of `obs` with something in it, or None."""
    usual = ontology.usual_columns(obs, names)
    return next((column for column in usual if (keys(obs, column) != "").any()), None)


def keys(obs: pd.DataFrame, column: str, option: str = "--group") -> np.ndarray:
    """Return a column as ``(n_samples,)`` of str, empty where nothing is given.

    `option` is what named it, for the message.

    Raises
    ------
    UsageError
        The column is not there.
    """
    if column not in obs.columns:
        raise UsageError(
            f"{option} {column}: the metadata has no such column: it has "
            f"{', '.join(map(str, obs.columns[:20]))}"
        )
    values = obs[column].astype(object)
    texts = ["" if ontology.is_missing(value) else str(value).strip() for value in values]
    return np.array(texts, dtype=object)


def subjects(obs: pd.DataFrame) -> np.ndarray:
    """Return who each sample is from, ``(n_samples,)`` of str; a sample of nobody is its own."""
    return _subjects(obs)[0]


def _subjects(obs: pd.DataFrame) -> tuple[np.ndarray, str]:
    """Return who each sample is from, and the column that says so."""
    own = np.array([f"sample {name}" for name in obs.index], dtype=object)
    for column in ontology.usual_columns(obs, SUBJECT_COLUMNS):
        named = keys(obs, column)
        # "unknown" is no person; of sites and studies, "NA" may be a code
        known = np.array([not ontology.is_blank(name) for name in named], dtype=bool)
        if known.any():
            return np.where(known, named, own), column
    return own, "sample"


def groups(obs: pd.DataFrame, scheme: str, column: str | None = None) -> tuple[np.ndarray, str]:
    """Return what a scheme leaves out as a whole, and the column that it came from.

    Parameters
    ----------
    obs : pandas.DataFrame
        Metadata, one row a sample.
    scheme : {"random", "group", "site"}
        ``random`` leaves out subjects, ``group`` studies (or `column`), ``site`` sites.
    column : str, optional
        The column of ``group``.

    Returns
    -------
    keys : numpy.ndarray
        ``(n_samples,)`` of str. Samples that share a key *or a subject* share a unit.
    column : str
        What the keys are, for the log and the card.

    Raises
    ------
    UsageError
        No column tells groups or sites.
    DataError
        Subjects link all groups into one.
    """
    people, person_column = _subjects(obs)
    if scheme == "random":
        return people, person_column
    if scheme == "site" or column is None:
        wanted = SITE_COLUMNS if scheme == "site" else STUDY_COLUMNS
        found = first_column(obs, wanted)
        if found is None:
            raise UsageError(
                f"--scheme {scheme}: the metadata has none of the columns {', '.join(wanted)}: "
                f"name the column with --group, or use --scheme random"
            )
        column = found
    named = keys(obs, column)
    apart = np.where(named == "", people, named)
    units = _join(apart, people)
    if len(set(units)) == 1 < len(set(apart)):
        raise DataError(
            f"subjects link all {len(set(apart))} groups of column '{column}' into one, by column "
            f"'{person_column}': write ids of subjects that are unique over studies, or use "
            f"--scheme random"
        )
    return units, column


def conditions(obs: pd.DataFrame, column: str | None = None) -> np.ndarray | None:
    """Return what differs between the samples of one study and class, ``(n_samples,)`` of str.

    Tumours and normal tissue, for instance, so that the many do not outvote the few.

    Parameters
    ----------
    obs : pandas.DataFrame
        Metadata, one row a sample.
    column : str, optional
        The column; by default the first of `CONDITION_COLUMNS` that is there. None without one.

    Raises
    ------
    UsageError
        The named column is not there.
    """
    found = column or first_column(obs, CONDITION_COLUMNS)
    if found is None:
        return None
    return np.array([f", {found} {value}" for value in keys(obs, found, "--condition")])


def _join(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Give one key to samples that are linked by either key, directly or through others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    names, a = np.unique(first.astype(str), return_inverse=True)
    _, b = np.unique(second.astype(str), return_inverse=True)
    n = len(names) + b.max(initial=-1) + 1
    edges = coo_array((np.ones(len(a)), (a, b + len(names))), shape=(n, n))
    component = connected_components(edges, directed=False)[1][a]
    # name a component after the first key in it, so that logs and tables stay readable
    _, index, inverse = np.unique(component, return_index=True, return_inverse=True)
    return first[index][inverse]


def folds(classes: np.ndarray, units: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Cut samples into folds, units whole, classes spread as evenly as the units allow.

    Parameters
    ----------
    classes : numpy.ndarray
        ``(n_samples,)`` of str.
    units : numpy.ndarray
        ``(n_samples,)`` of str, what must not be cut.
    n_folds : int
        How many; with as many as there are units or more, each is left out by itself; fewer when
        there are fewer samples of every class.
    seed : int
        Seed of the shuffling.

    Returns
    -------
    numpy.ndarray
        ``(n_samples,)`` of int, the fold that each sample is tested in.

    Raises
    ------
    DataError
        There is only one unit, or one sample a class.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    names, unit = np.unique(units.astype(str), return_inverse=True)
    if len(names) < 2:
        raise DataError(
            f"cross-validation needs two or more groups to leave out, and all labelled samples are "
            f"from '{names[0] if len(names) else ''}': use --scheme random or none"
        )
    largest = int(np.unique(classes.astype(str), return_counts=True)[1].max())
    if largest < 2:
        raise DataError(
            "cross-validation needs a class with two labelled samples or more: label more samples, "
            "or use --scheme none"
        )
    alone = n_folds >= len(names)
    possible = len(names) if alone else min(len(names), largest)
    if possible < n_folds:
        get_logger().info(
            "folds: %d, not %d: there are %d groups to leave out, and %d samples in the largest "
            "class",
            possible,
            n_folds,
            len(names),
            largest,
        )
        n_folds = possible
    if alone:  # stratified folds might put two units together
        return unit
    fold = np.empty(len(classes), dtype=int)
    # Units larger than a fold have one each: whatever shared a fold with the largest study would be
    # predicted by a model that lacks most of the data, which says nothing about that study.
    size = np.bincount(unit)
    large = np.flatnonzero(size * n_folds > len(classes))[: n_folds - 1]
    for number, one in enumerate(large):
        fold[unit == one] = number
    rest = np.flatnonzero(~np.isin(unit, large))
    of_rest = np.unique(classes[rest].astype(str), return_counts=True)[1]
    n_rest = min(n_folds - len(large), len(set(unit[rest])), int(of_rest.max()))
    if n_rest < 2:
        fold[rest] = len(large)
        return fold
    splitter = StratifiedGroupKFold(n_rest, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # a class with fewer samples than folds is a fact of these data, and is counted in evaluate
        warnings.simplefilter("ignore", UserWarning)
        pairs = splitter.split(np.zeros(len(rest)), classes[rest].astype(str), unit[rest])
        for number, (_, test) in enumerate(pairs):
            fold[rest[test]] = len(large) + number
    return np.unique(fold, return_inverse=True)[1]  # a fold may have got no unit
