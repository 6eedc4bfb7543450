#!/usr/bin/env python3
"""Write docs/reference.md from the code: every option, parameter, column, file and profile.

Options come from the commands themselves, parameters from nextflow_schema.json, names of columns
from the constants of the code that writes them. Only what a column means is said here, and a column
without a meaning is an error. ``--check`` writes nothing and fails where the page is old.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from srna_augment import calling, cellxgene, predictions
from srna_augment.attribution import tables
from srna_augment.metrics.settings import Settings
from srna_augment.metrics.table import table_rows

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference.md"
COMMANDS = ("augment", "normalise", "train-dl", "train-rf", "evaluate", "deeplift-score")
EXITS = {
    "0": "done",
    "1": "data that cannot be used; one line says what, where and what to do",
    "2": "a wrong call; one line says what to give instead",
    "3": "`--strict` was asked for and not met",
    "130": "Ctrl-C",
    "143": "asked to end (SIGTERM)",
}
FIXED = {
    "T_best": "the most probable class, always",
    "T_probability": "its probability, calibrated on samples left out",
    "T_status": "`called`, `withheld` or `out_of_distribution`",
    "T_pred": "`T_best` where called, else empty",
    "T_pred_ontology_term_id": "the term of `T_pred`: UBERON, PATO or HsapDv",
    "T_set": "all classes that cannot be ruled out, the most probable first, `|` between",
    "T_check": "`agrees` or `disagrees` with a label that was given; empty: no call, or no label; "
    "of a training sample, with what `--out-of-fold` says of it",
    "age_years_pred": "age in years, whether an age group is called or not; empty where the sample "
    "is out of distribution",
    "age_years_low": "lower end of its interval",
    "age_years_high": "upper end of its interval",
    "sample_id": "the sample",
    "tissue_ontology_term_id": "UBERON term, or `unknown`",
    "tissue_evidence": "ECO:0000204 (a label), ECO:0007669 (a call), or empty",
    "sex_ontology_term_id": "PATO term, or `unknown`",
    "sex_evidence": "as `tissue_evidence`",
    "development_stage_ontology_term_id": "HsapDv term, or `unknown`",
    "development_stage_evidence": "as `tissue_evidence`",
    "target": "what was predicted",
    "model": "by which learner or baseline",
    "learner": "learner or baseline",
    "scheme": "what was held out: `random`, `group`, `site`, or by `transfer`",
    "fold": "in which fold the sample was left out",
    "truth": "its label",
    "predicted": "the most probable class; for `age_years` a number",
    "probability": "of `predicted`",
    "study": "what counts once in figures",
    "distance": "from the nearest class of the fold",
    "calibrated": "whether probabilities are: yes, but no in what `--fold` wrote",
    "prob:<class>": "probability of each class",
    "n": "samples with a known truth",
    "studies": "studies among them",
    "accuracy_by_study": "accuracy, each study counting once",
    "low": "lower end of the interval of `accuracy_by_study` (years: of `mae_by_study`)",
    "high": "upper end of it",
    "accuracy": "accuracy, each sample counting once",
    "balanced_accuracy": "mean recall of the classes",
    "ece": "expected calibration error",
    "coverage_at_P": "share of samples that can be called with the share P of calls right",
    "mae_by_study": "mean error in years, each study counting once",
    "best": "a star: the learner chosen for the target",
    "class": "the class that is explained",
    "samples_of": "the class that the samples belong to",
    "n_samples": "how many samples",
    "n_studies": "of how many studies",
    "rank": "by contribution, 1 is the strongest",
    "feature": "the sRNA",
    "mean": "mean contribution to the class's logit",
    "sd": "its spread between samples",
    "share_positive": "share of samples in which it speaks for the class",
    "share_top20": "share in which it is among the twenty that do so most",
    "studies_positive": "as `share_positive`, of the means of studies",
    "studies_top20": "as `share_top20`, of the means of studies",
    "difference": "how much higher the sRNA is in the class than in the training samples",
    "delta": "sum of the contributions less the difference of logits: zero but for rounding",
    "contribution": "what the sRNA adds to the logit",
    "expression": "its value in the sample; empty: not reported",
    "training_mean": "its mean in training",
    "n_models": "models compared",
    "rank_correlation": "of the contributions, median over pairs of models",
    "kept_of_top20": "of the twenty strongest, how many stay: median over pairs of models",
    "least_kept_of_top20": "and at worst",
    "always_top": "sRNAs among the twenty strongest in every model, `|` between",
}


def main() -> None:
    """Write the page, or with ``--check`` say that it is old."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if it is old")
    text = page()
    if parser.parse_args().check:
        if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
            sys.exit("docs/reference.md: not in step with the code: run scripts/reference.py")
        return
    PAGE.write_text(text, encoding="utf-8")


def page() -> str:
    """Return the whole page."""
    parts = [
        "# Reference",
        "Every option, parameter, column, file and profile. Written from the code by "
        "`scripts/reference.py`; do not edit.",
        "## Commands",
        *map(command_part, COMMANDS),
        "### Exit codes",
        table(("code", "meaning"), EXITS.items()),
        "## Tables",
        *column_parts(),
        "## The workflow",
        *workflow_parts(),
    ]
    return "\n\n".join(parts) + "\n"


