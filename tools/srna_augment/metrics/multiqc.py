"""Sections of a MultiQC report: files that its custom content reads.

Ids of sections are those that ``assets/multiqc_config.yml`` puts in order.
"""

from __future__ import annotations

import base64
import json
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from .. import ontology
from ..files import atomic_output
from ..log import get_logger
from .names import file_stem, learner_words, scheme_words
from .plots import by, overview_png
from .plots.confusion import shares
from .plots.risk_coverage import highest_risk
from .plots.style import GREY, learner_style
from .studies import reasons, usual_figures

Section = dict[str, Any]

ACCURACY = {
    "parent_id": "srna_accuracy",
    "parent_name": "How often it is right",
    "parent_description": (
        "Every prediction here was made for a sample that the model had not seen in training. "
        "<em>group</em>: whole studies were left out, so this is what to expect of a laboratory "
        "that is new to the model. <em>random</em>: samples were left out at random, so the model "
        "knew other samples of the same laboratories; this flatters. In <em>accuracy per "
        "study</em> each study counts once, however many samples it has."
    ),
}
STUDIES = {
    "parent_id": "srna_studies",
    "parent_name": "Which studies fail, and why",
    "parent_description": (
        "One row a study that the chosen learner had not seen, the worst first. <em>Distance</em>: "
        "how far its samples are from the nearest class, where 1 is as far as classes are from one "
        "another or more. <em>Reported</em>: share of the features in use that its samples report; "
        "the others were filled in. What is named as a reason is a hint, found by a rule; a study "
        "may fail for none of these."
    ),
}
CONFUSION = {
    "parent_id": "srna_confusion",
    "parent_name": "What is taken for what",
    "parent_description": (
        "Rows are the truth, columns the prediction; a row adds up to 100 percent. Off the "
        "diagonal lie the mistakes. A class that only one study has cannot be known when that "
        "study is left out: its row has nothing on the diagonal."
    ),
}
COVERAGE = {
    "parent_id": "srna_risk_coverage",
    "parent_name": "Calling only the sure ones",
    "parent_description": (
        "From left to right more samples get a call, the surest first. The height is the share of "
        "those calls that are wrong. A good model stays near the bottom for long, and can be "
        "trusted there; at the right end every sample gets a call."
    ),
}
RELIABILITY = {
    "parent_id": "srna_reliability",
    "parent_name": "What a probability means",
    "parent_description": (
        "Predictions are put in bins by their probability. On the diagonal a probability means "
        "what it says: of calls at 80 percent, 80 in 100 are right. Below it the model claims too "
        "much, above it too little."
    ),
}


def write_sections(report: dict[str, Any], folder: Path) -> None:
    """Write one ``*_mqc.json`` a section.

    Parameters
    ----------
    report : dict
        Content of ``METRICS.json``.
    folder : pathlib.Path
        An existing folder; files of the same name are replaced.
    """
    sections = [summary_section(report), overview_section(report)]
    best = _headline_results(report)
    sections += [studies_section(result, place) for place, result in enumerate(best, start=1)]
    sections += [confusion_section(result, place) for place, result in enumerate(best, start=1)]
    if best:
        sections += [coverage_section(report), reliability_section(report)]
    for section in sections:
        path = folder / f"{section['id']}_mqc.json"
        with atomic_output(path) as temporary:
            temporary.write_text(json.dumps(section, ensure_ascii=False) + "\n", encoding="utf-8")
    get_logger().info("%d sections for MultiQC are in %s", len(sections), folder)


