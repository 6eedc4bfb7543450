"""How good each learner is in each study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..names import learner_words, scheme_words
from .style import GREY, LARGE, NORMAL, PALE, SMALL, learner_style, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_STUDIES = 40
ROW_INCHES = 0.22
# rows apart, so that equal learners do not hide each other
DODGE = 0.13
LONGEST_NAME = 34


def studies_figure(results: list[dict[str, Any]]) -> Figure:
    """Draw a dot for each study and learner, hard studies at the top.

    Where there are more than `MOST_STUDIES`, the largest are drawn and the title says so.

    Parameters
    ----------
    results : list of dict
        Elements of ``results`` in ``METRICS.json``, of one target and scheme.
    """
    years = results[0]["kind"] == "years"
    figure_name = "mae" if years else "accuracy"
    first = results[0]["per_study"]
    largest = sorted(first, key=lambda row: (-row["n"], row["study"]))[:MOST_STUDIES]
    hardest = sorted(
        largest, key=lambda row: (-row[figure_name] if years else row[figure_name], row["study"])
    )
    place = {row["study"]: y for y, row in enumerate(hardest)}

    figure = new_figure(6.8, ROW_INCHES * len(place) + 1.7)
    axes = figure.add_subplot()
    axes.hlines(
        list(place.values()),
        0,
        1,
        transform=axes.get_yaxis_transform(),
        color=PALE,
        linewidth=0.6,
        zorder=1,
    )
    # the first learner is drawn last: where dots coincide it is the one to be seen
    for i, result in reversed(list(enumerate(results))):
        colour, marker = learner_style(result["model"])
        rows = [row for row in result["per_study"] if row["study"] in place]
        axes.plot(
            [row[figure_name] for row in rows],
            [place[row["study"]] + DODGE * (i - (len(results) - 1) / 2) for row in rows],
            marker,
            color=colour,
            markersize=5,
            markeredgecolor="white",
            markeredgewidth=0.6,
            linestyle="none",
            label=learner_words(result["model"]),
            clip_on=False,
            alpha=0.9,
            zorder=3,
        )
        axes.axvline(
            result["metrics"][result["headline"]],
            color=colour,
            linewidth=1,
            alpha=0.6,
            zorder=2,
        )
    axes.set_yticks(
        list(place.values()), [f"{_short(row['study'])} ({row['n']:,})" for row in hardest]
    )
    axes.set_ylim(len(place) - 0.4, -0.6)
    tidy(axes, grid="x")
    axes.tick_params(axis="y", labelsize=SMALL if len(place) > MOST_STUDIES // 2 else NORMAL)
    axes.set_xlabel("mean error in years" if years else "accuracy within the study", fontsize=LARGE)
    axes.set_ylabel(f"{results[0]['study_unit']} (samples)", fontsize=LARGE, color=GREY)
    if years:
        axes.set_xlim(left=0)
    else:
        axes.set_xlim(0, 1)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles[::-1],
        labels[::-1],
        loc="outside lower center",
        ncols=min(len(results), 5),
        frameon=False,
        fontsize=NORMAL,
        columnspacing=1.2,
        handletextpad=0.2,
    )
    shown = "" if len(place) == len(first) else f"; the {len(place)} largest of {len(first):,}"
    figure.suptitle(
        f"{results[0]['target']}, {scheme_words(results[0]['scheme'])}: every study{shown}\n"
        f"(lines: mean over all studies)",
        fontsize=LARGE,
    )
    return figure


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
