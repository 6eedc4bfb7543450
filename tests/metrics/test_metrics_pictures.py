"""Plots and MultiQC sections: that they are there, and say what the figures say."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from metrics_toys import age_rows, random_classes, toy_rows

from srna_augment.metrics.multiqc import write_sections
from srna_augment.metrics.plots import write_plots
from srna_augment.metrics.plots.confusion import confusion_figure, shares
from srna_augment.metrics.plots.risk_coverage import highest_risk
from srna_augment.metrics.plots.studies import MOST_STUDIES, studies_figure
from srna_augment.metrics.plots.style import learner_style, save
from srna_augment.metrics.predictions import PredictionSet
from srna_augment.metrics.reading import read_predictions
from srna_augment.metrics.report import build_report
from srna_augment.metrics.settings import Settings


def make_report(found):
    return build_report(found, Settings(resamples=50), version="1.2.3")


@pytest.fixture
def folder(tmp_path):
    """Return an empty folder; the toy's file lies beside it."""
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.fixture
def report(write):
    rows = [
        *toy_rows(),
        *toy_rows(model="majority"),
        *toy_rows(scheme="random"),
        *age_rows(),
        *age_rows(model="rf"),
    ]
    return make_report(read_predictions([write(rows)]))


def svg_words(path) -> list[str]:
    """Return the texts of an SVG; they are text, not outlines."""
    return [
        "".join(element.itertext()).strip()
        for element in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")
    ]


def test_plots_are_there_and_say_what_they_show(report, folder):
    write_plots(report, folder)
    stems = {
        "tissue.accuracy",
        "tissue.group.studies",
        "tissue.group.dl.confusion",
        "tissue.group.reliability",
        "tissue.group.risk_coverage",
        "tissue.random.studies",
        "tissue.random.dl.confusion",
        "tissue.random.reliability",
        "tissue.random.risk_coverage",
        "age_years.accuracy",
        "age_years.group.studies",
    }
    assert {path.name for path in folder.iterdir()} == {
        f"{stem}.{form}" for stem in stems for form in ("svg", "png")
    }
    assert {"liver (3)", "lung (2)", "67", "33", "50"} <= set(
        svg_words(folder / "tissue.group.dl.confusion.svg")
    )
    assert {"network", "majority or mean", "0.56"} <= set(svg_words(folder / "tissue.accuracy.svg"))
    assert {"A (3)", "B (1)", "C (1)"} <= set(svg_words(folder / "tissue.group.studies.svg"))
    assert any("60%" in word for word in svg_words(folder / "tissue.group.risk_coverage.svg"))
    assert "network, ECE 0.330" in svg_words(folder / "tissue.group.reliability.svg")


def test_the_same_report_gives_the_same_bytes(report, folder):
    for name in ("a", "b"):
        (folder / name).mkdir()
        save(confusion_figure(report["results"][0]), folder / name, "confusion")
    for name in ("confusion.svg", "confusion.png"):
        assert (folder / "a" / name).read_bytes() == (folder / "b" / name).read_bytes()


def test_dollars_in_names_are_no_formulas(write, folder):
    write_plots(make_report(read_predictions([write(toy_rows(study=r"lab $\frac$ x"))])), folder)
    assert r"lab $\frac$ x (5)" in svg_words(folder / "tissue.group.studies.svg")


def test_rows_without_samples_are_not_drawn():
    rows, columns, sizes, share = shares(
        {"classes": ["a", "b", "c", "d"], "counts": [[3, 0, 1, 0], [0] * 4, [0, 0, 2, 0], [0] * 4]}
    )
    assert rows == ["a", "c"]
    assert columns == ["a", "c"]
    assert sizes.tolist() == [4, 2]
    assert share.tolist() == [[0.75, 0.25], [0, 1]]


def labels_overlap(labels, canvas) -> bool:
    boxes = [label.get_window_extent(canvas) for label in labels if label.get_text()]
    return any(a.overlaps(b) for a, b in pairwise(boxes))


def test_thirty_classes_stay_readable():
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    drawn = random_classes(1, n=3000, n_classes=30)
    drawn.classes = [f"a tissue of long name {k}" for k in range(30)]
    result = make_report(PredictionSet([drawn]))["results"][0]
    figure = confusion_figure(result)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    axes = figure.axes[0]
    assert not labels_overlap(axes.get_yticklabels(), canvas.get_renderer())
    assert not labels_overlap(axes.get_xticklabels(), canvas.get_renderer())
    width, height = figure.get_size_inches()
    assert max(width, height) < 14
    # rows sum to 100 percent but for what is too small to be written
    rows = np.zeros(30)
    for text in axes.texts:
        rows[round(text.get_position()[1])] += float(text.get_text())
    assert rows == pytest.approx(100, abs=15)


def test_many_studies_are_cut_and_the_title_says_so():
    drawn = random_classes(2, n=600, n_studies=55)
    figure = studies_figure(make_report(PredictionSet([drawn]))["results"])
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(labels) == MOST_STUDIES
    assert f"the {MOST_STUDIES} largest of 55" in figure.get_suptitle()
    shown = [int(re.search(r"\((\d+)\)", label)[1]) for label in labels]
    sizes = np.sort(drawn.study_sizes)[::-1][:MOST_STUDIES]
    assert sorted(shown, reverse=True) == sizes.tolist()


