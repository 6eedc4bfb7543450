"""The MultiQC section of `augment`: how many samples were called, withheld, out of distribution."""

from __future__ import annotations

import json
from pathlib import Path

from .annotate import CALLED, NOVEL, WITHHELD, Annotation
from .files import atomic_output

TEXT = {
    CALLED: ("called", "#0072b2"),
    WITHHELD: ("withheld: the evidence is too weak", "#e69f00"),
    NOVEL: ("out of distribution: unlike the training samples", "#999999"),
}


def write_multiqc(annotation: Annotation, folder: Path) -> None:
    """Write ``calls_mqc.json``, a bar graph of the status of all samples for each target.

    Parameters
    ----------
    annotation : Annotation
        The result of `annotate`.
    folder : pathlib.Path
        Made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = annotation.table
    data = {
        target: {name: int((table[f"{target}_status"] == name).sum()) for name in TEXT}
        for target in annotation.targets
    }
    content = {
        "id": "srna_augment_calls",
        "section_name": "Calls",
        "description": "How many samples were annotated. A call is made only where calls that "
        "sure were right 95 times in 100 on studies left out; a withheld call is an answer.",
        "plot_type": "bargraph",
        "pconfig": {
            "id": "srna_augment_calls_plot",
            "title": "srna-augment: calls by target",
            "ylab": "Samples",
        },
        "categories": {
            name: {"name": text, "color": colour} for name, (text, colour) in TEXT.items()
        },
        "data": data,
    }
    with atomic_output(folder / "calls_mqc.json") as temporary:
        temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
