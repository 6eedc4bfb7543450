"""The targets and their vocabulary: classes, term ids, and how a label in metadata becomes a class.

Terms: UBERON for tissues, PATO for sex, HsapDv for developmental stages, as CELLxGENE has them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from .errors import DataError, UsageError
from .log import get_logger
from .targets import TARGETS

if TYPE_CHECKING:
    import pandas as pd

YEARS = "age_years"

BLANKS = frozenset(
    {
        "",
        "na",
        "n/a",
        "nan",
        "none",
        "null",
        "unknown",
        "not available",
        "not applicable",
        "not collected",
        "not reported",
        "not provided",
        "missing",
        "unspecified",
        "undetermined",
        "-",
        "--",
        "?",
    }
)

SEXES = {
    "female": ("PATO:0000383", ("female", "f", "woman", "w", "girl")),
    "male": ("PATO:0000384", ("male", "m", "man", "boy")),
}


@dataclass(frozen=True)
class AgeGroup:
    """An age group: years from `lower` (included) to `upper`, and its HsapDv term."""

    name: str
    lower: float
    upper: float
    term_id: str


# Bins as curated expression metadata uses them. The term is the narrowest whose stage contains the
# whole bin: prenatal, paediatric and adult stage; none contains all of adolescence.
PRENATAL, PAEDIATRIC, ADULT = "HsapDv:0000045", "HsapDv:0000264", "HsapDv:0000258"
AGE_GROUPS = (
    AgeGroup("fetus", -np.inf, 0, PRENATAL),
    AgeGroup("infant", 0, 2, PAEDIATRIC),
    AgeGroup("child", 2, 10, PAEDIATRIC),
    AgeGroup("adolescent", 10, 20, ""),
    AgeGroup("adult", 20, 50, ADULT),
    AgeGroup("older adult", 50, 80, ADULT),
    AgeGroup("elderly", 80, np.inf, ADULT),
)
MINIMUM_AGE, MAXIMUM_AGE = -1, 130  # before birth, ages are negative

COLUMNS = {
    "tissue": ("tissue", "tissue_type", "organ", "body_site", "organism_part", "source_tissue"),
    "tissue_group": ("tissue_group",),
    "sex": ("sex", "gender"),
    "age": ("age_years", "age", "age_group"),
}


@dataclass(frozen=True)
class Tissue:
    """One class of the tissue vocabulary."""

    name: str
    term_id: str
    group: str


@cache
def tissues() -> dict[str, Tissue]:
    """Return the tissue vocabulary, from a lower-case label (as sources write it) to its class."""
    text = files(__package__).joinpath("data/tissues.tsv").read_text(encoding="utf-8")
    vocabulary: dict[str, Tissue] = {}
    for row in csv.DictReader(text.splitlines(), delimiter="\t"):
        tissue = Tissue(row["tissue"], row["tissue_ontology_term_id"], row["tissue_group"])
        for label in (row["source_label"], row["tissue"], row["tissue_ontology_term_id"]):
            vocabulary.setdefault(_clean(label), tissue)
    return vocabulary


def term_id(target: str, name: str) -> str:
    """Return the ontology term id of a class, or an empty string when it has none."""
    if target == "tissue":
        tissue = tissues().get(_clean(name))
        return tissue.term_id if tissue else ""
    if target == "sex":
        return SEXES[name][0] if name in SEXES else ""
    if target == "age":
        return next((group.term_id for group in AGE_GROUPS if group.name == name), "")
    return ""


def tissue_group(tissue_name: str) -> str:
    """Return the coarse group of a tissue class, or an empty string when it is not known."""
    tissue = tissues().get(_clean(tissue_name))
    return tissue.group if tissue else ""


def age_group(years: np.ndarray) -> np.ndarray:
    """Return the age group of each age.

    Parameters
    ----------
    years : numpy.ndarray
        ``(n,)``, years; NaN gives an empty string.

    Returns
    -------
    numpy.ndarray
        ``(n,)`` of str.
    """
    edges = np.array([group.upper for group in AGE_GROUPS[:-1]])
    names = np.array([group.name for group in AGE_GROUPS], dtype=object)
    found = names[np.searchsorted(edges, np.nan_to_num(years, nan=0.0), side="right")]
    return np.where(np.isnan(years), "", found)


def is_missing(cell: object) -> bool:
    """Tell whether a metadata cell is None, NaN or pandas' NA, which is neither true nor false."""
    same = cell == cell
    return cell is None or not (isinstance(same, bool | np.bool_) and same)


def is_blank(label: object) -> bool:
    """Tell whether a metadata cell says nothing."""
    return is_missing(label) or _clean(str(label)) in BLANKS


