"""MultiQC in strict mode has nothing to say about the sections of all tools together."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from metrics_toys import age_rows, toy_rows, write_rows

from srna_augment.annotate import Annotation
from srna_augment.attribution import plots
from srna_augment.metrics.multiqc import write_sections
from srna_augment.metrics.reading import read_predictions
from srna_augment.metrics.report import build_report
from srna_augment.metrics.settings import Settings
from srna_augment.multiqc_calls import write_multiqc as write_calls
from srna_augment.multiqc_reading import write_multiqc as write_reading
from srna_augment.normalise import normalise
from srna_augment.reading_summary import load, save

# More points than MultiQC draws in a browser unless it is told to.
SAMPLES = 2100
# Calls, map, confusion, coverage, reliability, contributions, forest, depth
PLOTS = 8
PROBE = """<script>addEventListener("load", () => setTimeout(() => {
  const map = document.getElementById("srna_augment_map_plot");
  document.body.dataset.seen = JSON.stringify({
    wide: document.documentElement.scrollWidth, window: innerWidth,
    plots: document.querySelectorAll(".hc-plot.js-plotly-plot").length,
    below: map.layout.legend.orientation === "h",
  });
}, 4000))</script>"""
ORDER = (
    "What was read",
    "What was filled in",
    "How often it is right",
    "Which studies fail, and why",
    "What is taken for what",
    "Calling only the sure ones",
    "What a probability means",
    "Why: the sRNAs that decide",
)


def annotation() -> Annotation:
    tissue = np.array(["liver", "lung", "<brain>", ""], dtype=object)[np.arange(SAMPLES) % 4]
    table = pd.DataFrame(
        {
            "sample_id": [f"s{k}" for k in range(SAMPLES)],
            "study": [f"S{k % 30}" for k in range(SAMPLES)],
            "tissue": tissue,
            "tissue_best": "liver",
            "tissue_probability": "0.9000",
            "tissue_status": "called",
            "tissue_check": np.where(
                tissue == "", "", np.where(tissue == "liver", "agrees", "disagrees")
            ),
        }
    )
    places = np.random.default_rng(0).normal(size=(SAMPLES, 2))
    return Annotation(table, ["tissue"], {"tissue": None}, {}, "", places)


def write_all(folder: Path) -> None:
    """Write the sections of each tool into a folder of its own, as the workflow does."""
    table, metadata = folder / "table.tsv", folder / "samples.tsv"
    counts = pd.DataFrame(
        [[1000, 20, 3], [10, 2000, 3], [500, 500, 0]],
        ["s1", "s2", "s3"],
        ["hsa-mir-21", "hsa-mir-122", "hsa-mir-9-1"],
    )
    counts.to_csv(table, sep="\t")
    metadata.write_text("sample_id\tstudy\ns1\tA\ns2\tA\ns3\tB\n")
    expression, _ = normalise(
        [str(table)], metadata, None, method="log2rpm", level="stem", minimum_reported=0.95
    )
    write_reading(expression, folder / "normalise")
    save(expression.reading, folder / "reading.json")
    rows = [*toy_rows(), *toy_rows(model="rf"), *toy_rows(scheme="random"), *age_rows()]
    report = build_report(
        read_predictions([write_rows(folder / "predictions.tsv", rows)]),
        Settings(resamples=20),
        version="1.2.3",
        reading=load(folder / "reading.json"),
    )
    for name in ("evaluate", "deeplift"):
        (folder / name).mkdir()
    write_sections(report, folder / "evaluate")
    write_calls(annotation(), folder / "augment")
    heat = plots.HeatMap(["liver (3)", "lung (2)"], ["hsa-mir-122"], np.array([[2.0], [-1.0]]))
    bars = plots.SampleBars("s1", "liver", ["hsa-mir-122"], np.array([2.0]), 0.1)
    plots.write_sections(folder / "deeplift", "tissue", heat, [bars], "Rescale", "logits")
    plots.write_importance(folder / "deeplift", "tissue", heat, "folds left out subjects")


@pytest.fixture(scope="module")
def built(tmp_path_factory, root) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Return what MultiQC said in strict mode, and its page."""
    program = shutil.which("multiqc", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("multiqc is not installed (make setup installs it)")
    folder = tmp_path_factory.mktemp("report")
    write_all(folder)
    page, config = folder / "r.html", root / "assets" / "multiqc_config.yml"
    done = subprocess.run(
        [program, folder, "--strict", "--config", config, "--filename", page],
        capture_output=True, text=True, check=False, timeout=300, cwd=folder,
    )  # fmt: skip
    return done, page


@pytest.mark.slow
def test_strict_has_nothing_to_say_and_sections_are_in_order(built):
    done, path = built
    assert done.returncode == 0, done.stderr
    said = [
        line
        for line in (done.stdout + done.stderr).splitlines()
        if re.search(r"warn|error|lint|flat", line, re.IGNORECASE)
        and "Strict mode specified" not in line
    ]
    assert said == []
    page = path.read_text(encoding="utf-8")
    headings = re.findall(r'<h2 class="[^"]*"[^>]*>\s*(?:<[^>]*>\s*)*([^<]+?)\s*<', page)
    assert [heading for heading in headings if heading in ORDER] == list(ORDER)


@pytest.mark.slow
@pytest.mark.parametrize("width", [500, 1400])  # Chromium's windows are not narrower
def test_the_page_is_no_wider_than_its_window(built, width):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no Chromium")
    page = built[1].read_text(encoding="utf-8")
    end = page.rindex("</body>")  # others are in scripts
    looked_at = built[1].with_name(f"{width}.html")
    looked_at.write_text(page[:end] + PROBE + page[end:], encoding="utf-8")
    done = subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},900",
            "--virtual-time-budget=20000", "--dump-dom", looked_at.as_uri(),
        ],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    found = re.search(r'data-seen="([^"]*)"', done.stdout)
    assert found, done.stderr[-500:]
    seen = json.loads(html.unescape(found[1]))
    assert seen["wide"] <= seen["window"] == width
    assert seen["plots"] >= PLOTS
    # on a phone legends lie below the plots
    assert seen["below"] == (width <= 600)
