#!/usr/bin/env python3
"""Print what `make demo` found: how good each learner is, and how many blanks were filled rightly.

    scripts/demo_summary.py RESULTS TRUTH.tsv

RESULTS is the workflow's output folder, TRUTH.tsv the labels that were blanked before the workflow
saw the data (tests/data/demo_truth.tsv).
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

TARGETS = ("tissue", "tissue_group", "sex", "age")
# Which blank columns of the truth table hide which target.
HIDDEN_BY = {"tissue": "tissue", "tissue_group": "tissue", "sex": "sex", "age": "age"}


def read(path: Path) -> list[dict[str, str]]:
    """Read a table as one dictionary a row."""
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            return list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))
    except FileNotFoundError:
        sys.exit(f"{path}: no such file: run `make demo`, which writes it")


def held_out(metrics: list[dict[str, str]]) -> list[list[str]]:
    """Lay out accuracy on held-out samples: a line a target and learner, a column a scheme."""
    schemes = list(dict.fromkeys(row["scheme"] for row in metrics))
    rows = [["target", "learner", *schemes, ""]]
    lines = dict.fromkeys((row["target"], row["learner"]) for row in metrics)
    for target, learner in lines:
        mine = {
            row["scheme"]: row
            for row in metrics
            if (row["target"], row["learner"]) == (target, learner)
        }
        best = any(row["best"] for row in mine.values())
        figures = [_figure(mine[scheme]) if scheme in mine else "" for scheme in schemes]
        rows.append([target, learner, *figures, "best" if best else ""])
    return rows


def _figure(row: dict[str, str]) -> str:
    """Return accuracy, or for age in years how far off predictions are in the mean."""
    return row["accuracy"] or f"{row['mae_by_study']} y"


def blanks(annotated: list[dict[str, str]], truth: list[dict[str, str]]) -> list[list[str]]:
    """Count, for each target, the blanks whose best class is right, and those that were called."""
    found = {row["sample_id"]: row for row in annotated}
    rows = [["target", "blanks", "best guess right", "called", "called right"]]
    for target in TARGETS:
        if not annotated or f"{target}_best" not in annotated[0]:
            continue
        asked = [
            row for row in truth if HIDDEN_BY[target] in row["blank"].split(",") and row[target]
        ]
        right = called = called_right = 0
        for row in asked:
            mine = found[row["sample_id"]]
            hit = mine[f"{target}_best"] == row[target]
            right += hit
            if mine[f"{target}_status"] == "called":
                called += 1
                called_right += hit
        rows.append([target, *map(str, (len(asked), right, called, called_right))])
    return rows


def show(rows: list[list[str]]) -> None:
    """Print rows as aligned columns: words to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.rjust(width) if _is_number(rows, i) else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  " + "  ".join(cells).rstrip())


def _is_number(rows: list[list[str]], column: int) -> bool:
    cells = [row[column] for row in rows[1:] if row[column]]
    return bool(cells) and all(
        cell.removesuffix(" y").replace(".", "", 1).isdigit() for cell in cells
    )


def main(results: Path, truth: Path) -> None:
    """Print both tables and where to look next."""
    print("\nAccuracy on held-out samples (age_years: mean error), by what was held out")
    show(held_out(read(results / "metrics" / "metrics.tsv")))
    print(f"\nBlanks, against what had stood there ({truth})")
    show(blanks(read(results / "annotated.tsv"), read(truth)))
    print(f"\nReport:           {results / 'multiqc_report.html'}")
    print(f"Annotated table:  {results / 'annotated.tsv'}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: demo_summary.py RESULTS TRUTH.tsv")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
