"""Which sRNAs decided for single samples: DeepLIFT of what `augment` says of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .attribution.engine import contributions
from .model.forest import Forest
from .model.target import TargetModel

MOST = 5
REFERENCE = "mean"


@dataclass(frozen=True)
class Deciding:
    """One sRNA that spoke for the best class of a sample, or against it.

    Attributes
    ----------
    feature : str
        Its name.
    contribution : float
        What it adds to the logit of the class, against the mean of the training samples.
    difference : float
        How far it is above that mean, log2 RPM; NaN where the sample does not report it.
    """

    feature: str
    contribution: float
    difference: float


def deciding(
    model: TargetModel, values: np.ndarray, reported: np.ndarray, best: np.ndarray
) -> list[list[Deciding]]:
    """Name the sRNAs with the largest contributions to the best class of each sample.

    Parameters
    ----------
    model : TargetModel
        A model; of one that is a forest, or has no reference, nothing is said.
    values : numpy.ndarray
        ``(n_samples, n_features)``, in the model's normalisation.
    reported : numpy.ndarray
        ``(n_samples, n_features)`` of bool.
    best : numpy.ndarray
        ``(n_samples,)`` of str, the classes to explain.

    Returns
    -------
    list of list of Deciding
        Up to `MOST` a sample, the largest first; they need not be for the class.

    Notes
    -----
    Rescale rule (Shrikumar et al. 2017, section 3.5.2) on logits less their mean over the classes;
    contributions of the views of one sRNA are added up.
    """
    if isinstance(model.learner, Forest) or REFERENCE not in model.references:
        return [[] for _ in range(len(values))]
    x = model.prepare(values, model.state.features, reported)
    place = {name: k for k, name in enumerate(model.classes)}
    found = contributions(
        model.learner,
        x,
        model.references[REFERENCE],
        outputs=np.array([place[name] for name in best], dtype=np.int64),
    )
    folded = model.inputs.fold(found.values)[:, 0]
    column = {name: k for k, name in enumerate(model.state.features)}
    result = []
    for row, own in enumerate(folded):
        order = np.argsort(-np.abs(own), kind="stable")[:MOST]
        entries = []
        for k in order:
            name = model.features[k]
            at = column.get(name)
            there = at is not None and bool(reported[row, at])
            above = float(values[row, at] - model.inputs.profile[k]) if there else float("nan")
            entries.append(Deciding(name, float(own[k]), above))
        result.append(entries)
    return result
