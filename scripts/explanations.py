#!/usr/bin/env python3
"""Gather the class tables of `deeplift-score` into one table and one page to browse.

    python scripts/explanations.py TABLES models/explanations.tsv models/explanations.html

TABLES is the folder that `deeplift-score --tables` wrote.
"""

import csv
import html
import json
import sys
from pathlib import Path

ORDER = ("tissue", "tissue_group", "sex", "age", "age_years")
# Columns of the page: that of the table, heading, whether it holds numbers.
SHOWN = (
    ("samples_of", "Class", False), ("rank", "Rank", True), ("feature", "sRNA", False),
    ("mean", "Contribution", True), ("sd", "Spread", True), ("n_studies", "Studies", True),
    ("studies_positive", "for it in", True), ("studies_top20", "top 20 in", True),
    ("difference", "Level", True),
)  # fmt: skip


def main(tables: Path, table: Path, page: Path) -> None:
    """Write the table and the page."""
    rows = []
    for target in ORDER:
        path = tables / f"{target}.classes.tsv"
        if path.is_file():
            with path.open(encoding="utf-8") as handle:
                rows += list(csv.DictReader(handle, delimiter="\t"))
    if not rows:
        sys.exit(f"{tables}: no table of classes in it: run deeplift-score --tables {tables}")
    with table.open("w", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, rows[0], delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    template = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
    heads = "".join(f"<th><button>{html.escape(name)}</button></th>" for _, name, _ in SHOWN)
    data = json.dumps(compact(rows), ensure_ascii=False, separators=(",", ":"))
    text = template.replace("<!--HEADS-->", heads).replace("/*DATA*/", data.replace("<", "\\u003c"))
    page.write_text(text, encoding="utf-8")


def compact(rows: list[dict[str, str]]) -> dict[str, object]:
    """Return names once, and rows as lists: target, then the columns of `SHOWN`."""
    numeric = [number for _, _, number in SHOWN]
    names = sorted({row[key] for row in rows for key, _, number in SHOWN if not number})
    place = {name: i for i, name in enumerate(names)}
    targets = list(dict.fromkeys(row["target"] for row in rows))
    content = [
        [targets.index(row["target"])]
        + [
            (float(f"{float(row[key]):.3g}") if row[key] else None) if number else place[row[key]]
            for key, _, number in SHOWN
        ]
        for row in rows
    ]
    return {"names": names, "targets": targets, "numeric": numeric, "rows": content}


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
