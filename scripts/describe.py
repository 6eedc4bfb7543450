#!/usr/bin/env python3
"""Describe the project for machines: codemeta.json, ro-crate-metadata.json, the demo's Croissant.

And the figures of the model where they are repeated: the `model-index` in front of
models/README.md, the table and the badges of README.md.

All they say comes from files that say it already: CITATION.cff, pyproject.toml, nextflow.config,
nextflow_schema.json, assets/ and docs/benchmark.md. ``--check`` writes nothing and fails where they
are not in step.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import html
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "assets" / "demo"
CARD = ROOT / "models" / "README.md"
BENCHMARK = ROOT / "docs" / "benchmark.md"
README = ROOT / "README.md"
BADGES = ROOT / "docs" / "images"
CHARACTER = 6.6  # width in pixels
SPDX = "https://spdx.org/licenses/"
FLOATS = {"age_years"}
CROISSANT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
PARTS = {
    "README.md": "What the suite does, in two commands",
    "CITATION.cff": "How to cite it",
    "LICENSE": "The MIT licence",
    "nextflow.config": "Settings of the workflow",
    "nextflow_schema.json": "Its parameters",
    "models/srna-augment.h5": "The model that ships",
    "assets/demo/metadata.tsv": "Metadata of the bundled samples",
    "assets/demo/plasma_serum.tsv.gz": "Counts of bundled samples: plasma and serum",
    "assets/demo/tcga.tsv.gz": "Counts of bundled samples: TCGA",
    "conf/": "Profiles of the workflow",
    "modules/": "Its processes",
    "subworkflows/": "Its parts",
    "tools/": "The Python package behind the commands",
    "tests/": "Tests",
}


def main() -> None:
    """Write the files, or with ``--check`` say which are not in step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where one is old")
    check = parser.parse_args().check
    old = []
    texts = {
        path: json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        for path, content in documents().items()
    }
    texts |= {CARD: card(), README: readme()} | badges()
    for path, text in texts.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            old.append(path.relative_to(ROOT))
            if not check:
                path.write_text(text, encoding="utf-8")
    if check and old:
        sys.exit(f"{', '.join(map(str, old))}: not in step: run scripts/describe.py")


