"""Pictures of what decides: classes x sRNAs, and bars for single samples; also for MultiQC."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files import atomic_output
from ..metrics.names import TARGETS
from ..metrics.plots.style import GREY, LARGE, NORMAL, PALE, SMALL, new_figure, png, save, tidy
from .summary import ClassSummary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL_INCHES = 0.2
MAXIMUM_COLUMNS = 90
BARS = 10
ID_CHARACTERS = 34
# A title's line over each column of pictures.
TITLE_CHARACTERS = 36
# Cells that speak against a class by so much of the full colour get a minus sign.
MARKED = 0.12
# Red and blue of ColorBrewer's RdBu, told apart by colour-blind readers
FOR, AGAINST = "#B2182B", "#2166AC"
SECTION_PARENT = {
    "parent_id": "srna_deeplift",
    "parent_name": "Why: the sRNAs that decide",
    "parent_description": (
        "DeepLIFT splits what the network says for a class into contributions of single sRNAs, "
        "measured from a reference; contributions of a sample add up to the difference of its "
        "logit from that of the reference. A forest is asked by shuffling one sRNA at a time among "
        "samples that it was not trained on. Red speaks for the class, blue against it."
    ),
}


@dataclass
class HeatMap:
    """Mean contributions, the part worth showing.

    Attributes
    ----------
    rows : list of str
        Classes, with the number of their samples.
    columns : list of str
        sRNAs, in the order of the classes that they decide for.
    values : numpy.ndarray
        ``(n_rows, n_columns)``, logits.
    """

    rows: list[str]
    columns: list[str]
    values: np.ndarray


@dataclass
class SampleBars:
    """What decides for one sample.

    Attributes
    ----------
    sample, name : str
        Its id and the class explained.
    features : list of str
        The features with the largest contributions, the largest first.
    contributions : numpy.ndarray
        ``(n_features,)``, logits.
    rest : float
        The sum of all other contributions.
    """

    sample: str
    name: str
    features: list[str]
    contributions: np.ndarray
    rest: float


def heat_map(
    summaries: list[ClassSummary],
    names: list[str],
    features: list[str],
    *,
    by_size: bool = False,
) -> HeatMap:
    """Choose the first few sRNAs of each class, as many as fit.

    Parameters
    ----------
    summaries : list of ClassSummary
        One a row.
    names : list of str
        What each row is called.
    features : list of str
        All features.
    by_size : bool
        Take those against, too: see `ClassSummary.ranked`.
    """
    each = max(1, min(5, MAXIMUM_COLUMNS // max(len(summaries), 1)))
    columns: list[int] = []
    for summary in summaries:
        first = [int(i) for i in summary.ranked(by_size)[:each] if by_size or summary.mean[i] > 0]
        columns += [i for i in first if i not in columns]
    columns = columns[:MAXIMUM_COLUMNS]
    values = np.array([summary.mean[columns] for summary in summaries])
    return HeatMap(
        [f"{name} ({s.n_samples:,})" for name, s in zip(names, summaries, strict=True)],
        [features[i] for i in columns], values.reshape(len(summaries), len(columns)),
    )  # fmt: skip


def sample_bars(
    sample: str, name: str, features: list[str], contributions: np.ndarray
) -> SampleBars:
    """Choose the largest contributions, for and against, of a sample ``(n_features,)``."""
    order = np.argsort(-np.abs(contributions), kind="stable")[:BARS]
    return SampleBars(
        sample, name, [features[i] for i in order], contributions[order],
        float(contributions.sum() - contributions[order].sum()),
    )  # fmt: skip


def shortened(name: str) -> str:
    """Cut the beginning of a long id, whose end tells samples apart."""
    return name if len(name) <= ID_CHARACTERS else f"…{name[1 - ID_CHARACTERS :]}"


def colour_limit(values: np.ndarray) -> float:
    """Return the contribution that gets the full colour; a few cells may lie beyond it."""
    return float(np.quantile(np.abs(values), 0.99)) or 1.0 if values.size else 1.0


def heat_map_figure(shown: HeatMap, title: str, unit: str) -> Figure:
    """Draw classes x sRNAs: red speaks for the class, blue against it."""
    n_rows, n_columns = shown.values.shape
    width = max(CELL_INCHES * n_columns + 3.4, 5.5)
    height = max(CELL_INCHES * n_rows + 2.4, 3.2)
    figure = new_figure(width, height)
    axes = figure.add_subplot()
    limit = colour_limit(shown.values)
    image = axes.imshow(shown.values, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    for row, column in np.argwhere(shown.values < -MARKED * limit):
        # in greyscale red and blue look alike
        dark = shown.values[row, column] < -0.6 * limit
        colour = "white" if dark else "black"
        axes.text(column, row, "−", ha="center", va="center", fontsize=SMALL, color=colour)
    axes.set_xticks(range(n_columns), shown.columns, rotation=90, fontsize=SMALL)
    axes.set_yticks(range(n_rows), shown.rows, fontsize=NORMAL)
    axes.set_xticks(np.arange(n_columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(n_rows + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=PALE, linewidth=0.4)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=LARGE, loc="left")
    bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=20, pad=0.01, extend="both")
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL, color=GREY)
    bar.set_label(f"mean contribution ({unit})", fontsize=NORMAL)
    return figure


def bars_figure(samples: list[SampleBars], title: str, unit: str) -> Figure:
    """Draw the largest contributions of a few samples side by side."""
    n_columns = min(3, max(1, len(samples)))
    n_rows = -(-len(samples) // n_columns)
    heading = fill(f"{title}; in {unit}", TITLE_CHARACTERS * n_columns)
    figure = new_figure(3.6 * n_columns, 2.5 * n_rows + 0.3 + 0.2 * len(heading.splitlines()))
    for place, sample in enumerate(samples, start=1):
        axes = figure.add_subplot(n_rows, n_columns, place)
        values = sample.contributions
        colours = [FOR if value > 0 else AGAINST for value in values]
        axes.barh(range(len(values)), values, color=colours, height=0.75)
        axes.set_yticks(range(len(values)), sample.features)
        axes.invert_yaxis()
        axes.axvline(0, color=GREY, linewidth=0.8)
        tidy(axes, grid="x")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0, labelsize=SMALL)
        axes.tick_params(axis="x", labelsize=SMALL)
        total = values.sum() + sample.rest
        name = f"{sample.name} {total:+.2f}\n{shortened(sample.sample)}"
        axes.set_title(name, fontsize=NORMAL, loc="left")
        # As a bar, the sum of so many small ones would dwarf those that can be named.
        axes.set_xlabel(f"all others {sample.rest:+.2f}", fontsize=SMALL, color=GREY, loc="right")
    figure.suptitle(heading, fontsize=LARGE, x=0.01, ha="left")
    return figure


def write_plots(
    folder: Path, target: str, shown: HeatMap, samples: list[SampleBars], method: str, unit: str
) -> None:
    """Write ``<target>.classes`` and ``<target>.samples``, each as SVG and PNG.

    Parameters
    ----------
    folder : pathlib.Path
        An existing folder.
    target : str
        For titles and names.
    shown : HeatMap
        Left out when it has no cell.
    samples : list of SampleBars
        Left out when empty.
    method : str
        Rule, reference: the second line of each title.
    unit : str
        Of contributions, in the plural.
    """
    if shown.values.size:
        title = f"{target}: the sRNAs that decide\n{method}"
        save(heat_map_figure(shown, title, unit), folder, f"{target}.classes")
    if samples:
        title = f"{target}: single samples\n{method}"
        save(bars_figure(samples, title, unit), folder, f"{target}.samples")


def write_sections(
    folder: Path,
    target: str,
    shown: HeatMap,
    samples: list[SampleBars],
    method: str,
    unit: str,
    stays: str = "",
) -> None:
    """Write sections of a MultiQC report, ``srna_deeplift_<target>*_mqc.json``.

    Parameters
    ----------
    folder, target, shown, samples, method, unit
        As in `write_plots`.
    stays : str
        A sentence on whether other models say the same; may be empty.
    """
    sections: dict[str, dict[str, Any]] = {}
    if shown.values.size:
        name = f"srna_deeplift_{target}"
        sections[name] = _heat_map_section(name, f"{target}: contributions", shown, unit) | {
            "section_name": f"{_numbered(target)}: classes",
            "description": f"Mean over studies; {method}. {stays}".rstrip(),
        }
    if samples:
        picture = base64.b64encode(png(bars_figure(samples, method, unit))).decode("ascii")
        sections[f"srna_deeplift_{target}_samples"] = SECTION_PARENT | {
            "section_name": f"{_numbered(target)}: single samples",
            "description": f"The {BARS} largest contributions of one sample of each class.",
            "plot_type": "image",
            "data": (
                '<div class="mqc-custom-content-image"><img style="max-width:100%" '
                f'alt="Largest contributions of single samples" '
                f'src="data:image/png;base64,{picture}" /></div>'
            ),
        }  # fmt: skip
    _write_json(folder, sections)


def write_importance(folder: Path, target: str, shown: HeatMap, left_out: str) -> None:
    """Write what a forest looks at as a section, ``srna_importance_<target>_mqc.json``.

    Parameters
    ----------
    folder : pathlib.Path
        An existing folder.
    target : str
        For titles and names.
    shown : HeatMap
        Lost votes, as shares; nothing is written when it has no cell.
    left_out : str
        What the folds left out, in words.
    """
    if not shown.values.size:
        return
    name = f"srna_importance_{target}"
    section = _heat_map_section(name, f"{target}: votes lost", shown, "share of votes") | {
        "section_name": f"{_numbered(target)}: forest",
        "description": (
            "Votes for the true class that the random forest loses when one sRNA is shuffled among "
            f"samples that it was not trained on, mean over studies; {left_out}."
        ),
    }
    _write_json(folder, {name: section})


def _numbered(target: str) -> str:
    """Return a target with its place in front, since MultiQC sorts sections by name."""
    return f"{TARGETS.index(target) + 1}. {target}" if target in TARGETS else target


def _heat_map_section(name: str, title: str, shown: HeatMap, unit: str) -> dict[str, Any]:
    limit = colour_limit(shown.values)
    return SECTION_PARENT | {
        "plot_type": "heatmap",
        "pconfig": {
            "id": f"{name}_plot", "title": title, "xlab": "sRNA", "ylab": "class", "zlab": unit,
            "min": -limit, "max": limit, "square": False, "xcats_samples": False,
            "ycats_samples": False, "cluster_rows": False, "cluster_cols": False,
            "tt_decimals": 3, "display_values": False, "series_label": "classes",
            "colstops": [[0, AGAINST], [0.5, "#f7f7f7"], [1, FOR]],
        },
        "xcats": shown.columns, "ycats": shown.rows, "data": shown.values.round(4).tolist(),
    }  # fmt: skip


def _write_json(folder: Path, sections: dict[str, dict[str, Any]]) -> None:
    for name, section in sections.items():
        with atomic_output(folder / f"{name}_mqc.json") as temporary:
            text = json.dumps({"id": name, **section}, ensure_ascii=False)
            temporary.write_text(text + "\n", encoding="utf-8")
