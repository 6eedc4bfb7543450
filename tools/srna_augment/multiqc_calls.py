"""The MultiQC sections of `augment`: what was filled in, labels that disagree, a map of samples."""

from __future__ import annotations

import json
from collections import Counter
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import ontology
from .annotate import Annotation
from .calibration.calls import CALL_PROBABILITY
from .calling import CALLED, DISAGREES, NOVEL, WITHHELD
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
# Okabe and Ito's colours, which colour-blind people can tell apart, with violet for their black,
# which a dark page would hide; what is rarer is grey.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8e5bd0", "#b8a800")
# Shapes say the same as colours, for print in grey; the second eight are open.
SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "star", "triangle-down", "hexagon")
OTHERS, BLANK = "#b0b0b0", "#dddddd"
NAMED = 2 * len(COLOURS)


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
        blank = blanks(table, target, annotation.label_columns[target])
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
        column = annotation.label_columns[target]
        shown = _with_class(ontology.given(table, target, column), target)
        calls = _contradicting(annotation, target)
        names = {row: name for row, (name, _) in calls.items()}
        swaps = _counterparts(table, target, column, names)
        for row, (name, probability) in calls.items():
            cells = table.iloc[row]
            found.append(
                (
                    probability,
                    f"{escape(cells['sample_id'])}, {target}",
                    {
                        "label": escape(shown[row]),
                        "call": escape(name),
                        "swap": swaps[row],
                    },
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
    told = f"the surest {MOST_ROWS} of {len(found):,}" if len(found) > MOST_ROWS else len(found)
    return section | {
        "description": f"Calls that contradict the label: {told}. A swap of two samples shows as "
        "two samples of a study that have each other's label; else the label, or the call, is "
        "wrong.",
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
            "swap": {
                "title": "Swapped with",
                "description": "Samples of the study with the opposite label and call",
                "scale": False,
            },
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
            name: {key: cell for key, cell in cells.items() if cell} | {"probability": probability}
            for probability, name, cells in found[:MOST_ROWS]
        },
    }


def _with_class(labels: list[str], target: str) -> list[str]:
    """Return labels, those of tissues with their group where groups are checked."""
    if target != "tissue_group":
        return labels
    groups = {label: ontology.tissue_group(label.strip().lower()) for label in set(labels)}
    return [f"{label} ({groups[label]})" if groups[label] else label for label in labels]


def _contradicting(annotation: Annotation, target: str) -> dict[int, tuple[str, float]]:
    """Return class and probability that contradict a label, by row; those out of fold first."""
    table, known = annotation.table, annotation.left_out.get(target, {})
    found = {}
    for row in np.flatnonzero(table[f"{target}_check"] == DISAGREES):
        cells = table.iloc[row]
        out = known.get(int(row))
        called = (cells[f"{target}_best"], float(cells[f"{target}_probability"]))
        found[int(row)] = (out.best, out.probability) if out is not None else called
    return found


def _counterparts(
    table: pd.DataFrame, target: str, label_column: str | None, calls: dict[int, str]
) -> dict[int, str]:
    """Find for each sample that disagrees those of its study with its label and call exchanged.

    Parameters
    ----------
    table : pandas.DataFrame
        ``annotated.tsv``.
    target : str
        The target.
    label_column : str or None
        The column of its labels; None: where they usually are.
    calls : dict
        Row to the class that contradicts its label.

    Returns
    -------
    dict
        Row to the other sample's id, how many others there are, or nothing.
    """
    rows = list(calls)
    column = first_column(table, STUDY_COLUMNS)
    studies = [""] * len(table) if column is None else table[column].astype(str).tolist()
    labels = ontology.labels(table.iloc[rows], target, label_column, chosen_from=table)
    spelled = ontology.as_classes(labels, sorted(set(calls.values())))
    pairs = {
        row: (studies[row], str(same or label), calls[row])
        for row, label, same in zip(rows, labels, spelled, strict=True)
    }
    of_pair: dict[tuple[str, str, str], list[int]] = {}
    for row, pair in pairs.items():
        of_pair.setdefault(pair, []).append(row)
    found = {}
    for row, (study, label, call) in pairs.items():
        others = of_pair.get((study, call, label), [])
        several = f"one of {len(others)}" if others else ""
        found[row] = escape(table["sample_id"].iloc[others[0]]) if len(others) == 1 else several
    return found


def map_section(annotation: Annotation) -> dict[str, Any]:
    """Place samples by the model's last layer, by colour and shape of label and of study."""
    table, target = annotation.table, annotation.targets[0]
    assert annotation.places is not None
    rows = np.flatnonzero(np.isfinite(annotation.places).all(axis=1))
    column = first_column(table, STUDY_COLUMNS)
    colourings = {target: ontology.given(table, target, annotation.label_columns[target])}
    if column is not None:
        colourings[column] = table[column].astype(str).tolist()
    data, groups = [], []
    for words in colourings.values():
        common = [
            name for name, _ in Counter(words[row] for row in rows if words[row]).most_common(NAMED)
        ]
        look = {name: _look(k) for k, name in enumerate(common)}
        data.append(
            {
                f"{escape(table['sample_id'].iloc[row])} ({escape(words[row]) or 'blank'})": {
                    "x": round(float(annotation.places[row, 0]), 3),
                    "y": round(float(annotation.places[row, 1]), 3),
                    "group": escape(words[row])
                    if words[row] in look
                    else ("other", "blank")[not words[row]],
                    **look.get(words[row], _plain(OTHERS if words[row] else BLANK)),
                }
                for row in rows
            }
        )
        groups += [escape(name) for name in common]
    some = f" ({len(rows):,} of {len(table):,}, drawn at random)" if len(rows) < len(table) else ""
    return PARENT | {
        "id": "srna_augment_map",
        "section_name": "3. Map of samples",
        "description": f"Samples{some} by the last layer of the model for {target}, laid out by "
        "t-SNE: near to each other is what the model finds alike; how far groups are from one "
        f"another means little. The {NAMED} commonest have a colour and a shape, the others are "
        "grey; hold the mouse over a point for its name. Points of one tissue that fall apart by "
        "study are what a laboratory does.",
        "plot_type": "scatter",
        "pconfig": {
            "id": "srna_augment_map_plot",
            "title": "Map of samples",
            "xlab": "first axis",
            "ylab": "second axis",
            "marker_size": 5,
            "showlegend": True,
            "height": 600,
            # Drawn in this order: what is grey lies below.
            "groups": ["blank", "other", *dict.fromkeys(groups)],
            "data_labels": [{"name": f"by {name}"} for name in colourings],
        },
        "data": data,
    }


def _look(place: int) -> dict[str, Any]:
    """Return colour and shape of the class at a place."""
    colour, shape = COLOURS[place % len(COLOURS)], SHAPES[place % len(SHAPES)]
    if place < len(COLOURS):
        return {"color": colour, "marker_symbol": shape, "marker_line_width": 0, "marker_size": 6}
    return {
        "color": colour, "marker_symbol": f"{shape}-open", "marker_line_width": 1, "marker_size": 6,
    }  # fmt: skip


def _plain(colour: str) -> dict[str, Any]:
    return {"color": colour, "marker_line_width": 0, "marker_size": 4}


def blanks(table: pd.DataFrame, target: str, column: str | None) -> np.ndarray:
    """Tell which samples have no label, ``(n_samples,)`` of bool."""
    return np.array([label == "" for label in ontology.given(table, target, column)])