def documents() -> dict[Path, dict[str, Any]]:
    """Return the content of each file."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        ROOT / "codemeta.json": codemeta(citation, project),
        ROOT / "ro-crate-metadata.json": crate(citation),
        DEMO / "croissant.json": croissant(citation),
    }


def authors(citation: dict[str, Any]) -> list[dict[str, str]]:
    """Return people and groups of CITATION.cff in the terms of schema.org."""
    found = []
    for entry in citation["authors"]:
        if "family-names" not in entry:
            found.append({"@type": "Organization", "name": entry["name"]})
            continue
        person = {"givenName": entry["given-names"], "familyName": entry["family-names"]}
        orcid = {"@id": entry["orcid"]} if "orcid" in entry else {}
        found.append({"@type": "Person"} | orcid | person)
    return found


def codemeta(citation: dict[str, Any], project: dict[str, Any]) -> dict[str, Any]:
    """Describe the software (CodeMeta 3.0)."""
    return {
        "@context": "https://w3id.org/codemeta/3.0",
        "@type": "SoftwareSourceCode",
        "name": project["name"],
        "description": " ".join(citation["abstract"].split()),
        "version": project["version"],
        "license": SPDX + citation["license"],
        "codeRepository": citation["repository-code"],
        "issueTracker": citation["repository-code"] + "/issues",
        "readme": citation["repository-code"] + "/blob/main/README.md",
        "programmingLanguage": ["Python", "Nextflow"],
        "runtimePlatform": f"Python {project['requires-python']}",
        "operatingSystem": "Linux",
        "applicationCategory": "Bioinformatics",
        "developmentStatus": "active",
        "keywords": citation["keywords"],
        "author": authors(citation),
        "softwareRequirements": project["dependencies"],
    }


def crate(citation: dict[str, Any]) -> dict[str, Any]:
    """Describe the workflow (Workflow RO-Crate 1.0)."""
    people = [
        {"@id": entry.get("@id", f"#author-{place}")} | entry
        for place, entry in enumerate(authors(citation), start=1)
    ]
    licence = {
        "@id": SPDX + citation["license"],
        "@type": "CreativeWork",
        "name": f"{citation['license']} License",
    }
    profile = {"@id": "https://w3id.org/workflowhub/workflow-ro-crate/1.0"}
    bioschemas = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
    parameters = [
        {
            "@id": f"#parameter-{name}",
            "@type": "FormalParameter",
            "name": name,
            "description": entry["description"],
            "additionalType": "File" if "path" in entry.get("format", "") else "Text",
            "valueRequired": required,
            "conformsTo": {"@id": bioschemas},
        }
        for name, entry, required in schema_parameters()
    ]
    main_nf = {
        "@id": "main.nf",
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": citation["title"],
        "description": " ".join(citation["abstract"].split()),
        "version": citation["version"],
        "license": reference(licence),
        "creator": list(map(reference, people)),
        "url": citation["repository-code"],
        "programmingLanguage": {"@id": "#nextflow"},
        "input": list(map(reference, parameters)),
        "conformsTo": {"@id": "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"},
    }
    parts = [
        {"@id": name, "@type": "Dataset" if name.endswith("/") else "File", "name": words}
        for name, words in PARTS.items()
    ]
    graph = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": [{"@id": "https://w3id.org/ro/crate/1.1"}, profile],
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": citation["title"],
            "description": " ".join(citation["abstract"].split()),
            "datePublished": str(citation.get("date-released", licence_year())),
            "license": reference(licence),
            "author": list(map(reference, people)),
            "keywords": ", ".join(citation["keywords"]),
            "mainEntity": {"@id": "main.nf"},
            "hasPart": [reference(part) for part in [main_nf, *parts]],
        },
        main_nf,
        *parts,
        licence,
        *people,
        {
            "@id": "#nextflow",
            "@type": "ComputerLanguage",
            "name": "Nextflow",
            "identifier": {"@id": "https://www.nextflow.io/"},
            "url": {"@id": "https://www.nextflow.io/"},
        },
        *parameters,
    ]
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}


def croissant(citation: dict[str, Any]) -> dict[str, Any]:
    """Describe the bundled training tables (Croissant 1.0)."""
    files = {
        "tcga.tsv.gz": "901 samples x 1,071 miRNA precursors, raw read counts; an empty cell is "
        "not reported, which is not zero",
        "plasma_serum.tsv.gz": "92 samples x 1,652 mature miRNAs, raw read counts",
        "metadata.tsv": "A row a sample; 100 have blanks, which are the demo's task",
    }
    with (DEMO / "metadata.tsv").open(encoding="utf-8", newline="") as handle:
        header = next(csv.reader(handle, delimiter="\t"))
    schema = json.loads((ROOT / "assets/schema_input.json").read_text(encoding="utf-8"))
    described = schema["items"]["properties"]
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"samples/{name}",
            "name": name,
            "description": described.get(name, {}).get("description", name.replace("_", " ")),
            "dataType": "sc:Float" if name in FLOATS else "sc:Text",
            "source": {"fileObject": {"@id": "metadata.tsv"}, "extract": {"column": name}},
        }
        for name in header
    ]
    return {
        "@context": CROISSANT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "srna-augment-demo",
        "description": "993 human small-RNA samples of 28 tissues with tissue, sex and age: counts "
        "of TCGA and of a plasma and serum study, as published.",
        "version": f"{citation['version']}",
        "datePublished": str(citation.get("date-released", licence_year())),
        "url": citation["repository-code"] + "/tree/main/assets/demo",
        "license": [SPDX + "GPL-2.0-only", SPDX + "MIT"],
        "creator": authors(citation),
        "citeAs": "See assets/demo/README.md and CITATIONS.md for the studies behind the tables.",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": name,
                "name": name,
                "description": words,
                "contentUrl": name,
                "contentSize": f"{(DEMO / name).stat().st_size} B",
                "encodingFormat": "application/gzip"
                if name.endswith(".gz")
                else "text/tab-separated-values",
                "sha256": hashlib.sha256((DEMO / name).read_bytes()).hexdigest(),
            }
            for name, words in files.items()
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "samples",
                "name": "samples",
                "description": "Metadata of the samples; `sample_id` is the first column of both "
                "count tables",
                "key": {"@id": "samples/sample_id"},
                "field": fields,
            }
        ],
    }


def card() -> str:
    """Return the model's card with the figures of the benchmark in its front matter."""
    text = CARD.read_text(encoding="utf-8")
    found = re.match(r"---\n(.*?)(?:model-index:\n.*?)?---\n", text, re.DOTALL)
    if found is None:
        sys.exit(f"{CARD}: has no front matter between two lines '---'")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    index = {"model-index": [{"name": "srna-augment", "results": results(citation)}]}
    figures = yaml.safe_dump(index, sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{found[1]}{figures}---\n{text[found.end() :]}"


def shipped() -> list[dict[str, str]]:
    """Read the table of what ships in docs/benchmark.md, a dictionary a row."""
    text = BENCHMARK.read_text(encoding="utf-8")
    table = re.search(r"<!-- figures: shipped -->\n(.*?)\n<!-- end -->", text, re.DOTALL)
    if table is None:
        sys.exit(f"{BENCHMARK}: has no '<!-- figures: shipped -->': run make benchmark")
    lines = [
        [cell.strip() for cell in line.strip("| ").split("|")] for line in table[1].split("\n")
    ]
    return [dict(zip(lines[0], row, strict=True)) for row in lines[2:]]


def readme() -> str:
    """Return README.md with the figures of what ships in its table."""
    text = README.read_text(encoding="utf-8")
    lines = ["| target | right at a new laboratory | gets a call | calls that are right |"]
    lines.append("|---|---|---|---|")
    for row in shipped():
        called = re.fullmatch(r"([\d.]+) of ([\d.]+)", row["called: right of share"])
        right, share = (called[1], called[2]) if called else ("", "none")
        name = row["target"].replace("_", " ")
        lines.append(f"| {name} | {row['right, by study']} | {share} | {right} |")
    mark = re.compile(r"(<!-- figures: shipped -->\n).*?\n?(<!-- end -->)", re.DOTALL)
    filled, n = mark.subn(lambda found: f"{found[1]}{chr(10).join(lines)}\n{found[2]}", text)
    if n != 1:
        sys.exit(f"{README}: no mark '<!-- figures: shipped -->', or more than one")
    return filled


def badges() -> dict[Path, str]:
    """Draw the badges of README.md: what the project says of itself elsewhere."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    config = (ROOT / "nextflow.config").read_text(encoding="utf-8")
    nextflow = re.search(r"nextflowVersion = '!?([^']*)'", config)
    if nextflow is None:
        sys.exit("nextflow.config: has no nextflowVersion")
    words = {
        "version": project["version"],
        "licence": project["license"],
        "python": project["requires-python"],
        "nextflow": nextflow[1],
    }
    return {BADGES / f"badge-{name}.svg": badge(name, value) for name, value in words.items()}


def badge(name: str, value: str) -> str:
    """Return an SVG with a name and a value."""
    left, right = (round(CHARACTER * len(text)) + 12 for text in (name, value))
    shown = html.escape(value)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{name}: {shown}"><title>{name}: {shown}</title>'
        f'<rect width="{left}" height="20" fill="#555"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="#0072b2"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" '
        f'font-size="11"><text x="{left / 2:g}" y="14">{name}</text>'
        f'<text x="{left + right / 2:g}" y="14">{shown}</text></g></svg>\n'
    )


def results(citation: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the figures of what ships as Hugging Face's model-index has them."""
    source = {
        "name": "docs/benchmark.md",
        "url": citation["repository-code"] + "/blob/main/docs/benchmark.md",
    }
    found = []
    for cells in shipped():
        low_high = re.fullmatch(r"([\d.]+) \(([\d.]+) to ([\d.]+)\)", cells["right, by study"])
        if low_high is None:
            sys.exit(f"{BENCHMARK}: {cells['right, by study']!r} is not a figure with its interval")
        value, low, high = low_high.groups()
        metrics = [
            metric("accuracy", f"right, each study counting once (95 % {low} to {high})", value),
            metric("expected_calibration_error", "calibration error", cells["calibration error"]),
        ]
        called = re.fullmatch(r"([\d.]+) of ([\d.]+)", cells["called: right of share"])
        if called is not None:
            metrics += [
                metric("precision", "calls that are right", called[1]),
                metric("coverage", "samples that get a call", called[2]),
            ]
        found.append(
            {
                "task": {"type": "tabular-classification", "name": cells["target"]},
                "dataset": {
                    "name": f"{cells['studies']} studies or cohorts, each left out in turn",
                    "type": "public-small-rna-studies",
                },
                "metrics": metrics,
                "source": dict(source),
            }
        )
    return found


def metric(kind: str, name: str, value: str) -> dict[str, Any]:
    """Return one figure of a model-index."""
    return {"type": kind, "name": name, "value": float(value)}


def schema_parameters() -> list[tuple[str, dict[str, Any], bool]]:
    """Return name, description and whether it is required, of each parameter of the workflow."""
    schema = json.loads((ROOT / "nextflow_schema.json").read_text(encoding="utf-8"))
    return [
        (name, entry, name in section.get("required", []))
        for section in schema["$defs"].values()
        for name, entry in section["properties"].items()
    ]


def licence_year() -> str:
    """Return the year of the licence, the date of what has not been released yet."""
    found = re.search(r"Copyright.*?(\d{4})", (ROOT / "LICENSE").read_text(encoding="utf-8"))
    if found is None:
        sys.exit("LICENSE: has no line 'Copyright (c) YEAR': CITATION.cff needs a date-released")
    return found[1]


def reference(entity: dict[str, Any]) -> dict[str, str]:
    """Return the reference to an entity."""
    return {"@id": entity["@id"]}


if __name__ == "__main__":
    main()