def test_the_majority_class_does_not_set_the_scale(report):
    results = [
        {"model": "dl", "risk_coverage": {"risk": [0.0, 0.1]}},
        {"model": "majority", "risk_coverage": {"risk": [0.9, 0.9]}},
    ]
    assert highest_risk(results, 0.95) == pytest.approx(0.108)
    assert highest_risk(results[:1], 0.8) == pytest.approx(0.4)
    assert highest_risk(results[1:], 0.95) == pytest.approx(0.972)


def test_learners_keep_their_colour():
    names = ["dl", "rf", "plain_forest", "boosted", "logistic", "majority"]
    assert len({learner_style(name) for name in names}) == 6
    assert learner_style("svm") == learner_style("svm")


def test_multiqc_sections(report, folder):
    write_sections(report, folder)
    sections = {
        path.name: json.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir()
    }
    assert set(sections) == {
        "srna_summary_mqc.json",
        "srna_overview_mqc.json",
        "srna_studies_tissue_mqc.json",
        "srna_confusion_tissue_mqc.json",
        "srna_coverage_curves_mqc.json",
        "srna_reliability_curves_mqc.json",
    }
    table = sections["srna_summary_mqc.json"]
    row = table["data"]["tissue, group, network"]
    assert row["headline"] == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert table["data"]["age_years, group, network"]["mae"] == pytest.approx((16 / 3 + 8) / 2)
    assert all(set(row) <= set(table["headers"]) for row in table["data"].values())
    heat = sections["srna_confusion_tissue_mqc.json"]
    assert heat["ycats"] == ["liver (3)", "lung (2)"]
    assert heat["data"] == [[66.67, 33.33], [50, 50]]
    studies = sections["srna_studies_tissue_mqc.json"]
    assert list(studies["data"]) == ["B", "A", "C"]  # the worst first
    assert studies["data"]["B"]["mistakes"] == "lung (1)"
    assert studies["data"]["A"]["mistakes"] == "lung for liver (1)"
    assert studies["data"]["A"]["truth"] == "liver / lung"
    assert "in 1 of 3 studies" in studies["description"]
    curves = sections["srna_coverage_curves_mqc.json"]
    assert [label["name"] for label in curves["pconfig"]["data_labels"]] == [
        "tissue, group",
        "tissue, random",
    ]
    assert set(curves["data"][0]) == {"network", "majority or mean"}
    assert curves["data"][0]["network"][-1] == [100, pytest.approx(40)]
    assert len(curves["pconfig"]["extra_series"]) == len(curves["data"])


def test_sections_of_ages_alone(write, folder):
    write_sections(make_report(read_predictions([write(age_rows())])), folder)
    assert {path.name for path in folder.iterdir()} == {
        "srna_summary_mqc.json",
        "srna_overview_mqc.json",
    }


def test_names_of_any_kind_stay_in_the_folder(write, folder):
    rows = toy_rows(target="../a target/x", model="m.1")
    found = make_report(read_predictions([write(rows)]))
    write_plots(found, folder)
    write_sections(found, folder)
    assert {path.name for path in folder.parent.iterdir()} == {"out", "p.tsv"}
    names = {path.name for path in folder.iterdir()}
    assert "%2E%2E%2Fa%20target%2Fx.group.m%2E1.confusion.png" in names


def test_names_of_any_kind_are_no_html(write, folder):
    name = "<img src=x>&\"'"
    rows = toy_rows(target=name, model=name, scheme=name, study=name, truth=name)
    write_sections(make_report(read_predictions([write(rows)])), folder)
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "<img src=x" not in text
        assert "&lt;img src=x&gt;&amp;&quot;&#x27;" in text or "overview" in path.name


def test_config_orders_the_sections_that_are_written(report, folder, root):
    import yaml

    config = yaml.safe_load((root / "assets" / "multiqc_config.yml").read_text(encoding="utf-8"))
    write_sections(report, folder)
    parents = {
        json.loads(path.read_text(encoding="utf-8"))["parent_id"] for path in folder.iterdir()
    }
    assert parents <= set(config["custom_content"]["order"])


@pytest.mark.slow
def test_multiqc_takes_every_section(report, folder, root):
    """The report itself: no warning in strict mode, each section in it."""
    import shutil
    import subprocess
    import sys
    from pathlib import Path

    program = shutil.which("multiqc", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("multiqc is not installed (make setup installs it)")
    write_sections(report, folder)
    done = subprocess.run(
        [
            program,
            "--strict",
            "--config",
            str(root / "assets" / "multiqc_config.yml"),
            "--outdir",
            str(folder / "out"),
            "--filename",
            "report.html",
            str(folder),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert not re.search(r"validat|\berror|could not|failed", done.stderr, re.IGNORECASE)
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    for words in (
        "How to read this page",
        "How often it is right",
        "What is taken for what",
        "Calling only the sure ones",
        "What a probability means",
    ):
        assert words in page
