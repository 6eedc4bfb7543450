"""``TABLE.tsv``: the short table for people."""

from __future__ import annotations

from typing import Any

from .settings import Settings

EMPTY = ""


def table_rows(report: dict[str, Any], settings: Settings) -> list[list[str]]:
    """Lay out one line for each target, learner and scheme.

    Parameters
    ----------
    report : dict
        Content of ``METRICS.json``.
    settings : Settings
        The precision, which names a column.

    Returns
    -------
    list of list of str
        Header and rows. ``low`` and ``high`` enclose ``accuracy_by_study`` (for age in years
        ``mae_by_study``); a star in ``best`` marks the learner chosen for the target.
    """
    rows = [
        [
            "target",
            "learner",
            "scheme",
            "n",
            "studies",
            "accuracy_by_study",
            "low",
            "high",
            "accuracy",
            "balanced_accuracy",
            "ece",
            f"coverage_at_{settings.precision:g}",
            "mae_by_study",
            "best",
        ]
    ]
    for result in report["results"]:
        metrics = result["metrics"]
        low, high = result["intervals"][result["headline"]] or (None, None)
        chosen = report["best_model"][result["target"]]
        star = (chosen["model"], chosen["scheme"]) == (result["model"], result["scheme"])
        rows.append(
            [
                result["target"],
                result["model"],
                result["scheme"],
                str(result["n"]),
                str(result["n_studies"]),
                _cell(metrics.get("accuracy_by_study")),
                _cell(low),
                _cell(high),
                _cell(metrics.get("accuracy")),
                _cell(metrics.get("balanced_accuracy")),
                _cell(metrics.get("ece")),
                _cell(metrics.get("coverage_at_precision")),
                _cell(metrics.get("mae_by_study"), 2),
                "*" if star else EMPTY,
            ]
        )
    return rows


def _cell(value: float | None, digits: int = 3) -> str:
    return EMPTY if value is None else f"{value:.{digits}f}"
