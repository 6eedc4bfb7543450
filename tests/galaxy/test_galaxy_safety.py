"""What people type reaches the tools as data, and files that they bring cannot run code."""

from __future__ import annotations

from pathlib import Path

import pytest
from galaxy_client import Galaxy
from galaxy_harness import CACHE, SUITE

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(2400)]

DATA = SUITE / "test-data"
PROOF = "srna_augment_was_here"
# What somebody may call a sample, and the sample's name in the table that comes out. A file name
# holds no slash and a command no line break; everything else comes through.
NAMES = {
    f"a'; touch {PROOF}; '": f"a'; touch {PROOF}; '",
    f'b"$(touch {PROOF})`touch {PROOF}`': f'b"$(touch {PROOF})`touch {PROOF}`',
    f"c & touch {PROOF} | d > {PROOF}": f"c & touch {PROOF} | d > {PROOF}",
    f"e\ntouch {PROOF}\n": f"e_touch {PROOF}_",
    f"../../../{PROOF}": f".._.._.._{PROOF}",
    "--output=x": "--output=x",
    "$HOME * ? \\ #": "$HOME * ? \\ #",
    "Gewebe-Größe µ 組織": "Gewebe-Größe µ 組織",
    "..": "table",
    "<script>alert(1)</script>": "<script>alert(1)<_script>",
}


def model_of(galaxy: Galaxy) -> dict:
    """Return the inputs that name a model of three organs from the history."""
    model = {"src": "hda", "id": galaxy.upload(DATA / "tissue.h5")}
    return {"advanced": {"source": {"choice": "history", "models": model}}}


def nothing_was_run() -> bool:
    """Tell whether no hostile text made its file, in a job's folder (they are kept) or in /tmp."""
    made = [path for path in (CACHE / "run").rglob(PROOF) if path.is_file()]
    return made == [] and not Path("/tmp/srna-augment-was-here").exists()


@pytest.fixture
def hostile_samples(galaxy: Galaxy) -> dict:
    """Upload one table of counts under each of the names, as a collection."""
    files = [DATA / "X1.counts.tsv"] * len(NAMES)
    return {"src": "hdca", "id": galaxy.upload(*files, names=list(NAMES), collection=True)}


def test_names_of_samples_come_through_as_they_were_typed(
    galaxy: Galaxy, hostile_samples: dict
) -> None:
    inputs = {"tables": {"shape": "several", "input": hostile_samples}, **model_of(galaxy)}
    job = galaxy.run("srna_augment", inputs)
    assert job["state"] == "ok", job["stderr"]
    table = galaxy.text(job["made"]["annotated"])
    found = sorted(unquoted(line.split("\t")[0]) for line in table.rstrip("\n").split("\n")[1:])
    assert found == sorted(NAMES.values())
    page = galaxy.text(job["made"]["page"])
    assert "<script>alert(1)" not in page
    assert nothing_was_run()


def unquoted(cell: str) -> str:
    """Undo the quotes that a table puts around a cell with quotes in it."""
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    return cell


@pytest.mark.parametrize(
    "typed",
    ["x'; touch PROOF; '", '"$(touch PROOF)" `touch PROOF`', "--output=x", "é 組織 & | > <"],
)
def test_text_that_is_typed_is_data(galaxy: Galaxy, typed: str) -> None:
    text = typed.replace("PROOF", PROOF)
    expression = {"src": "hda", "id": galaxy.upload(DATA / "tumours.h5ad")}
    inputs = {
        "expression": expression,
        "target": ["tissue"],
        "trees": 5,
        "validation": {"scheme": ["group"], "group": text},
    }
    job = galaxy.run("srna_augment_train_rf", inputs)
    assert job["state"] == "error"
    # The command repeats what it was given, and it was given what was typed.
    assert f"--group {text}: the metadata has no such column" in job["stderr"]
    assert "Traceback" not in job["stderr"]
    assert nothing_was_run()


def test_line_breaks_in_typed_text_end_no_command(galaxy: Galaxy) -> None:
    model = {"src": "hda", "id": galaxy.upload(DATA / "tissue_network.h5")}
    expression = {"src": "hda", "id": galaxy.upload(DATA / "tumours.h5ad")}
    inputs = {
        "model": model,
        "expression": expression,
        "explained": {"choice": "name", "target_class": f"liver'\ntouch {PROOF}\n'"},
    }
    job = galaxy.run("srna_augment_deeplift_score", inputs)
    assert job["state"] == "error"
    assert "no such class" in job["stderr"]
    assert nothing_was_run()


def test_metadata_are_data(galaxy: Galaxy, tmp_path: Path) -> None:
    table = tmp_path / "metadata.tsv"
    # Galaxy itself refuses uploads with a script in them.
    hostile = f"<img src=x onerror=alert(1)> $(touch {PROOF}) `touch {PROOF}` ; ' & |"
    table.write_text(f"sample_id\ttissue\t{hostile}\nX1\t{hostile}\t{hostile}\n", encoding="utf-8")
    counts = {"src": "hda", "id": galaxy.upload(DATA / "mirna.tsv")}
    metadata = {"src": "hda", "id": galaxy.upload(table)}
    inputs = model_of(galaxy)
    inputs["advanced"]["metadata"] = metadata
    job = galaxy.run("srna_augment", {"tables": {"shape": "one", "input": counts}, **inputs})
    assert job["state"] == "ok", job["stderr"]
    lines = galaxy.text(job["made"]["annotated"]).split("\n")
    assert lines[0].split("\t")[:3] == ["sample_id", "tissue", hostile]
    assert [line.split("\t")[2] for line in lines if line.startswith("X1\t")] == [hostile]
    assert "<img src=x" not in galaxy.text(job["made"]["page"])
    assert nothing_was_run()


def test_a_hostile_model_runs_nothing_and_is_named(galaxy: Galaxy) -> None:
    counts = {"src": "hda", "id": galaxy.upload(DATA / "mirna.tsv")}
    model = {"src": "hda", "id": galaxy.upload(DATA / "hostile_model.h5")}
    inputs = {
        "tables": {"shape": "one", "input": counts},
        "advanced": {"source": {"choice": "history", "models": model}},
    }
    job = galaxy.run("srna_augment", inputs)
    assert job["state"] == "error"
    assert "not a sound model" in job["stderr"]
    assert "Traceback" not in job["stderr"]
    assert nothing_was_run()
