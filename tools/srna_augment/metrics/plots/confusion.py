"""What is taken for what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..classification import divide
from ..names import learner_words, scheme_words
from .style import GREY, LARGE, NORMAL, PALE, SMALL, new_figure, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL_INCHES = 0.27
LABEL_INCHES = 2.3
SMALLEST_SHOWN = 0.005
DARK = 0.55


def shares(confusion: dict[str, Any]) -> tuple[list[str], list[str], np.ndarray, np.ndarray]:
    """Return the rows that have samples and the columns that are in use, as shares of the row.

    Returns
    -------
    tuple
        Classes in rows (truth), classes in columns (predicted), counts of the rows
        ``(n_rows,)``, shares ``(n_rows, n_columns)``.
    """
    counts = np.array(confusion["counts"], dtype=float)
    classes = confusion["classes"]
    rows = np.flatnonzero(counts.sum(axis=1) > 0)
    columns = np.flatnonzero((counts.sum(axis=1) > 0) | (counts.sum(axis=0) > 0))
    counts = counts[np.ix_(rows, columns)]
    sizes = counts.sum(axis=1)
    return (
        [classes[i] for i in rows],
        [classes[i] for i in columns],
        sizes.astype(int),
        divide(counts, np.broadcast_to(sizes[:, None], counts.shape)),
    )


def confusion_figure(result: dict[str, Any]) -> Figure:
    """Draw the confusion matrix of one learner, each row summing to 100 percent.

    Parameters
    ----------
    result : dict
        One element of ``results`` in ``METRICS.json``.
    """
    truth, predicted, sizes, share = shares(result["confusion"])
    width = CELL_INCHES * len(predicted) + LABEL_INCHES + 0.9
    height = CELL_INCHES * len(truth) + LABEL_INCHES + 0.4
    figure = new_figure(max(width, 4.6), max(height, 3.2))
    axes = figure.add_subplot()
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    axes.set_xticks(range(len(predicted)), predicted, rotation=90, fontsize=NORMAL)
    axes.set_yticks(
        range(len(truth)),
        [f"{name} ({n:,})" for name, n in zip(truth, sizes, strict=True)],
        fontsize=NORMAL,
    )
    axes.set_xticks(np.arange(len(predicted) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(truth) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=PALE, linewidth=0.5)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    for i, j in np.argwhere(share >= SMALLEST_SHOWN):
        axes.text(
            j,
            i,
            f"{100 * share[i, j]:.0f}",
            ha="center",
            va="center",
            fontsize=SMALL,
            color="white" if share[i, j] > DARK else "black",
        )
    axes.set_xlabel("predicted", fontsize=LARGE)
    axes.set_ylabel("truth (samples)", fontsize=LARGE)
    figure.suptitle(
        f"{result['target']}: {learner_words(result['model'])}, "
        f"{scheme_words(result['scheme'])}\npercent of each row",
        fontsize=LARGE,
    )
    bar = figure.colorbar(image, ax=axes, shrink=0.5, aspect=25, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL, color=GREY)
    bar.ax.yaxis.set_major_formatter(percent)
    return figure
