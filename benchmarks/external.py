#!/usr/bin/env python3
"""How the model that ships does on tables of strangers, as they lie in public repositories.

    python benchmarks/external.py FOLDER [--set first|second] [--only NAME ...] [--keep FILE]

FOLDER holds a clone, bare or not, of each repository of external.tsv, named OWNER+NAME:

    git clone --bare https://github.com/OWNER/NAME FOLDER/OWNER+NAME

Tables are taken out at the commit that external.tsv names, and given to `normalise` and `augment`
with their default options. Printed is Markdown: a table of studies whose tissue the model knows,
headline figures with each study counting once, and a table of what should get no call: tissues that
are no class of the model, cells, other species, other assays. Of others' data only names, commits
and paths are kept here; --keep writes what was said of each sample, to look at.

Columns of external.tsv:

- ``set``: first or second. The first was looked at while the model was built, the second was
  searched for afterwards.
- ``path``: the tables of one call, comma between; ``#`` and an object of R's files or a sheet of
  Excel's (as a user would save it first; needs the packages rdata and openpyxl, which the suite
  does not).
- ``tissue``: what the repository, or the series that it cites, says that the samples are, as a
  class of the model; ``a or b`` where it leaves that open; ``-`` for what is no class of the model.
  For several tissues ``pattern=tissue``, ` ; ` between: the first pattern found in a sample's name,
  or in its label, decides; samples that none is found in are left out.
- ``labels``: ``path:id column:label column`` of a table of the same repository with labels.
- ``mended``: what a user does about the refusal of the table as it lies (which is printed): blank
  cells of the ``header`` are filled, or options are added.
- ``kind``: tissue, fluid, vesicles (of a fluid), cells, species, assay, broken (names of miRNAs out
  of place). Rows of the same name are one study.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from srna_augment.metrics.bootstrap import interval, with_resamples
from srna_augment.metrics.classification import by_study
from srna_augment.metrics.figures import figures
from srna_augment.metrics.predictions import ClassPredictions
from srna_augment.metrics.settings import Settings
from srna_augment.ontology import tissue_group

ROOT = Path(__file__).resolve().parent.parent
TARGETS = ("tissue", "tissue_group")
SOLID, FLUID = ("tissue",), ("fluid", "vesicles")
UNKNOWN = "-"
# From which probability on a user may take best guesses for calls.
LEAST = (0.6, 0.7, 0.75, 0.8, 0.9)
# ten bins, as in docs/benchmark.md
SETTINGS = Settings(bins=10)

KNOWN_COLUMNS = (
    "study",
    "kind",
    "tissue",
    "samples",
    "right",
    "group right",
    "called",
    "of these right",
    "group called",
    "of these right",
    "out of distribution",
    "taken for",
)
FIGURE_COLUMNS = (
    "",
    "studies",
    "samples",
    "right, by study",
    "called: right of share",
    "in the set",
    "classes in it",
    "mean probability",
    "calibration error",
    "out of distribution",
)
UNKNOWN_COLUMNS = (
    "no class of the model",
    "kind",
    "samples",
    "no tissue called",
    "out of distribution",
    "called",
    "no group called",
    "called",
)


def rows(which: str | None, only: list[str]) -> list[dict[str, str]]:
    """Return the rows of external.tsv, or those of a set, or of the studies named."""
    with (ROOT / "benchmarks" / "external.tsv").open(encoding="utf-8") as file:
        every = list(csv.DictReader(file, delimiter="\t"))
    chosen = [row for row in every if which in (None, row["set"])]
    return [row for row in chosen if not only or row["name"] in only]


def blob(folder: Path, row: dict[str, str], path: str) -> bytes:
    """Return a file of a repository at its commit."""
    clone = folder / row["repository"].replace("/", "+")
    call = ["git", "-C", str(clone), "show", f"{row['commit']}:{path}"]
    return subprocess.run(call, capture_output=True, check=True).stdout


def take_out(folder: Path, row: dict[str, str], into: Path) -> list[Path]:
    """Write the tables of a study into a folder, as they are, and return their paths."""
    taken = []
    for path in row["path"].split(","):
        path, _, part = path.partition("#")
        content = blob(folder, row, path)
        target = into / Path(path).name
        if part:
            target = target.with_suffix(".tsv")
            exported(content, path, part).to_csv(target, sep="\t")
        else:
            target.write_bytes(content)
        taken.append(target)
    return taken


def exported(content: bytes, path: str, part: str) -> pd.DataFrame:
    """Return an object of an R file, or a sheet of an Excel file, as a table with names."""
    if path.endswith(".xlsx"):
        return pd.read_excel(io.BytesIO(content), sheet_name=part, index_col=0)
    import rdata

    held = rdata.conversion.convert(rdata.parser.parse_data(content))
    table = held[part] if isinstance(held, dict) else held  # an .rds is one object without a name
    return table if isinstance(table, pd.DataFrame) else table.to_pandas()


def fill_header(table: Path) -> None:
    """Name the blank cells of a header, as a user does whom the refusal tells to."""
    text = table.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    first, rest = text.split(b"\n", 1)
    cells = [cell or b"unnamed_%d" % k for k, cell in enumerate(first.split(b","))]
    table.write_bytes(b",".join(cells) + b"\n" + rest)


def key(name: str) -> str:
    """Return a sample's name without what tools add to it, to compare two tables."""
    return re.sub(r"[\W_]+", "_", re.split(r"\.(?:fasta|fastq)\b", name)[0])


