"""Plots of the figures in ``METRICS.json``, each as SVG and PNG."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...log import get_logger
from ..names import file_stem
from .accuracy import accuracy_figure, overview_figure
from .confusion import confusion_figure
from .reliability import reliability_figure
from .risk_coverage import risk_coverage_figure
from .studies import studies_figure
from .style import png, save

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Results = list[dict[str, Any]]


def write_plots(report: dict[str, Any], folder: Path) -> None:
    """Draw all plots of a report.

    Parameters
    ----------
    report : dict
        Content of ``METRICS.json``.
    folder : pathlib.Path
        An existing folder; files of the same name are replaced.
    """
    n = 0
    for stem, figure in _figures(report):
        save(figure, folder, stem)
        n += 1
    get_logger().info("%d plots are in %s", n, folder)


def _figures(report: dict[str, Any]) -> Iterator[tuple[str, Figure]]:
    precision = report["settings"]["precision"]
    for target, of_target in by(report["results"], "target").items():
        yield file_stem(target, "accuracy"), accuracy_figure(of_target)
        for scheme, results in by(of_target, "scheme").items():
            yield file_stem(target, scheme, "studies"), studies_figure(results)
            if results[0]["kind"] == "years":
                continue
            best = best_of(results)
            yield (file_stem(target, scheme, best["model"], "confusion"), confusion_figure(best))
            yield file_stem(target, scheme, "reliability"), reliability_figure(results)
            yield (
                file_stem(target, scheme, "risk_coverage"),
                risk_coverage_figure(results, precision),
            )


def overview_png(report: dict[str, Any]) -> bytes:
    """Draw the headlines of all targets as one PNG."""
    figure = overview_figure(by(report["results"], "target"))
    return png(figure)


def by(results: Results, key: str) -> dict[str, Results]:
    """Group results by target or scheme, in the order that they come in."""
    groups: dict[str, Results] = {}
    for result in results:
        groups.setdefault(result[key], []).append(result)
    return groups


def best_of(results: Results) -> dict[str, Any]:
    """Return the learner whose classes are right most often, each study counting once."""
    return max(results, key=lambda result: result["metrics"]["accuracy_by_study"])
