#!/usr/bin/env python3
"""Draw the pictures of README.md from what the project has measured and made.

    scripts/pictures.py RESULTS

Into docs/images: `studies.png` from the table of studies in docs/benchmark.md; `deciding.png` from
models/explanations.tsv; `page.png`, the page of `augment --html` for eight bundled samples whose
tissue the demo never saw, by the models in RESULTS (of `make demo`). The page is photographed by
Chromium; without one that picture stays as it is.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from srna_augment.metrics.plots.style import GREY, LARGE, NORMAL, PALE, SMALL, new_figure, tidy

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
DEMO = ROOT / "assets" / "demo"
FLUIDS = ("blood", "blood plasma", "blood serum")
SOLID_COLOUR, FLUID_COLOUR = "#0072B2", "#E69F00"
TARGETS = ("tissue", "tissue_group", "sex", "age")
EACH = 2  # sRNAs of a class in the heat map
COLOURS = 64
WINDOW = (1280, 1330)


def studies() -> None:
    """Draw a bar a study: the share of its samples whose tissue is right when it is left out."""
    text = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- figures: each -->\n(.*?)\n<!-- end -->", text, re.DOTALL)
    if found is None:
        sys.exit("docs/benchmark.md: has no '<!-- figures: each -->': run make benchmark")
    cells = [[c.strip() for c in line.strip("| ").split("|")] for line in found[1].split("\n")[2:]]
    table = pd.DataFrame(
        {"tissue": [row[1] for row in cells], "right": [float(row[3]) for row in cells]}
    )
    table["fluid"] = [set(name.split(", ")) <= set(FLUIDS) for name in table["tissue"]]
    table = table.sort_values(["fluid", "right"], ascending=[True, False], kind="stable")
    figure = new_figure(8, 2.5)
    axes = figure.add_subplot()
    starts = 0
    for fluid, colour, words in (
        (False, SOLID_COLOUR, "solid tissues and others"),
        (True, FLUID_COLOUR, "blood, plasma, serum"),
    ):
        own = table[table["fluid"] == fluid]
        places = np.arange(starts, starts + len(own))
        hatch = "///" if fluid else None
        # a thin line where nothing is right, so that the study is seen
        axes.bar(
            places, np.maximum(own["right"], 0.01), 0.8, color=colour, hatch=hatch,
            edgecolor="white", linewidth=0,
        )  # fmt: skip
        axes.hlines(own["right"].mean(), places[0] - 0.5, places[-1] + 0.5, color=GREY, lw=1)
        axes.text(
            places.mean(), 1.04, f"{words}: {own['right'].mean():.2f} in the mean of {len(own)}",
            ha="center", fontsize=NORMAL, color=GREY,
        )  # fmt: skip
        starts += len(own) + 2
    tidy(axes, grid="y")
    axes.set_xticks([])
    axes.set_ylim(0, 1.12)
    axes.set_ylabel("share right", fontsize=NORMAL)
    axes.set_title(
        "Tissue, a bar a study that was left out: at some all is right, at some nothing",
        fontsize=LARGE,
        loc="left",
    )
    save(figure, "studies")


def deciding() -> None:
    """Draw classes x sRNAs: which the shipped model goes by."""
    table = pd.read_csv(ROOT / "models" / "explanations.tsv", sep="\t")
    table = table[table["target"] == "tissue_group"]
    first = table[(table["rank"] <= EACH) & (table["mean"] > 0)]
    columns = list(dict.fromkeys(first["feature"]))
    values = table.pivot_table(index="class", columns="feature", values="mean", aggfunc="first")
    values = values.reindex(index=sorted(set(table["class"])), columns=columns)
    limit = float(np.nanquantile(np.abs(values.to_numpy()), 0.95))
    figure = new_figure(8, 4.4)
    axes = figure.add_subplot()
    image = axes.imshow(values, cmap="Reds", vmin=0, vmax=limit, aspect="auto")
    axes.set_xticks(range(len(columns)), columns, rotation=90, fontsize=SMALL)
    axes.set_yticks(range(len(values)), values.index, fontsize=NORMAL)
    axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(values) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=PALE, linewidth=0.4)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(
        "The sRNAs that speak for each tissue group (DeepLIFT)", fontsize=LARGE, loc="left"
    )
    bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=20, pad=0.01, extend="max")
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL)
    bar.set_label("mean contribution (logits)", fontsize=SMALL)
    save(figure, "deciding")


def page(results: Path) -> None:
    """Photograph the page of eight samples, some of them called and some not."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("page.png: there is no Chromium: left as it is")
        return
    models = [results / "models" / f"{target}.dl.h5" for target in TARGETS]
    calls = pd.read_csv(results / "annotated.tsv", sep="\t", dtype=str, keep_default_na=False)
    blanks = calls[calls["tissue"] == ""]
    called = blanks[blanks["tissue_status"] == "called"].drop_duplicates("tissue_best")
    others = blanks[blanks["tissue_status"] != "called"].drop_duplicates("tissue_status")
    chosen = [*called["sample_id"][: 8 - len(others)], *others["sample_id"]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for table in ("tcga", "plasma_serum"):
            counts = pd.read_csv(DEMO / f"{table}.tsv.gz", sep="\t", index_col=0)
            own = [sample for sample in chosen if sample in counts.index]
            if own:
                counts.loc[own].to_csv(folder / f"{table}.tsv", sep="\t")
        labels = pd.read_csv(DEMO / "metadata.tsv", sep="\t", dtype=str, keep_default_na=False)
        labels[labels["sample_id"].isin(chosen)].to_csv(folder / "s.tsv", sep="\t", index=False)
        asked = [word for model in models for word in ("--model", model)]
        subprocess.run(
            [
                "augment", *sorted(folder.glob("*a.tsv")), *sorted(folder.glob("*m.tsv")),
                "--metadata", folder / "s.tsv", *asked, "--quiet",
                "--output", folder / "o", "--html", folder / "page.html",
            ],
            check=True,
        )  # fmt: skip
        subprocess.run(
            [
                chromium, "--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu",
                f"--window-size={WINDOW[0]},{WINDOW[1]}", f"--screenshot={folder / 'page.png'}",
                (folder / "page.html").as_uri(),
            ],
            check=True, capture_output=True,
        )  # fmt: skip
        with Image.open(folder / "page.png") as picture:
            shrink(picture, "page")


def save(figure, name: str) -> None:
    """Write a figure to docs/images."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        figure.savefig(path, dpi=150, metadata={"Software": None})
        with Image.open(path) as picture:
            shrink(picture, name)


def shrink(picture: Image.Image, name: str) -> None:
    """Write a picture with few colours, which keeps the file small."""
    small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(IMAGES / f"{name}.png", optimize=True)
    print(f"docs/images/{name}.png: {(IMAGES / f'{name}.png').stat().st_size / 1000:.0f} kB")


def main(results: Path) -> None:
    """Draw all three."""
    IMAGES.mkdir(exist_ok=True)
    studies()
    deciding()
    page(results)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