def truth_of(folder: Path, row: dict[str, str], samples: pd.Index) -> pd.Series:
    """Return the tissue of each sample; those that no pattern is found in are left out."""
    if "=" not in row["tissue"]:
        return pd.Series(row["tissue"], index=samples)
    texts = {sample: sample for sample in samples}
    if row["labels"]:
        path, id_column, label_column = row["labels"].split(":")
        content = blob(folder, row, path)
        content = gzip.decompress(content) if path.endswith(".gz") else content
        text = content.decode("utf-8-sig", "replace")
        table = pd.read_csv(io.StringIO(text), sep=None, engine="python", dtype=str)
        by_key = dict(zip(table[id_column].map(key), table[label_column], strict=True))
        texts = {sample: str(by_key.get(key(sample), "")) for sample in samples}
    rules = [rule.rsplit("=", 1) for rule in row["tissue"].split(" ; ")]
    found = {
        sample: next((tissue for pattern, tissue in rules if re.search(pattern, text)), None)
        for sample, text in texts.items()
    }
    return pd.Series(found, dtype=object).dropna()


def call(tool: str, *words: object) -> str:
    """Run a tool of the suite; return why it refused, or nothing."""
    done = subprocess.run(
        [sys.executable, ROOT / "bin" / tool, *map(str, words), "--threads", "1"],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    if not done.returncode:
        return ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else f"{tool} ended with {done.returncode}"


def said_of(tables: list[Path], output: Path, *options: str) -> str:
    """Run both commands as a user would; return why one of them refused, or nothing."""
    normalised = call("normalise", *tables, *options, "--output", output.with_suffix(".h5ad"))
    augmented = call("augment", *tables, *options, "--output", output.with_suffix(".tsv"))
    return augmented or (normalised and f"by normalise alone: {normalised}")


def study(folder: Path, row: dict[str, str]) -> tuple[pd.DataFrame | None, str]:
    """Return what was said of the samples of one row, with their truth, and any refusal."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            tables = take_out(folder, row, Path(scratch))
        except (OSError, ImportError, subprocess.CalledProcessError) as missing:
            return None, f"not taken out: {missing}"
        output = Path(scratch) / "out"
        refused = said_of(tables, output)
        if refused and row["mended"]:
            options = row["mended"].split() if row["mended"].startswith("--") else []
            for table in tables if not options else ():
                fill_header(table)
            again = said_of(tables, output, *options)
            refused += f" (mended: {again or 'read'})"
        refused = refused.replace(f"{scratch}/", "")
        if not output.with_suffix(".tsv").exists():
            return None, refused
        said = pd.read_csv(output.with_suffix(".tsv"), sep="\t", dtype={0: str})
    said = said.set_index(said.columns[0])
    truth = truth_of(folder, row, said.index)
    said = said.loc[truth.index].assign(truth=truth, name=row["name"], kind=row["kind"])
    return said.rename_axis("sample").reset_index(), refused


def judged(said: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the truth (one class of those that are right), whether right, called, outside."""
    best = said[f"{target}_best"]
    options = [truth.split(" or ") for truth in said["truth"]]
    if target == "tissue_group":
        options = [[tissue_group(name) for name in names] for names in options]
    truth = [b if b in names else names[0] for b, names in zip(best, options, strict=True)]
    sets = [set(names.split("|")) for names in said[f"{target}_set"]]
    status = said[f"{target}_status"]
    return pd.DataFrame(
        {
            "name": said["name"],
            "truth": truth,
            "best": best,
            "probability": said[f"{target}_probability"],
            "right": np.array(truth) == best.to_numpy(),
            "called": status == "called",
            "outside": status == "out_of_distribution",
            "held": [bool(own & set(names)) for own, names in zip(sets, options, strict=True)],
            "size": [len(own) for own in sets],
        }
    )


def predictions(found: pd.DataFrame, target: str) -> ClassPredictions:
    """Return the same in the form that the suite's figures are computed from."""
    names, codes = np.unique(found["name"], return_inverse=True)
    classes = sorted(set(found["truth"]) | set(found["best"]))
    index = {name: k for k, name in enumerate(classes)}
    return ClassPredictions(
        target=target,
        scheme="external",
        model="shipped",
        samples=np.arange(len(found)).astype(str),
        folds=np.zeros(len(found)),
        studies=list(names),
        study=codes,
        study_unit="study",
        classes=classes,
        truth=found["truth"].map(index).to_numpy(),
        predicted=found["best"].map(index).to_numpy(),
        confidence=found["probability"].to_numpy(float),
        probabilities=None,
    )


def headline(found: pd.DataFrame, target: str, title: str) -> str:
    """Return a row of the table of figures, each study counting once."""
    out = predictions(found, target)
    n = out.n_studies
    weights = with_resamples(n, SETTINGS.resamples, SETTINGS.seed)
    got = figures(out, weights, SETTINGS, ("accuracy_by_study", "ece_by_study"))
    right = got["accuracy_by_study"]
    ends = interval(right[1:], SETTINGS.level)
    between = f" ({ends[0]:.2f} to {ends[1]:.2f})" if ends else ""

    def mean(values: pd.Series) -> float:
        sums = by_study(values.to_numpy(float), out.study, n) / out.study_sizes
        return float(sums.mean())

    called, hits = mean(found["called"]), mean(found["called"] & found["right"])
    calls = f"{hits / called:.2f} of {called:.2f}" if called else "none"
    n_called, n_hits = int(found["called"].sum()), int((found["called"] & found["right"]).sum())
    homes = found["name"][found["called"]].nunique()
    cells = (
        f"{title}, {target}",
        n,
        len(found),
        f"{right[0]:.3f}{between}",
        f"{calls} ({n_hits} of {n_called} samples, {homes} of {n} studies)",
        f"{mean(found['held']):.2f}",
        f"{mean(found['size']):.1f}",
        f"{mean(found['probability']):.2f}",
        f"{got['ece_by_study'][0]:.3f}",
        f"{mean(found['outside']):.2f}",
    )
    return markdown(cells)


def markdown(cells: Iterable[object]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"


def commonest(values: pd.Series, most: int = 3) -> str:
    """Return the commonest values with their numbers."""
    return ", ".join(f"{name} ({count})" for name, count in values.value_counts()[:most].items())


def known_row(name: str, said: pd.DataFrame) -> str:
    """Return the row of one study whose tissues the model knows."""
    tissue, group = judged(said, "tissue"), judged(said, "tissue_group")
    wrong = tissue[~tissue["right"]]
    called = tissue["called"].sum()
    tissues = list(dict.fromkeys(said["truth"].value_counts().index))
    shown = ", ".join(tissues[:4]) + (f" and {len(tissues) - 4} more" if len(tissues) > 4 else "")
    cells = (
        name,
        "/".join(sorted(said["kind"].unique())),
        shown,
        len(said),
        f"{tissue['right'].mean():.2f}",
        f"{group['right'].mean():.2f}",
        f"{tissue['called'].mean():.2f}",
        f"{tissue['right'][tissue['called']].mean():.2f}" if called else "",
        f"{group['called'].mean():.2f}",
        f"{group['right'][group['called']].mean():.2f}" if group["called"].any() else "",
        f"{tissue['outside'].mean():.2f}",
        commonest(wrong["best"]),
    )
    return markdown(cells)


def unknown_row(name: str, said: pd.DataFrame) -> str:
    """Return the row of one table that should get no call."""
    tissue, group = (said[f"{target}_status"] for target in TARGETS)
    cells = (
        name,
        said["kind"].iloc[0],
        len(said),
        f"{(tissue != 'called').mean():.2f}",
        f"{(tissue == 'out_of_distribution').mean():.2f}",
        commonest(said["tissue_best"][tissue == "called"]),
        f"{(group != 'called').mean():.2f}",
        commonest(said["tissue_group_best"][group == "called"]),
    )
    return markdown(cells)


def by_probability(known: pd.DataFrame, unknown: pd.DataFrame) -> None:
    """Print how right best guesses are from each probability on, whatever the model calls."""
    unlike = f"of {len(unknown)} that are no class"
    print("\n" + header("from", "tissue: right of share", unlike, "group: right of share", unlike))
    for least in LEAST:
        cells = [f"{least:g}"]
        for target in TARGETS:
            found = judged(known, target)
            weights = 1 / found.groupby("name")["right"].transform("size")
            sure = (found["probability"] >= least) & ~found["outside"]
            share = weights[sure].sum() / weights.sum()
            right = weights[sure & found["right"]].sum() / max(weights[sure].sum(), 1e-12)
            inside = unknown[f"{target}_status"] != "out_of_distribution"
            called = int((inside & (unknown[f"{target}_probability"] >= least)).sum())
            cells += [f"{right:.3f} of {share:.2f}" if share else "none", str(called)]
        print(markdown(cells))


def header(*names: str) -> str:
    """Return the first two lines of a Markdown table."""
    return f"{markdown(names)}\n{markdown(['---'] * len(names))}"


def by_tissue(said: pd.DataFrame) -> None:
    """Print each tissue of the studies that have many, as a study counts once above."""
    many = said.groupby("name")["truth"].transform("nunique") > 4
    for name, one in said[many].groupby("name"):
        print(f"\n{name}, tissue by tissue:\n")
        print(header("tissue", "samples", "right", "group right", "called", "taken for"))
        for truth in sorted(one["truth"].unique()):
            of_tissue = one[one["truth"] == truth]
            tissue, group = judged(of_tissue, "tissue"), judged(of_tissue, "tissue_group")
            wrong = tissue["best"][~tissue["right"]]
            shares = (tissue["right"], group["right"], tissue["called"])
            means = [f"{share.mean():.2f}" for share in shares]
            print(markdown((truth, len(of_tissue), *means, commonest(wrong))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="clones, one folder a repository")
    parser.add_argument("--set", choices=("first", "second"), help="default: both")
    parser.add_argument("--only", nargs="*", default=[], help="names of studies")
    parser.add_argument("--keep", type=Path, help="write what was said of each sample here (TSV)")
    options = parser.parse_args()
    found, refusals = [], []
    for row in rows(options.set, options.only):
        said, refused = study(options.folder, row)
        print(row["name"], row["kind"], refused or "read", file=sys.stderr)
        if refused:
            refusals.append(markdown((row["name"], row["kind"], refused)))
        if said is not None:
            found.append(said)
    if not found:
        sys.exit("no table was read")
    said = pd.concat(found, ignore_index=True)
    if options.keep:
        said.to_csv(options.keep, sep="\t", index=False)
    known = said[said["truth"] != UNKNOWN]
    print(header(*KNOWN_COLUMNS))
    for name, one in known.groupby("name", sort=False):
        print(known_row(str(name), one))
    print("\n" + header(*FIGURE_COLUMNS))
    for title, kinds in (("all", SOLID + FLUID), ("solid", SOLID), ("fluids", FLUID)):
        chosen = known[known["kind"].isin(kinds)]
        for target in TARGETS if len(chosen) else ():
            print(headline(judged(chosen, target), target, title))
    unknown = said[said["truth"] == UNKNOWN]
    by_probability(known.reset_index(drop=True), unknown)
    by_tissue(known)
    print("\n" + header(*UNKNOWN_COLUMNS))
    for name, one in unknown.groupby("name", sort=False):
        print(unknown_row(str(name), one))
    print("\n" + header("refused", "kind", "in these words"))
    print("\n".join(refusals))


if __name__ == "__main__":
    main()
