"""The MultiQC sections of `normalise`: tables, studies and samples as they were read."""

from __future__ import annotations

import json
from collections import Counter
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .files import atomic_output
from .multiqc_calls import COLOURS
from .splits import STUDY_COLUMNS, first_column, keys

if TYPE_CHECKING:
    from .expression import Expression

PARENT = {
    "parent_id": "srna_reading",
    "parent_name": "What was read",
    "parent_description": (
        "Tables as their tools wrote them. <em>Mapped</em> features have a name that miRBase or "
        "MirGeneDB knows, of any release; the others are kept under their own name. What a table "
        "does not report is not taken for zero."
    ),
}
MOST_ROWS = 300
CURVES = 8
# Steps of the curves, in percent of the samples.
STEPS = np.arange(0, 101, 2)
SCALE_FREE: dict[str, Any] = {"scale": False, "format": "{:,.0f}"}


def write_multiqc(expression: Expression, folder: Path) -> None:
    """Write one ``*_mqc.json`` a section.

    Parameters
    ----------
    expression : Expression
        As `normalise` returns it, with its `reading`.
    folder : pathlib.Path
        Made if it is not there.
    """
    assert expression.reading is not None
    folder.mkdir(parents=True, exist_ok=True)
    sections = [tables_section(expression.reading)]
    groups = _groups(expression)
    if len(groups) > 1:
        sections.append(studies_section(expression.reading, groups))
    if len(expression.samples) > 1:
        sections.append(depth_section(expression.reading, groups))
    for section in sections:
        with atomic_output(folder / f"{section['id']}_mqc.json") as temporary:
            text = json.dumps(section, ensure_ascii=False)
            temporary.write_text(text, encoding="utf-8", errors="replace")


def _groups(expression: Expression) -> dict[str, set[str]]:
    """Return the samples of each study, the largest study first; empty where none is named."""
    column = first_column(expression.obs, STUDY_COLUMNS)
    if column is None:
        return {}
    studies = keys(expression.obs, column)
    found: dict[str, set[str]] = {
        name: set() for name, _ in Counter(name for name in studies if name).most_common()
    }
    for sample, study in zip(expression.samples, studies, strict=True):
        if study:
            found[study].add(sample)
    return found


def tables_section(reading: dict[str, Any]) -> dict[str, Any]:
    """Show a row an input: samples, features, and what their names were worth."""
    features, samples = reading["features"], reading["samples"]
    left_out = sum(not sample["in_output"] for sample in samples)
    rows = {}
    for entry in reading["inputs"]:
        name = escape(Path(entry["file"]).name)
        while name in rows:
            name += "'"
        unmapped = " / ".join(
            f"{n:,} {escape(kind)}" for kind, n in list(entry["unmapped_kinds"].items())[:3]
        )
        rows[name] = {
            "samples": entry["samples"],
            "features": entry["features"],
            "mapped": entry["mapped"],
            "unmapped": entry["unmapped"],
            "kinds": unmapped,
            "units": escape(entry["units"]),
            "format": escape(entry["format"]),
        }
    told = f"; {left_out:,} without reads in any known feature are left out" if left_out else ""
    return PARENT | {
        "id": "srna_reading_tables",
        "section_name": "1. Tables",
        "description": (
            f"{len(samples):,} samples{told}. {features['names']:,} names became "
            f"{features['keys']:,} features at the level {reading['level']}, of which "
            f"{features['kept_in_table']:,} are used: those that nearly all samples report."
        ),
        "plot_type": "table",
        "pconfig": {
            "id": "srna_reading_tables_table",
            "title": "Tables that were read",
            "col1_header": "file",
            "sort_rows": False,
            "no_violin": True,
        },
        "headers": {
            "samples": SCALE_FREE | {"title": "Samples", "description": "In the file"},
            "features": SCALE_FREE | {"title": "Features", "description": "Names in the file"},
            "mapped": SCALE_FREE
            | {"title": "Mapped", "description": "Names that miRBase or MirGeneDB knows"},
            "unmapped": SCALE_FREE
            | {"title": "Unmapped", "description": "Names that neither knows: kept as they are"},
            "kinds": {
                "title": "Unmapped are",
                "description": "Kinds of small RNA of the unmapped",
                "scale": False,
            },
            "units": {"title": "Unit", "description": "Unit of the values", "scale": False},
            "format": {"title": "Format", "description": "What it was taken for", "scale": False},
        },
        "data": rows,
    }


