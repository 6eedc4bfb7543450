"""Does a probability mean what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..names import learner_words, scheme_words
from .style import GREY, LARGE, NORMAL, PALE, SMALL, learner_style, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANEL_INCHES = 2.35


def reliability_figure(results: list[dict[str, Any]]) -> Figure:
    """Draw a reliability diagram for each learner of a target and scheme, side by side.

    Dots lie at the mean probability and the share correct of each bin, their area grows with the
    bin's samples; bars below show how the samples spread.

    Parameters
    ----------
    results : list of dict
        Elements of ``results`` in ``METRICS.json``.
    """
    n = len(results)
    columns = 2 if n in (2, 4) else min(n, 3)
    rows = -(-n // columns)
    figure = new_figure(max(PANEL_INCHES * columns + 0.5, 4.4), PANEL_INCHES * rows + 0.9)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, result in zip(grid, results, strict=False):
        colour, _ = learner_style(result["model"])
        shown = result["reliability"]
        counts = np.array(shown["n"])
        full = counts > 0
        confidence = np.array(shown["confidence"], dtype=float)[full]
        accuracy = np.array(shown["accuracy"], dtype=float)[full]
        part = counts / counts.sum()
        edges = np.array(shown["edges"])
        axes.bar(
            edges[:-1],
            0.25 * part / part.max(),
            width=np.diff(edges),
            align="edge",
            color=PALE,
            edgecolor="white",
            linewidth=0.5,
            zorder=1,
        )
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=2)
        axes.plot(confidence, accuracy, color=colour, linewidth=1.2, zorder=3)
        axes.scatter(
            confidence,
            accuracy,
            s=12 + 90 * part[full],
            color=colour,
            edgecolor="white",
            linewidth=0.6,
            zorder=4,
            clip_on=False,
        )
        axes.set_title(
            f"{learner_words(result['model'])}, ECE {result['metrics']['ece']:.3f}",
            fontsize=NORMAL,
        )
        tidy(axes)
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
        axes.tick_params(labelsize=SMALL, labelbottom=True)
    for axes in grid[n:]:
        axes.set_visible(False)
    figure.supxlabel("probability of the predicted class", fontsize=LARGE)
    figure.supylabel("share correct", fontsize=LARGE)
    figure.suptitle(
        f"{results[0]['target']}, {scheme_words(results[0]['scheme'])}: is .8 right in 8 of 10?",
        fontsize=LARGE,
    )
    return figure
