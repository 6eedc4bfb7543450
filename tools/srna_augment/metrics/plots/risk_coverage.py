"""What is gained by withholding the calls that are least sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..names import learner_words, scheme_words
from .style import GREY, LARGE, NORMAL, SMALL, learner_style, new_figure, percent, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKERS = 8


def risk_coverage_figure(results: list[dict[str, Any]], precision: float) -> Figure:
    """Draw risk against coverage for the learners of a target and scheme.

    Parameters
    ----------
    results : list of dict
        Elements of ``results`` in ``METRICS.json``.
    precision : float
        Drawn as a line, at the risk that it allows.
    """
    figure = new_figure(6.2, 4.6)
    axes = figure.add_subplot()
    top = highest_risk(results, precision)
    for result in results:
        colour, marker = learner_style(result["model"])
        points = result["risk_coverage"]
        coverage, risk = np.array(points["coverage"]), np.array(points["risk"])
        above = ", above the plot" if risk.min() > top else ""
        axes.plot(
            coverage,
            risk,
            color=colour,
            marker=marker,
            markersize=5,
            linewidth=1.5,
            markeredgecolor="white",
            markeredgewidth=0.6,
            markevery=max(1, -(-len(risk) // MARKERS)),
            clip_on=True,
            label=f"{learner_words(result['model'])} "
            f"({100 * result['metrics']['coverage_at_precision']:.0f}%{above})",
        )
    axes.axhline(1 - precision, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(
        f"precision {precision:g}",
        (0, 1 - precision),
        xytext=(3, 3),
        textcoords="offset points",
        fontsize=SMALL,
        color=GREY,
    )
    tidy(axes)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, top)
    axes.xaxis.set_major_formatter(percent)
    axes.yaxis.set_major_formatter(percent)
    axes.set_xlabel("samples that get a call (coverage)", fontsize=LARGE)
    axes.set_ylabel("calls that are wrong (risk)", fontsize=LARGE)
    figure.legend(
        loc="outside lower center",
        fontsize=NORMAL,
        frameon=False,
        title_fontsize=NORMAL,
        title=f"samples that can be called at precision {precision:g}",
        ncols=2,
        columnspacing=1.2,
    )
    figure.suptitle(
        f"{results[0]['target']}, {scheme_words(results[0]['scheme'])}: calling only the sure ones",
        fontsize=LARGE,
    )
    return figure


def highest_risk(results: list[dict[str, Any]], precision: float) -> float:
    """Return the highest risk to show: the majority class would leave the others no room."""
    shown = [result for result in results if result["model"] != "majority"] or results
    highest = max(max(result["risk_coverage"]["risk"]) for result in shown)
    return min(max(1.08 * highest, 2 * (1 - precision)), 1) or 1
