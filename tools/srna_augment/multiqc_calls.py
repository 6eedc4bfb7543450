"""The MultiQC sections of `augment`: what was filled in, labels that disagree, a map of samples."""

from __future__ import annotations

import json
from collections import Counter
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import ontology
from .annotate import CALLED, DISAGREES, NOVEL, WITHHELD, Annotation
from .calibration.calls import CALL_PROBABILITY
from .files import atomic_output
from .splits import STUDY_COLUMNS, first_column

if TYPE_CHECKING:
    import pandas as pd

TEXT = {
    CALLED: ("called", "#0072b2"),
    WITHHELD: ("withheld", "#e69f00"),
    NOVEL: ("out of distribution", "#999999"),
}
PARENT = {
    "parent_id": "srna_calls",
    "parent_name": "What was filled in",
    "parent_description": (
        "For every sample the best class, its probability, and whether it is called. A call takes "
        f"a probability of {CALL_PROBABILITY:g}, or more where calls can be right in 0.95. Else it "
        "is withheld: the evidence is too weak, which is an answer, too. Out of distribution: "
        "unlike the training samples."
    ),
}
MOST_ROWS = 200
MOST_POINTS = 3000
# Okabe and Ito's colours, which colour-blind people can tell apart; what is rarer is grey.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#000000", "#b8a800")
OTHERS, BLANK = "#b0b0b0", "#dddddd"


def write_multiqc(annotation: Annotation, folder: Path) -> None:
    """Write one ``*_mqc.json`` a section.

    Parameters
    ----------
    annotation : Annotation
        The result of `annotate`.
    folder : pathlib.Path
        Made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sections = [calls_section(annotation), disagreements_section(annotation)]
    if annotation.places is not None:
        sections.append(map_section(annotation))
    for section in sections:
        with atomic_output(folder / f"{section['id']}_mqc.json") as temporary:
            temporary.write_text(json.dumps(section, indent=1), encoding="utf-8")


def calls_section(annotation: Annotation) -> dict[str, Any]:
    """Count statuses of each target, blanks apart from samples with a label."""
    table = annotation.table
    data = {}
    for target in annotation.targets:
        blank = blanks(table, target)
        for name, rows in (("blank", blank), ("labelled", ~blank)):
            if rows.any():
                status = Counter(table.loc[rows, f"{target}_status"])
                data[f"{target}, {name}"] = {word: status[word] for word in TEXT}
    return PARENT | {
        "id": "srna_augment_calls",
        "section_name": "1. Calls",
        "description": "<em>blank</em>: samples whose metadata say nothing, as was asked "
        "for; <em>labelled</em>: samples whose label was checked.",
        "plot_type": "bargraph",
        "pconfig": {
            "id": "srna_augment_calls_plot",
            "title": "Calls by target",
            "ylab": "Samples",
            "series_label": "bars",
            "cpswitch_c_active": False,
            "sort_samples": False,
        },
        "categories": {
            name: {"name": text, "color": colour} for name, (text, colour) in TEXT.items()
        },
        "data": data,
    }


def disagreements_section(annotation: Annotation) -> dict[str, Any]:
    """List calls that contradict a label, the surest first."""
    table = annotation.table
    found = []
    for target in annotation.targets:
        labels = given(table, target)
        for row in np.flatnonzero(table[f"{target}_check"] == DISAGREES):
            cells = table.iloc[row]
            found.append(
                (
                    float(cells[f"{target}_probability"]),
                    f"{escape(cells['sample_id'])}, {target}",
                    {"label": escape(labels[row]), "call": escape(cells[f"{target}_best"])},
                )
            )
    found.sort(key=lambda entry: (-entry[0], entry[1]))
    section = PARENT | {
        "id": "srna_augment_disagreements",
        "section_name": "2. Labels that disagree",
    }
    if not found:
        return section | {
            "plot_type": "html",
            "data": "<p>No call contradicts a label that was given.</p>",
        }
    shown = f"the surest {MOST_ROWS} of {len(found):,}" if len(found) > MOST_ROWS else len(found)
    return section | {
        "description": f"Calls that contradict the label: {shown}. A swap of two samples shows as "
        "two rows that have each other's label; else the label, or the call, is wrong.",
        "plot_type": "table",
        "pconfig": {
            "id": "srna_augment_disagreements_table",
            "title": "Labels that disagree",
            "col1_header": "sample, target",
            "sort_rows": False,
            "no_violin": True,
        },
        "headers": {
            "label": {"title": "Label", "description": "In the metadata", "scale": False},
            "call": {"title": "Call", "description": "What expression says", "scale": False},
            "probability": {
                "title": "Probability",
                "description": "Of the call",
                "min": 0,
                "max": 1,
                "format": "{:,.3f}",
                "scale": "Blues",
            },
        },
        "data": {
            name: cells | {"probability": probability}
            for probability, name, cells in found[:MOST_ROWS]
        },
    }


def map_section(annotation: Annotation) -> dict[str, Any]:
    """Place samples by the model's last layer, coloured by label and by study."""
    table, target = annotation.table, annotation.targets[0]
    assert annotation.places is not None
    labels = given(table, target)
    column = first_column(table, STUDY_COLUMNS)
    colourings = {target: labels}
    if column is not None:
        colourings[column] = [escape(cell) for cell in table[column].astype(str)]
    rows = np.arange(len(table))
    if len(rows) > MOST_POINTS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_POINTS, replace=False))
    data = []
    for words in colourings.values():
        common = [name for name, _ in Counter(word for word in words if word).most_common(8)]
        colour = dict(zip(common, COLOURS, strict=False)) | {"": BLANK}
        data.append(
            {
                f"{escape(table['sample_id'].iloc[row])} ({words[row] or 'blank'})": {
                    "x": round(float(annotation.places[row, 0]), 3),
                    "y": round(float(annotation.places[row, 1]), 3),
                    "color": colour.get(words[row], OTHERS),
                    "group": words[row]
                    if words[row] in common
                    else ("other", "blank")[not words[row]],
                }
                for row in rows
            }
        )
    some = f" ({len(rows):,} of {len(table):,}, drawn at random)" if len(rows) < len(table) else ""
    return PARENT | {
        "id": "srna_augment_map",
        "section_name": "3. Map of samples",
        "description": f"Samples{some} on the first two principal components of the last layer of "
        f"the model for {target}. Near to each other is what the model finds alike. The eight "
        "commonest have a colour, the others are grey; hold the mouse over a point for its name. "
        "Points of one tissue that fall apart by study are what a laboratory does.",
        "plot_type": "scatter",
        "pconfig": {
            "id": "srna_augment_map_plot",
            "title": "Map of samples",
            "xlab": "first component",
            "ylab": "second component",
            "marker_size": 5,
            "showlegend": True,
            "data_labels": [{"name": f"by {name}"} for name in colourings],
        },
        "data": data,
    }


def given(table: pd.DataFrame, target: str) -> list[str]:
    """Return the labels of the metadata as they are; '' for blanks."""
    column = ontology.find_column(table, target)
    if column is None and target == "tissue_group":
        column = ontology.find_column(table, "tissue")
    if column is None:
        return [""] * len(table)
    return ["" if ontology.is_blank(cell) else str(cell) for cell in table[column]]


def blanks(table: pd.DataFrame, target: str) -> np.ndarray:
    """Tell which samples have no label, ``(n_samples,)`` of bool."""
    return np.array([label == "" for label in given(table, target)])
