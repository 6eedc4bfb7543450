"""The answers as tables: what decides for each class, for each sample, and whether it stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from ..files import atomic_output
from .stability import Stability
from .summary import TOP, ClassSummary

CLASS_COLUMNS = (
    "target", "class", "samples_of", "n_samples", "n_studies", "rank", "feature", "mean", "sd",
    "share_positive", f"share_top{TOP}", "studies_positive", f"studies_top{TOP}", "difference",
)  # fmt: skip
SAMPLE_COLUMNS = (
    "sample_id", "target", "class", "predicted", "truth", "delta", "rank", "feature",
    "contribution", "expression", "training_mean",
)  # fmt: skip
STABILITY_COLUMNS = (
    "target", "class", "n_models", "rank_correlation", f"kept_of_top{TOP}",
    f"least_kept_of_top{TOP}", "always_top",
)  # fmt: skip


def write_table(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Write a TSV, whole or not at all."""
    with atomic_output(path) as temporary, temporary.open("w", encoding="utf-8") as handle:
        handle.write("\t".join(columns) + "\n")
        handle.writelines("\t".join(row) + "\n" for row in rows)


def class_rows(
    target: str,
    names: tuple[list[str], list[str]],
    features: list[str],
    summaries: list[ClassSummary],
    differences: list[np.ndarray],
    top: int,
    *,
    by_size: bool = False,
) -> Iterator[tuple[str, ...]]:
    """Give the first `top` features of each class (0: all), by mean contribution.

    Parameters
    ----------
    names : tuple of list of str
        Classes that are explained, and classes of the samples.
    differences : list of numpy.ndarray
        For each summary ``(n_features,)``: how much higher the samples' expression is than that of
        the training samples; NaN: not reported.
    by_size : bool
        Rank by the size of the mean: see `ClassSummary.ranked`.
    """
    classes, groups = names
    for summary, difference in zip(summaries, differences, strict=True):
        order = summary.ranked(by_size)
        for rank, i in enumerate(order[: top or len(order)], start=1):
            yield (
                target, classes[summary.explained], groups[summary.group],
                str(summary.n_samples), str(summary.n_studies), str(rank), features[i],
                f"{summary.mean[i]:.5g}", f"{summary.sd[i]:.5g}",
                f"{summary.share_positive[i]:.3f}", f"{summary.share_top[i]:.3f}",
                str(summary.studies_positive[i]), str(summary.studies_top[i]),
                "" if np.isnan(difference[i]) else f"{difference[i]:.3g}",
            )  # fmt: skip


def sample_rows(
    target: str,
    sample: str,
    labels: tuple[str, str, str],
    delta: float,
    features: list[str],
    contributions: np.ndarray,
    expression: np.ndarray,
    profile: np.ndarray,
    top: int,
) -> Iterator[tuple[str, ...]]:
    """Give the first `top` features of a sample (0: all), by size of the contribution.

    Parameters
    ----------
    labels : tuple of str
        Class explained, class predicted, class of the metadata (empty: none).
    contributions : numpy.ndarray
        ``(n_features,)``, logits.
    expression, profile : numpy.ndarray
        ``(n_features,)``, in the units of the normalisation: the sample's (NaN: not reported) and
        the mean of the training samples.
    """
    order = np.argsort(-np.abs(contributions), kind="stable")
    explained, predicted, truth = labels
    for rank, i in enumerate(order[: top or len(order)], start=1):
        yield (
            sample, target, explained, predicted, truth, f"{delta:.3g}", str(rank), features[i],
            f"{contributions[i]:.5g}",
            "" if np.isnan(expression[i]) else f"{expression[i]:.4g}", f"{profile[i]:.4g}",
        )  # fmt: skip


def stability_row(target: str, name: str, features: list[str], found: Stability) -> tuple[str, ...]:
    """Give the stability of one class."""
    return (
        target, name, str(found.n_models), f"{found.rank_correlation:.3f}", f"{found.kept:g}",
        f"{found.least_kept:g}", "|".join(features[i] for i in found.always_top),
    )  # fmt: skip