def usual_columns(obs: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the columns that bear one of `names`, in their order, case and blanks aside."""
    plain = [(str(column).strip().lower().replace(" ", "_"), column) for column in obs.columns]
    return [column for name in names for found, column in plain if found == name]


def find_column(obs: pd.DataFrame, target: str, column: str | None = None) -> str | None:
    """Return the metadata column that holds a target's labels, or None.

    Of the usual names the first that has anything in it, else the first that is there.

    Raises
    ------
    UsageError
        `column` was named and is not there.
    """
    if column is not None:
        if column not in obs.columns:
            raise UsageError(
                f"--label-column {column}: the metadata has no such column: it has "
                f"{', '.join(map(str, obs.columns[:20]))}"
            )
        return column
    usual = usual_columns(obs, COLUMNS[target])
    filled = (name for name in usual if not _is_empty(obs, name))
    return next(filled, usual[0] if usual else None)


def label_source(
    obs: pd.DataFrame, target: str, column: str | None = None
) -> tuple[str, str | None]:
    """Return the target whose labels tell those of `target`, and the column that holds them.

    It is another target's for tissue groups, which follow from the tissue where no column of
    theirs has anything in it. `column` is the one to use, as for `find_column`.
    """
    found = find_column(obs, target, column)
    if target == "tissue_group" and column is None and (found is None or _is_empty(obs, found)):
        tissue = find_column(obs, "tissue")
        if tissue is not None:
            return "tissue", tissue
    return target, found


def _is_empty(obs: pd.DataFrame, column: str) -> bool:
    return all(map(is_blank, obs[column].astype(object)))


def given(obs: pd.DataFrame, target: str, column: str | None = None) -> list[str]:
    """Return the labels as the metadata have them, '' for blanks; `column` as for `labels`."""
    _, column = label_source(obs, target, column)
    if column is None:
        return [""] * len(obs)
    return ["" if is_blank(cell) else str(cell) for cell in obs[column].astype(object)]


def labels(
    obs: pd.DataFrame,
    target: str,
    column: str | None = None,
    *,
    chosen_from: pd.DataFrame | None = None,
) -> np.ndarray:
    """Return the class of each sample for one target, empty where the metadata say nothing.

    Parameters
    ----------
    obs : pandas.DataFrame
        Metadata, one row a sample.
    target : str
        One of `TARGETS`.
    column : str, optional
        The column to use; by default what `label_source` finds.
    chosen_from : pandas.DataFrame, optional
        More rows of the same metadata, by which the column is chosen, so that the label of a sample
        does not depend on which others are looked at; by default `obs`.

    Returns
    -------
    numpy.ndarray
        ``(n_samples,)`` of str; spellings that differ in case, spaces or underscores only are one
        class.

    Raises
    ------
    DataError
        An age cannot be in years.
    UsageError
        The column is not there.
    """
    if target not in TARGETS:
        raise UsageError(f"--target {target}: not a target: choose from {', '.join(TARGETS)}")
    source, found = label_source(obs if chosen_from is None else chosen_from, target, column)
    if source != target:
        return np.array([tissue_group(name) for name in labels(obs, source, found)], dtype=object)
    if found is None:
        return np.full(len(obs), "", dtype=object)
    raw = obs[found].astype(object).to_numpy()
    if target == "age":
        return _age_labels(raw, obs.index, found)
    spellings: dict[str, str] = {}
    distinct: dict[str, str] = {}
    for label in sorted(set(map(_text, raw))):
        name = _class(target, label)
        distinct[label] = spellings.setdefault(_clean(name), name)
    if target == "sex":
        _warn_unknown(distinct, "sex", "female nor male")
    return np.array([distinct[_text(label)] for label in raw], dtype=object)


def as_classes(given: np.ndarray, classes: list[str]) -> np.ndarray:
    """Write labels as a model spells its classes.

    Parameters
    ----------
    given : numpy.ndarray
        ``(n_samples,)`` of str, what `labels` returned.
    classes : list of str
        The model's classes.

    Returns
    -------
    numpy.ndarray
        ``(n_samples,)`` of str, empty where the model has no such class.
    """
    spelling = {_clean(name): name for name in classes}
    return np.array([spelling.get(_clean(label), "") for label in given], dtype=object)


def years(obs: pd.DataFrame, column: str | None = None) -> np.ndarray:
    """Return the age of each sample in years, ``(n_samples,)``; NaN where it is not given.

    `column` is the one to use, by default the first known name.
    """
    found = find_column(obs, "age", column)
    if found is None:
        return np.full(len(obs), np.nan)
    return np.array([_years(label) for label in obs[found].astype(object)], dtype=float)


def _age_labels(raw: np.ndarray, index: pd.Index, column: str) -> np.ndarray:
    ages = np.array([_years(label) for label in raw], dtype=float)
    wrong = np.flatnonzero((ages < MINIMUM_AGE) | (ages > MAXIMUM_AGE))
    if len(wrong):
        at = wrong[0]
        raise DataError(
            f"metadata column '{column}', sample {index[at]}: an age of {raw[at]} years: give ages "
            f"in years, not in days or months, and leave unknown ones blank"
        )
    texts = list(map(_text, raw))
    groups = {group.name for group in AGE_GROUPS}
    named = {text: _clean(text) if _clean(text) in groups else "" for text in set(texts)}
    numbers = {text for text, age in zip(texts, ages, strict=True) if not np.isnan(age)}
    _warn_unknown(
        {text: name for text, name in named.items() if text not in numbers},
        "age",
        f"years nor one of {', '.join(group.name for group in AGE_GROUPS)}",
    )
    result = np.array([named[text] for text in texts], dtype=object)
    return np.where(np.isnan(ages), result, age_group(ages)).astype(object)


def _class(target: str, label: str) -> str:
    if is_blank(label):
        return ""
    if target == "tissue":
        tissue = tissues().get(_clean(label))
        return tissue.name if tissue else label.strip()
    if target == "sex":
        clean = _clean(label)
        return next((name for name, (_, words) in SEXES.items() if clean in words), "")
    groups = {_clean(tissue.group): tissue.group for tissue in tissues().values()}
    return groups.get(_clean(label), label.strip())


def _warn_unknown(distinct: dict[str, str], what: str, expected: str) -> None:
    unknown = sorted(label for label, name in distinct.items() if not name and not is_blank(label))
    if unknown:
        get_logger().warning(
            "%s: %d labels are neither %s, and count as blank: %s",
            what,
            len(unknown),
            expected,
            ", ".join(unknown[:5]),
        )


def _years(label: object) -> float:
    try:
        return float(str(label))
    except ValueError:
        return float("nan")


def _text(label: object) -> str:
    return "" if is_missing(label) else str(label)


def _clean(label: str) -> str:
    return re.sub(r"[\s_]+", " ", label.strip().lower())
