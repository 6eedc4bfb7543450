"""How good each learner is under each scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..names import LEARNERS, SCHEMES, learner_words, ordered, scheme_words
from .style import LARGE, NORMAL, SMALL, new_figure, scheme_style, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEARNER_INCHES = 0.5
HEADLINES = {
    "accuracy_by_study": "accuracy, each study counting once",
    "mae_by_study": "mean error in years, each study counting once",
}


def accuracy_figure(results: list[dict[str, Any]]) -> Figure:
    """Draw the headline of each learner of a target, a dot with its interval for each scheme.

    Parameters
    ----------
    results : list of dict
        Elements of ``results`` in ``METRICS.json``, of one target.
    """
    learners = ordered({result["model"] for result in results}, LEARNERS)
    figure = new_figure(6.6, LEARNER_INCHES * len(learners) + 1.5)
    axes = figure.add_subplot()
    draw_accuracy(axes, results, learners)
    axes.set_xlabel(HEADLINES[results[0]["headline"]], fontsize=LARGE)
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=2,
        frameon=False,
        fontsize=NORMAL,
    )
    figure.suptitle(f"{results[0]['target']}: learners and schemes", fontsize=LARGE)
    return figure


def overview_figure(by_target: dict[str, list[dict[str, Any]]]) -> Figure:
    """Draw the headline of all learners, a panel a target, two panels in a row.

    Parameters
    ----------
    by_target : dict of str to list of dict
        Elements of ``results`` in ``METRICS.json``.
    """
    learners = {
        target: ordered({result["model"] for result in results}, LEARNERS)
        for target, results in by_target.items()
    }
    most = max(len(names) for names in learners.values())
    columns = min(len(by_target), 2)
    rows = -(-len(by_target) // columns)
    figure = new_figure(5 * columns, rows * (LEARNER_INCHES * most + 1.2) + 0.5)
    figure.get_layout_engine().set(h_pad=0.1)  # type: ignore[union-attr,call-arg]
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    legend: dict[str, Any] = {}
    for axes, (target, results) in zip(grid, by_target.items(), strict=False):
        draw_accuracy(axes, results, learners[target])
        axes.set_title(target, fontsize=LARGE)
        axes.set_xlabel(HEADLINES[results[0]["headline"]], fontsize=NORMAL)
        handles, labels = axes.get_legend_handles_labels()
        legend |= dict(zip(labels, handles, strict=True))
    for axes in grid[len(by_target) :]:
        axes.set_visible(False)
    figure.legend(
        list(legend.values()),
        list(legend),
        loc="outside lower center",
        ncols=2,
        frameon=False,
        fontsize=NORMAL,
    )
    return figure


def draw_accuracy(axes: Axes, results: list[dict[str, Any]], learners: list[str]) -> None:
    """Draw dots and intervals into `axes`, learners from top to bottom."""
    schemes = ordered({result["scheme"] for result in results}, SCHEMES)
    spread = 0.5 / max(len(schemes), 2)
    for place, scheme in enumerate(schemes):
        colour, marker = scheme_style(scheme)
        label: str | None = f"{scheme}: {scheme_words(scheme)}"
        for result in (r for r in results if r["scheme"] == scheme):
            name = result["headline"]
            y = learners.index(result["model"]) + spread * (place - (len(schemes) - 1) / 2)
            value, ends = result["metrics"][name], result["intervals"][name]
            if ends:
                axes.hlines(y, *ends, color=colour, linewidth=2, alpha=0.55)
            axes.plot(
                value,
                y,
                marker,
                color=colour,
                markersize=6.5,
                markeredgecolor="white",
                linestyle="none",
                label=label,
                clip_on=False,
            )
            axes.annotate(
                f"{value:.2f}" if result["kind"] == "classes" else f"{value:.1f}",
                (ends[1] if ends else value, y),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=SMALL,
            )
            label = None  # one entry in the legend for each scheme
    axes.set_yticks(range(len(learners)), [learner_words(model) for model in learners])
    axes.set_ylim(len(learners) - 0.4, -0.6)
    tidy(axes, grid="x")
    if results[0]["kind"] == "classes":
        axes.set_xlim(0, 1)
    else:
        axes.set_xlim(left=0)