def command_part(name: str) -> str:
    """Describe one command: what it does, then a row an option."""
    command = importlib.import_module(f"srna_augment.cli.{name.replace('-', '_')}").main
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    options = [p for p in command.params if isinstance(p, click.Option)]
    words = " ".join(plain(command.help).split("\n\n")[0].split())
    call = " ".join([name, *(p.metavar or p.name.upper() for p in arguments), "[OPTIONS]"])
    rows = [(option_names(p), option_default(p), cell(plain(p.help))) for p in options]
    return "\n\n".join(
        [f"### {name}", f"`{call}`", words, table(("option", "default", "meaning"), rows)]
    )


def option_names(option: click.Option) -> str:
    """Return the spellings of an option and what it takes."""
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    if option.is_flag:
        return names
    if isinstance(option.type, click.Choice):
        return f"{names} {cell(' | '.join(map(str, option.type.choices)))}"
    numbers = {"integer": "N", "integer range": "N", "float": "X", "float range": "X"}
    kind = numbers.get(option.type.name, option.type.name.upper())
    return f"{names} {option.metavar or kind}"


def option_default(option: click.Option) -> str:
    """Return the default as a reader would give it."""
    if option.required:
        return "*required*"
    if isinstance(option.show_default, str):
        return option.show_default
    value = option.to_info_dict()["default"]
    if value is None or option.is_flag or callable(value) or value == ():
        return ""
    return ", ".join(f"`{one}`" for one in (value if isinstance(value, list | tuple) else [value]))


def column_parts() -> list[str]:
    """Describe every table, a row a column."""
    empty = {"results": [], "settings": {}, "best_model": {}}
    (header,) = table_rows(empty, Settings())
    metrics = [re.sub(r"^coverage_at_.*", "coverage_at_P", name) for name in header]
    columns = {
        "annotated.tsv (augment), for each target T, after the metadata": [
            *(f"T_{suffix}" for suffix in calling.SUFFIXES),
            *calling.YEARS_COLUMNS,
        ],
        "cellxgene.tsv (augment --cellxgene)": cellxgene_columns(),
        "predictions.tsv (train-dl, train-rf)": [*predictions.COLUMNS, "prob:<class>"],
        "metrics.tsv (evaluate --table)": metrics,
        "classes (deeplift-score --tables; train-rf --importance)": tables.CLASS_COLUMNS,
        "samples (deeplift-score --tables)": tables.SAMPLE_COLUMNS,
        "stability (deeplift-score --tables)": tables.STABILITY_COLUMNS,
    }
    return [
        part
        for title, names in columns.items()
        for part in (
            f"### {title}",
            table(("column", "meaning"), ((f"`{name}`", cell(FIXED[name])) for name in names)),
        )
    ]


def cellxgene_columns() -> list[str]:
    """Return the columns of the CELLxGENE export, as it writes them."""
    import pandas as pd

    nothing = pd.DataFrame({"sample_id": []}, dtype=object)
    return list(cellxgene.cellxgene_table(nothing, []).columns)


def workflow_parts() -> list[str]:
    """Describe parameters, results and profiles."""
    schema = json.loads((ROOT / "nextflow_schema.json").read_text(encoding="utf-8"))
    parts = []
    for section in schema["$defs"].values():
        required = section.get("required", [])
        rows = [
            (
                f"`--{name}`",
                "*required*" if name in required and "default" not in entry else default(entry),
                cell(entry["description"]),
            )
            for name, entry in section["properties"].items()
        ]
        parts += [f"### {section['title']}", table(("parameter", "default", "meaning"), rows)]
    text = (ROOT / "main.nf").read_text(encoding="utf-8")
    published = re.findall(r"published\('([^']+)', '([^']+)',", text)
    rows = ((kind, f"`{folder}`") for kind, folder in published)
    profiles = re.findall(
        r"^    (\w+) \{", (ROOT / "conf/profiles.config").read_text(encoding="utf-8"), re.MULTILINE
    )
    return [
        *parts,
        "### Results",
        "`index.csv` has the path of each; [output.md](output.md) says what is in them.",
        table(("result", "folder"), rows),
        "### Profiles",
        ", ".join(f"`{name}`" for name in profiles)
        + ". [scaling.md](scaling.md) says what each is for.",
    ]


def default(entry: dict) -> str:
    """Return the default of a parameter."""
    if "default" not in entry:
        return ""
    value = entry["default"]
    return f"`{json.dumps(value) if isinstance(value, bool) else value}`"


def plain(text: str | None) -> str:
    """Undo the markup of the terminal's help."""
    text = re.sub(r"\[bold cyan\](.*?)\[/\]", r"`\1`", text or "", flags=re.DOTALL)
    text = re.sub(r"\[bold\](.*?)\[/\]", r"**\1**", text, flags=re.DOTALL)
    text = re.sub(r"\[italic\](.*?)\[/\]", r"*\1*", text, flags=re.DOTALL)
    return text.replace(r"\[", "[")


def cell(text: str) -> str:
    """Return a text that can stand in a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", r"\|")


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    header = list(header)
    lines = [header, ["---"] * len(header), *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