def studies_section(reading: dict[str, Any], groups: dict[str, set[str]]) -> dict[str, Any]:
    """Show a row a study: medians over its samples."""
    kept = reading["features"]["kept"]
    by_id = {sample["sample_id"]: sample for sample in reading["samples"]}
    rows: dict[str, dict[str, Any]] = {}
    for study, members in list(groups.items())[:MOST_ROWS]:
        own = [by_id[sample] for sample in members]
        cells = {
            "samples": len(own),
            "reads": _median(own, "reads", 1e-3),
            "fewest": _least(own, "reads", 1e-3),
            "detected": _median(own, "features_detected"),
            "reported": _median(own, "features_reported", 100 / kept),
            "mapped": _median(own, "share_mapped", 100),
        }
        rows[escape(study)] = {name: cell for name, cell in cells.items() if cell is not None}
    many = f" The {MOST_ROWS} largest of {len(groups):,}." if len(groups) > MOST_ROWS else ""
    thousand = {"scale": "Blues", "format": "{:,.0f}", "min": 0, "suffix": " k"}
    percent = {"scale": "Blues", "format": "{:,.0f}", "min": 0, "max": 100, "suffix": " %"}
    return PARENT | {
        "id": "srna_reading_studies",
        "section_name": "2. Studies",
        "description": f"Medians over the samples of a study.{many} Few reads, or few of the "
        "features that are used, make a study hard to tell. No reads: its unit is not counts.",
        "plot_type": "table",
        "pconfig": {
            "id": "srna_reading_studies_table",
            "title": "Studies that were read",
            "col1_header": "study",
            "sort_rows": False,
            "no_violin": True,
        },
        "headers": {
            "samples": SCALE_FREE | {"title": "Samples", "description": "Of the study"},
            "reads": thousand | {"title": "Reads", "description": "Thousand counts, median"},
            "fewest": thousand
            | {"title": "Fewest", "description": "Thousand counts of the shallowest sample"},
            "detected": SCALE_FREE
            | {"title": "Detected", "description": "Features above zero, median"},
            "reported": percent
            | {
                "title": "Reported",
                "description": "Share of the used features that the sample reports; the others "
                "are filled in",
            },
            "mapped": percent
            | {"title": "Mapped", "description": "Share of the reads in features with known names"},
        },
        "data": rows,
    }


def depth_section(reading: dict[str, Any], groups: dict[str, set[str]]) -> dict[str, Any]:
    """Show depth and detected features as curves over the sorted samples, a curve a study."""
    shown = dict(list(groups.items())[:CURVES]) if len(groups) > 1 else {}
    datasets, labels = [], []
    for key, name, unit in (
        ("reads", "reads", "reads (counts)"),
        ("features_detected", "features", "features above zero"),
    ):
        curves = {}
        for title, members in {"all samples": None, **shown}.items():
            values = [
                sample[key]
                for sample in reading["samples"]
                if sample[key] and (members is None or sample["sample_id"] in members)
            ]
            if values:
                heights = np.percentile(values, STEPS)
                curves[escape(title)] = [
                    [int(step), round(float(height), 1)]
                    for step, height in zip(STEPS, heights, strict=True)
                ]
        if curves:
            datasets.append(curves)
            labels.append({"name": name, "ylab": unit})
    some = f" of the {CURVES} largest studies" if len(groups) > CURVES else ""
    return PARENT | {
        "id": "srna_reading_depth",
        "section_name": "3. Depth",
        "description": "Samples from the shallowest to the deepest: at 25 a quarter of the "
        f"samples lies at or below the curve. {'Curves' + some + ' beside all.' if shown else ''}",
        "plot_type": "linegraph",
        "pconfig": {
            "id": "srna_reading_depth_plot",
            "title": "Depth of samples",
            "xlab": "samples (%)",
            "ylab": labels[0]["ylab"],
            "ylog": True,
            "showlegend": True,
            "series_label": False,
            "colors": {
                escape(name): colour
                for name, colour in zip(
                    ["all samples", *shown], ("#767676", *COLOURS), strict=False
                )
            },
            "dash_styles": {"all samples": "dash"},
            "data_labels": labels,
        },
        "data": datasets,
    }


def _median(samples: list[dict[str, Any]], name: str, factor: float = 1) -> float | None:
    values = [sample[name] for sample in samples if sample[name] is not None]
    return round(factor * float(np.median(values)), 4) if values else None


def _least(samples: list[dict[str, Any]], name: str, factor: float = 1) -> float | None:
    values = [sample[name] for sample in samples if sample[name] is not None]
    return round(factor * min(values), 4) if values else None