def _headline_results(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the result of the chosen learner of each target that has classes."""
    return [
        result
        for result in report["results"]
        if result["kind"] == "classes"
        and result["model"] == report["best_model"][result["target"]]["model"]
        and result["scheme"] == report["best_model"][result["target"]]["scheme"]
    ]


def _learner(model: str) -> str:
    """Return what a reader calls a learner: MultiQC takes every name for HTML."""
    return escape(learner_words(model))


def _predictor(result: dict[str, Any]) -> str:
    return f"{_learner(result['model'])}, {escape(scheme_words(result['scheme']))}"


def _shown(title: str, description: str, **more: Any) -> dict[str, Any]:
    share: dict[str, Any] = {
        "title": title,
        "description": description,
        "min": 0,
        "max": 1,
        "format": "{:,.3f}",
        "scale": "Blues",
    }
    return share | more


def summary_section(report: dict[str, Any]) -> Section:
    """Lay out the main figures as a table, a row for each target, scheme and learner."""
    precision = report["settings"]["precision"]
    level = report["settings"]["interval_level"]
    plain = {"scale": False, "format": "{:,.0f}", "max": None}
    years = {"scale": "Oranges", "format": "{:,.1f}", "max": None, "suffix": " years"}
    headers = {
        "headline": _shown("Accuracy per study", "Each study counts once"),
        "interval": {
            "title": f"{100 * level:g}% interval",
            "scale": False,
            "description": "Of the accuracy (or error in years) per study, by resampling studies",
        },
        "mae": _shown("Error", "Mean error in years, each study counts once", **years),
        "coverage": _shown(
            f"Called at {precision:g}",
            f"Share of samples that can be called with {100 * precision:g}% of the calls right",
        ),
        "ece": _shown(
            "Calibration",
            "Expected calibration error: mean gap between probability and share "
            "correct; small is good",
            scale="Oranges",
            max=0.5,
        ),
        "n": _shown("Samples", "Samples with a known truth", **plain),
        "studies": _shown("Studies", "Studies (folds where none was named)", **plain),
        "known": _shown("Known", "Accuracy per study of samples whose class training knew"),
        "accuracy": _shown("Accuracy", "Each sample counts once", hidden=True),
        "balanced": _shown("Balanced", "Balanced accuracy: each class counts once", hidden=True),
    }
    rows = {}
    for result in report["results"]:
        metrics = result["metrics"]
        ends = result["intervals"][result["headline"]]
        digits = 2 if result["kind"] == "classes" else 1
        known = result["known"]["metrics"] if "known" in result else {}
        cells = {
            "headline": metrics.get("accuracy_by_study"),
            "interval": " to ".join(f"{end:.{digits}f}" for end in ends) if ends else None,
            "accuracy": metrics.get("accuracy"),
            "balanced": metrics.get("balanced_accuracy"),
            "known": known.get("accuracy_by_study"),
            "ece": metrics.get("ece"),
            "coverage": metrics.get("coverage_at_precision"),
            "mae": metrics.get("mae_by_study"),
            "n": result["n"],
            "studies": result["n_studies"],
        }
        name = f"{result['target']}, {result['scheme']}, {learner_words(result['model'])}"
        rows[escape(name)] = {key: value for key, value in cells.items() if value is not None}
    chosen = "; ".join(
        f"<strong>{escape(target)}</strong>: {_learner(best['model'])} ({escape(best['scheme'])})"
        for target, best in report["best_model"].items()
    )
    return ACCURACY | {
        "id": "srna_summary",
        "section_name": "1. Summary",
        "description": (
            f"Chosen for each target: {chosen}. Hold the mouse over a column's name for what it "
            f"means; <em>Configure columns</em> shows more."
        ),
        "plot_type": "table",
        "pconfig": {
            "id": "srna_summary_table",
            "title": "Summary of all predictions",
            "col1_header": "target, scheme, learner",
            "sort_rows": False,
            "no_violin": True,
        },
        "headers": headers,
        "data": rows,
    }


def overview_section(report: dict[str, Any]) -> Section:
    """Show the headlines of all targets as one picture."""
    picture = base64.b64encode(overview_png(report)).decode("ascii")
    return ACCURACY | {
        "id": "srna_overview",
        "section_name": "2. Learners and schemes",
        "description": (
            "Dots: each study counting once; lines: intervals by resampling studies. The gap "
            "between random and group is what a laboratory of its own costs."
        ),
        "plot_type": "image",
        "data": (
            '<div class="mqc-custom-content-image"><img style="max-width:100%" '
            'alt="Accuracy of each learner under each scheme, for each target" '
            f'src="data:image/png;base64,{picture}" /></div>'
        ),
    }


MOST_STUDIES = 200
MOST_TRUTHS = 3


def studies_section(result: dict[str, Any], place: int) -> Section:
    """Show each study with what is known of why it fails, the worst first."""
    studies = sorted(result["per_study"], key=lambda study: (study["accuracy"], -study["n"]))
    usual = usual_figures(studies)
    rows = {}
    for study in studies[:MOST_STUDIES]:
        names = list(study["truth"])
        more = f" and {len(names) - MOST_TRUTHS} more" if len(names) > MOST_TRUTHS else ""
        cells = {
            "n": study["n"],
            "accuracy": study["accuracy"],
            "truth": escape(" / ".join(names[:MOST_TRUTHS])) + more,
            "mistakes": "; ".join(_mistake(entry, names) for entry in study["mistakes"][:2]),
            "why": "; ".join(reasons(study, usual)) if study["accuracy"] < 1 else "",
            "probability": study["probability"],
            "distance": study.get("distance"),
            "reported": study.get("features_reported"),
            "reads": study.get("reads"),
        }
        rows[escape(study["study"])] = {
            name: cell for name, cell in cells.items() if cell not in (None, "")
        }
    many = f" The {MOST_STUDIES} worst of {len(studies):,}." if len(studies) > MOST_STUDIES else ""
    wrong = sum(study["accuracy"] < 0.5 for study in studies)
    text: dict[str, Any] = {"scale": False}
    return STUDIES | {
        "id": f"srna_studies_{file_stem(result['target'])}",
        "section_name": f"{place}. {escape(result['target'])}",
        "description": (
            f"{_predictor(result)}: in {wrong:,} of {len(studies):,} studies less than half of the "
            f"samples are right.{many}"
        ),
        "plot_type": "table",
        "pconfig": {
            "id": f"srna_studies_{file_stem(result['target'])}_table",
            "title": f"{escape(result['target'])}: studies",
            "col1_header": result["study_unit"],
            "sort_rows": False,
            "no_violin": True,
        },
        "headers": {
            "accuracy": _shown("Right", "Share of its samples", format="{:,.2f}"),
            "truth": text | {"title": "Truth", "description": "Its classes, the commonest first"},
            "mistakes": text
            | {"title": "Taken for", "description": "The commonest mistakes, with samples"},
            "why": text | {"title": "Perhaps because", "description": "Hints, by rule"},
            "n": text
            | {"title": "Samples", "description": "With a known truth", "format": "{:,.0f}"},
            "probability": _shown(
                "Probability", "Of the class that was named, median", format="{:,.2f}"
            ),
            "distance": text
            | {"title": "Distance", "description": "To the nearest class", "format": "{:,.2f}"},
            "reported": _shown("Reported", "Share of the features in use", format="{:,.2f}"),
            "reads": text
            | {"title": "Reads", "description": "Counts a sample, median", "format": "{:,.0f}"},
        },
        "data": rows,
    }


def _mistake(entry: dict[str, Any], truths: list[str]) -> str:
    """Say what was taken for what; the truth goes without saying where there is only one."""
    taken = f"{escape(entry['predicted'])} ({entry['n']:,})"
    return taken if len(truths) == 1 else f"{escape(entry['truth'])} for {taken}"


def _by_group(target: str, names: list[str]) -> list[int]:
    """Return an order of classes in which tissues of a group are neighbours."""
    if target != "tissue":
        return list(range(len(names)))
    return sorted(range(len(names)), key=lambda k: (ontology.tissue_group(names[k]), names[k]))


def confusion_section(result: dict[str, Any], place: int) -> Section:
    """Show what one learner takes for what, rows as percent; `place` orders the sections."""
    truth, predicted, sizes, share = shares(result["confusion"])
    rows, columns = _by_group(result["target"], truth), _by_group(result["target"], predicted)
    truth, predicted = [truth[k] for k in rows], [predicted[k] for k in columns]
    sizes, share = sizes[rows], share[np.ix_(rows, columns)]
    grouped = " Tissues of a group are neighbours." if result["target"] == "tissue" else ""
    name = f"{escape(result['target'])}: {_predictor(result)}"
    return CONFUSION | {
        "id": f"srna_confusion_{file_stem(result['target'])}",
        "section_name": f"{place}. {escape(result['target'])}",
        "description": f"{name}; {result['n']:,} samples of {result['n_studies']:,} studies."
        + grouped,
        "plot_type": "heatmap",
        "pconfig": {
            "id": f"srna_confusion_{file_stem(result['target'])}_plot",
            "title": escape(result["target"]),
            "xlab": "predicted",
            "ylab": "truth",
            "zlab": "percent of the truth",
            "series_label": "classes",
            "min": 0,
            "max": 100,
            "tt_decimals": 1,
            "square": False,
            "xcats_samples": False,
            "ycats_samples": False,
            "cluster_rows": False,
            "cluster_cols": False,
            "display_values": len(predicted) <= 12,
            "colstops": [[0, "#f7fbff"], [0.5, "#6baed6"], [1, "#08306b"]],
        },
        "xcats": [escape(name) for name in predicted],
        "ycats": [f"{escape(name)} ({n:,})" for name, n in zip(truth, sizes, strict=True)],
        "data": (100 * share).round(2).tolist(),
    }


def coverage_section(report: dict[str, Any]) -> Section:
    """Show risk against coverage, a tab for each target and scheme."""
    precision = report["settings"]["precision"]
    allowed = 100 * (1 - precision)
    return COVERAGE | {
        "id": "srna_coverage_curves",
        "section_name": "Risk against coverage",
        "description": (
            f"Dashed: {100 * precision:g} percent of the calls right. Buttons switch between "
            f"targets and schemes; a learner that is missing lies above the plot."
        ),
        "plot_type": "linegraph",
        "pconfig": _line_config(
            report,
            "srna_coverage_curves_plot",
            "Risk against coverage",
            xlab="samples called (%)",
            ylab="calls that are wrong (%)",
            extra_series=_dashed([[0, allowed], [100, allowed]], "allowed at this precision"),
            tops=[100 * highest_risk(results, precision) for results in _class_results(report)],
            ymin=0,
            xmin=0,
            xmax=100,
        ),
        "data": _curves(report, "risk_coverage", "coverage", "risk"),
    }


def reliability_section(report: dict[str, Any]) -> Section:
    """Show reliability diagrams, a tab for each target and scheme."""
    return RELIABILITY | {
        "id": "srna_reliability_curves",
        "section_name": "Reliability diagram",
        "description": "Dashed: a probability that means what it says.",
        "plot_type": "linegraph",
        "pconfig": _line_config(
            report,
            "srna_reliability_curves_plot",
            "Reliability diagram",
            xlab="probability (%)",
            ylab="share correct (%)",
            extra_series=_dashed([[0, 0], [100, 100]], "as it should be"),
            xmin=0,
            xmax=100,
            ymin=0,
            ymax=100,
            style="lines+markers",
        ),
        "data": _curves(report, "reliability", "confidence", "accuracy"),
    }


def _class_results(report: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Return the results of targets with classes, a list for each target and scheme."""
    return [
        results
        for of_target in by(report["results"], "target").values()
        for results in by(of_target, "scheme").values()
        if results[0]["kind"] == "classes"
    ]


def _curves(report: dict[str, Any], name: str, x: str, y: str) -> list[dict[str, Any]]:
    """Return the curves of each plot, by learner, in percent; what has no `x` is left out."""
    return [
        {
            _learner(result["model"]): [
                [100 * along, 100 * up]
                for along, up in zip(result[name][x], result[name][y], strict=True)
                if along is not None
            ]
            for result in results
        }
        for results in _class_results(report)
    ]


def _line_config(
    report: dict[str, Any], id_: str, title: str, tops: list[float] | None = None, **more: Any
) -> dict[str, Any]:
    groups = _class_results(report)
    models = sorted({result["model"] for results in groups for result in results})
    labels: list[dict[str, Any]] = [
        {"name": escape(f"{one[0]['target']}, {one[0]['scheme']}")} for one in groups
    ]
    for label, top in zip(labels, tops or [], strict=False):
        label["ymax"] = top
    config = {
        "id": id_,
        "title": title,
        "showlegend": True,
        "series_label": False,
        "colors": {_learner(model): learner_style(model)[0] for model in models},
    } | more
    extra = config.pop("extra_series")
    return config | {"data_labels": labels, "extra_series": [[extra] for _ in groups]}


def _dashed(pairs: list[list[float]], name: str) -> dict[str, Any]:
    return {"name": name, "pairs": pairs, "color": GREY, "dash": "dash", "width": 1}
