"""What contributions are measured from: named, checked, and never a silent zero."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import DataError, UsageError
from ..files import open_text
from ..log import get_logger

if TYPE_CHECKING:
    from ..model.target import TargetModel

CLASS_PREFIX = "class:"


@dataclass
class References:
    """References of one model.

    Attributes
    ----------
    names : list of str
        As the user named them.
    values : numpy.ndarray
        ``(n_references, n_inputs)``, prepared inputs, float32. Contributions are averaged over
        the references, not the references themselves: so contributions still sum to a difference
        of logits (from the mean of the references' logits).
    """

    names: list[str]
    values: np.ndarray


def resolve(model: TargetModel, names: tuple[str, ...]) -> References:
    """Look references up in the model, or read them from files.

    Parameters
    ----------
    model : TargetModel
        Whose features and stored references count.
    names : tuple of str
        ``mean``, ``class:NAME``, or a path: a table of feature and value, or the output of
        normalise, whose samples are averaged. Values are in the units of the normalisation.

    Raises
    ------
    UsageError
        No such reference, or none was named.
    DataError
        A file cannot be used.
    """
    if not names:
        raise UsageError("--reference: name at least one: mean, class:NAME, or a file")
    values = np.stack([_one(model, name) for name in names]).astype(np.float32)
    get_logger().info("%s: reference: %s", model.target, ", ".join(names))
    return References(list(names), values)


def _one(model: TargetModel, name: str) -> np.ndarray:
    if name in model.references:
        return model.references[name]
    if name == "mean" or name.startswith(CLASS_PREFIX):
        raise UsageError(
            f"--reference {name}: the model for {model.target} has no such reference: choose from "
            f"{', '.join(model.references) or 'none, so name a file'}"
        )
    if not Path(name).is_file():
        raise UsageError(
            f"--reference {name}: neither a reference of the model ({', '.join(model.references)}) "
            "nor a file: correct the name"
        )
    features, values = _from_expression(name) if name.endswith(".h5ad") else _from_table(name)
    reported = np.isfinite(values)
    known = {feature for feature, there in zip(features, reported[0], strict=True) if there}
    found = sum(feature in known for feature in model.features)
    if not found:
        raise DataError(
            f"{name}: none of its features is one of the model's ({', '.join(model.features[:3])}, "
            "...): use the feature names of expression.h5ad"
        )
    if found < len(model.features):
        get_logger().warning(
            "%s: reference %s gives %d of %d features; the others are estimated from those",
            model.target, name, found, len(model.features),
        )  # fmt: skip
    prepared: np.ndarray = model.prepare(values, features, reported)[0]
    return prepared


def _from_expression(path: str) -> tuple[list[str], np.ndarray]:
    from ..expression import read_expression

    expression = read_expression(path)
    values = expression.values.astype(np.float64)
    there = np.isfinite(values)
    if expression.reported is not None:
        there &= expression.reported
    count = there.sum(axis=0)
    total = np.where(there, values, 0).sum(axis=0)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return expression.features, mean[None].astype(np.float32)


def _from_table(path: str) -> tuple[list[str], np.ndarray]:
    features, values = [], []
    try:
        with open_text(path) as handle:
            for number, row in enumerate(csv.reader(handle, delimiter="\t"), start=1):
                if not row or not row[0].strip():
                    continue
                try:
                    value = float(row[1])
                except (IndexError, ValueError):
                    if number == 1:
                        continue  # the header
                    raise DataError(
                        f"{path}: line {number}: expected a feature and a number with a tab "
                        "between them: correct the line"
                    ) from None
                features.append(row[0].strip())
                values.append(value)
    except UnicodeDecodeError:
        raise DataError(f"{path}: not a text table: give feature and value, tab between") from None
    if len(set(features)) < len(features):
        twice = next(name for name in features if features.count(name) > 1)
        raise DataError(f"{path}: feature {twice} is there twice: keep one of its lines")
    if not features:
        raise DataError(f"{path}: no feature in it: give lines of feature and value, tab between")
    return features, np.array([values], dtype=np.float32)
