"""What a biologist sees: Galaxy's own page in Chromium, from log-in to the result."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from galaxy_harness import CLIENT, ROOT, SUITE

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(2400)]

PICTURES = ["upload", "tool", "done", "page", "table", "metadata", "checked", "error", "tour"]


@pytest.fixture(scope="session")
def visit(server: dict, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    """Walk through the tutorial once; return what was to be read, and the folder of pictures.

    SRNA_AUGMENT_PICTURES names a folder to keep them in: docs/galaxy/images for the tutorial.
    """
    if not any(map(shutil.which, ("chromium", "google-chrome"))):
        pytest.skip("there is no Chromium (root on Debian: scripts/galaxy_server.py install)")
    folder = Path(os.environ.get("SRNA_AUGMENT_PICTURES") or tmp_path_factory.mktemp("pictures"))
    user = server["user"]
    files = [
        SUITE / "test-data" / name for name in ("tumours.tsv", "tumours_swapped.tsv", "words.tsv")
    ]
    command = [CLIENT / "python", ROOT / "tests" / "galaxy" / "browse.py", server["url"]]
    command += [user["email"], server["password"], *files, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stderr[-3000:]}\nThe last picture lies in {folder}"
    return json.loads(done.stdout), folder


def test_the_page_names_every_sample_and_what_was_called(visit: tuple[dict, Path]) -> None:
    page = visit[0]["page"]
    for sample in ("TCGA-DU-5847-01A-11R-1707-13", "TCGA-BP-4158-01A-02R-1288-13"):
        assert sample in page.split()
    for word in ("tissue", "sex", "age"):
        assert word in page.lower()
    assert "<style" not in page  # the source would be shown if Galaxy did not trust the page


def test_the_table_is_shown_with_its_columns(visit: tuple[dict, Path]) -> None:
    assert {"sample_id", "tissue_best", "tissue_probability"} <= set(visit[0]["table"].split())


def test_a_label_that_the_small_rnas_contradict_is_pointed_out(visit: tuple[dict, Path]) -> None:
    # tumours_swapped.tsv calls this kidney brain.
    page = visit[0]["checked"]
    assert "disagree" in page
    assert "TCGA-BP-4158-01A-02R-1288-13" in page.split()


def test_a_red_dataset_says_what_to_mend(visit: tuple[dict, Path]) -> None:
    message = visit[0]["error"]
    assert "words.tsv, row 2, column S1: 'many' is not a number" in message
    assert "Traceback" not in message


def test_the_tour_can_be_clicked_through(visit: tuple[dict, Path]) -> None:
    """Every step is shown, and those that name a part of the page point at it."""
    written = yaml.safe_load((SUITE / "tours" / "srna_augment.yaml").read_text())["steps"]
    steps = visit[0]["tour"]
    assert [step["title"] for step in steps] == [step["title"] for step in written]
    assert [step["pointing"] for step in steps] == ["element" in step for step in written]
    assert "mirna.tsv" in steps[1]["text"]
    assert "<" not in steps[1]["text"]


def test_pictures_were_taken(visit: tuple[dict, Path]) -> None:
    for name in PICTURES:
        assert (visit[1] / f"{name}.png").stat().st_size > 20_000
