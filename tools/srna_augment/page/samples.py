"""The annotated table as the page needs it: statuses, labels, disagreements, possible swaps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import ontology
from .markup import or_zero

if TYPE_CHECKING:
    import pandas as pd

    from ..left_out_checks import ChecksOfRows, LeftOut


@dataclass(frozen=True)
class Status:
    """How a status looks and what it means; mark and pattern tell it without colour."""

    name: str
    style: str
    mark: str
    words: str
    meaning: str


STATUSES = (
    Status(
        "called", "called", "●", "called",
        "The best class is probable enough, at least 80 %, to be written into the table. How often "
        "such calls were right where the model was tested stands on its card, below.",
    ),
    Status(
        "withheld", "withheld", "◐", "withheld",
        "Nothing is written into the table, since no class is probable enough. The class shown in "
        "italics is only the best guess; the classes that remain possible stand below it.",
    ),
    Status(
        "out_of_distribution", "novel", "◇", "unlike known samples",
        "The sample looks like nothing that the model was trained on: another tissue, another "
        "protocol, or a failed library. Take its best guess for no more than a hint.",
    ),
)  # fmt: skip
# The label's class and the predicted one, one pair a target.
Evidence = tuple[tuple[str, str], ...]
BY_NAME = {status.name: status for status in STATUSES}


class Samples:
    """The annotated table, column by column, as the page needs it."""

    def __init__(
        self,
        annotated: pd.DataFrame,
        targets: Sequence[str],
        left_out: ChecksOfRows | None = None,
        label_columns: Mapping[str, str | None] | None = None,
    ) -> None:
        self.ids = [str(name) for name in annotated.get("sample_id", annotated.index)]
        self.targets = list(targets)
        self._left_out = left_out or {}
        self._columns = {name: annotated[name].tolist() for name in annotated.columns}
        named = dict.fromkeys(targets) | dict(label_columns or {})
        self.labels = {t: ontology.given(annotated, t, named[t]) for t in targets}
        self._contradicting = self._classes(annotated, named)
        self._alike: dict[Evidence, list[int]] = {}
        for row, evidence in self._contradicting.items():
            self._alike.setdefault(evidence, []).append(row)
        self._swaps: dict[Evidence, list[int]] = {}
        # Disagreements with a call first, then other disagreements, then the rest as it came.
        self.order = sorted(range(len(self)), key=self._rank)

    def __len__(self) -> int:
        return len(self.ids)

    def _classes(
        self, annotated: pd.DataFrame, named: Mapping[str, str | None]
    ) -> dict[int, Evidence]:
        """Return the label's class and the predicted one of each target, by sample that disagrees.

        A prediction that was not called, and contradicts nothing, is no evidence: ''.
        """
        rows = [row for row in range(len(self)) if self.disagreeing(row)]
        found: dict[int, Evidence] = dict.fromkeys(rows, ())
        for target in self.targets:
            evidence = [self._evidence(row, target) for row in rows]
            labels = ontology.labels(
                annotated.iloc[rows], target, named[target], chosen_from=annotated
            )
            spelled = ontology.as_classes(labels, sorted(set(evidence)))
            for row, label, same, predicted in zip(rows, labels, spelled, evidence, strict=True):
                found[row] += ((str(same or label), predicted),)
        return found

    def _evidence(self, row: int, target: str) -> str:
        out = self.out_of_fold(row, target)
        if out is not None:
            return out.best
        counts = self.status(row, target).name == "called" or self.disagrees(row, target)
        return self.text(row, f"{target}_best") if counts else ""

    def out_of_fold(self, row: int, target: str) -> LeftOut | None:
        """Return what contradicts the label of a training sample, or None."""
        known = self._left_out.get(target, {}).get(row)
        return known if self.disagrees(row, target) else None

    def text(self, row: int, column: str) -> str:
        """Return a cell as text; empty where it is missing or the column is not there."""
        values = self._columns.get(column)
        return "" if values is None or values[row] != values[row] else str(values[row] or "")

    def number(self, row: int, column: str) -> float:
        """Return a cell as a number; NaN where it is none."""
        values = self._columns.get(column)
        try:
            return math.nan if values is None else float(values[row])
        except (TypeError, ValueError):
            return math.nan

    def status(self, row: int, target: str) -> Status:
        """Return the status of a prediction."""
        return BY_NAME.get(self.text(row, f"{target}_status"), BY_NAME["withheld"])

    def disagrees(self, row: int, target: str) -> bool:
        """Tell whether a prediction contradicts the label that was given."""
        return self.text(row, f"{target}_check") == "disagrees"

    def disagreeing(self, row: int) -> list[str]:
        """Return the targets in which a sample contradicts its labels."""
        return [target for target in self.targets if self.disagrees(row, target)]

    def _rank(self, row: int) -> tuple[int, float]:
        found = self.disagreeing(row)
        if not found:
            return 2, 0.0
        out = {target: self.out_of_fold(row, target) for target in found}
        sure = any(out[t] is not None or self.status(row, t).name == "called" for t in found)
        # of a training sample, what contradicts its label is what was said out of fold
        return (0 if sure else 1), -max(
            or_zero(self.number(row, f"{target}_probability")) if said is None else said.probability
            for target, said in out.items()
        )

    def partners(self, row: int) -> list[int]:
        """Return the samples with which a swap of labels would leave neither in disagreement."""
        return [other for other in self._fitting(self._contradicting[row]) if other != row]

    def _fitting(self, mine: Evidence) -> list[int]:
        """Return the samples that evidence would be swapped with, in order.

        Many samples have the same evidence, so that it is compared once, not by pairs of samples.
        """
        if mine not in self._swaps:
            self._swaps[mine] = sorted(
                row
                for theirs, rows in self._alike.items()
                if all(
                    _fit(b[0], a[1]) and _fit(a[0], b[1]) for a, b in zip(mine, theirs, strict=True)
                )
                for row in rows
            )
        return self._swaps[mine]


def _fit(label: str, predicted: str) -> bool:
    return label == predicted or not label or not predicted
