"""``S.h5``: contributions of all samples, and what they were measured from (docs/deeplift.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .engine import Block
from .references import References
from .summary import ClassSummary

if TYPE_CHECKING:
    import h5py

FORMAT = "srna-augment contributions"
FORMAT_VERSION = 1
SUMMARY_ARRAYS = (
    "mean", "sd", "share_positive", "share_top", "studies_positive", "studies_top",
)  # fmt: skip


@dataclass
class Header:
    """What is known of one target's contributions before the first block.

    Attributes
    ----------
    target, learner, rule, engine, target_class, unit : str
        What was explained, by what, how, and which class of each sample.
    samples, features, classes : list of str
        Names along the axes.
    groups : list of str
        Classes that samples belong to: `classes`, but age groups where years are explained.
    truth : numpy.ndarray
        ``(n_samples,)`` of int, the group that the metadata give; -1 where they do not.
    predicted : numpy.ndarray
        ``(n_samples,)`` of int, the group that `augment` takes for best.
    references : References
        What contributions are measured from.
    n_outputs : int
        Classes explained a sample.
    """

    target: str
    learner: str
    rule: str
    engine: str
    target_class: str
    unit: str
    samples: list[str]
    features: list[str]
    classes: list[str]
    groups: list[str]
    truth: np.ndarray
    predicted: np.ndarray
    references: References
    n_outputs: int


@dataclass
class TargetWriter:
    """Writes one target, block by block."""

    group: h5py.Group
    header: Header
    largest: float = 0.0
    largest_delta: float = 0.0
    worst: int = 0
    datasets: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        header = self.header
        for name in ("learner", "rule", "engine", "target_class", "unit"):
            self.group.attrs[name] = getattr(header, name)
        write_names(self.group, "samples", header.samples)
        write_names(self.group, "features", header.features)
        write_names(self.group, "classes", header.classes)
        write_names(self.group, "groups", header.groups)
        write_names(self.group, "references/names", header.references.names)
        self.group["references/values"] = header.references.values
        self.group["truth"] = header.truth.astype(np.int32)
        self.group["predicted"] = header.predicted.astype(np.int32)
        n = len(header.samples)
        own = () if header.n_outputs == 1 else (header.n_outputs,)
        shapes = {
            "contributions": ((n, *own, len(header.features)), np.float32),
            "explained": ((n, *own), np.int32),
            "logits": ((n, len(header.classes)), np.float32),
            "delta": ((n, *own), np.float32),
        }
        for name, (shape, dtype) in shapes.items():
            self.datasets[name] = self.group.create_dataset(name, shape=shape, dtype=dtype)

    def add(self, block: Block) -> None:
        """Write a block and follow its completeness."""
        own = block.values.shape[1] == 1
        arrays = {
            "contributions": block.values, "explained": block.outputs, "delta": block.delta,
        }  # fmt: skip
        for name, array in arrays.items():
            self.datasets[name][block.rows] = array[:, 0] if own else array
        self.datasets["logits"][block.rows] = block.logits
        # two reductions, since the absolute value would be another array of this size
        self.largest = max(self.largest, float(block.values.max()), -float(block.values.min()))
        deltas = np.nan_to_num(np.abs(block.delta).max(axis=1), nan=np.inf)
        if deltas.max() > self.largest_delta:
            self.largest_delta = float(deltas.max())
            self.worst = block.rows.start + int(deltas.argmax())

    def finish(self, summaries: list[ClassSummary]) -> float:
        """Write summaries; return the largest |delta| over the largest contribution."""
        relative = self.largest_delta / max(self.largest, 1e-30)
        self.group.attrs["completeness"] = relative
        if summaries:
            place = self.group.create_group("summary")
            for name in ("explained", "group", "n_samples", "n_studies"):
                place[name] = np.array([getattr(s, name) for s in summaries], dtype=np.int32)
            for name in SUMMARY_ARRAYS:
                place[name] = np.stack([getattr(s, name) for s in summaries]).astype(np.float32)
        return relative


def write_names(group: h5py.Group, name: str, names: list[str]) -> None:
    """Write a list of names as UTF-8 strings."""
    import h5py

    group.create_dataset(name, data=np.array(names, dtype=object), dtype=h5py.string_dtype())
