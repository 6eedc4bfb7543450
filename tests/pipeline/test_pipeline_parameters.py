"""Parameters: schema and configuration in step, mistakes stopped before the first task."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

pytestmark = pytest.mark.pipeline

PARAMETER = re.compile(r"^params\.(\w+) = (.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def schema(root: Path) -> dict[str, Any]:
    return json.loads((root / "nextflow_schema.json").read_text())


@pytest.fixture(scope="module")
def properties(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: described
        for section in schema["$defs"].values()
        for name, described in section["properties"].items()
    }


@pytest.fixture(scope="module")
def configured(nextflow: Callable, root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """Return the parameters of nextflow.config with their values as Nextflow prints them."""
    done = nextflow("config", "-flat", root, cwd=tmp_path_factory.mktemp("config"))
    assert done.returncode == 0, done.stderr
    return {name: value.strip("'") for name, value in PARAMETER.findall(done.stdout)}


def test_schema_is_a_schema(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    assert {part["$ref"] for part in schema["allOf"]} == {f"#/$defs/{n}" for n in schema["$defs"]}


def test_schema_and_configuration_have_the_same_parameters(
    properties: dict[str, dict[str, Any]], configured: dict[str, str]
) -> None:
    assert list(properties) == list(configured)


def test_schema_and_configuration_have_the_same_defaults(
    properties: dict[str, dict[str, Any]], configured: dict[str, str], root: Path
) -> None:
    described = {
        name: json.dumps(value["default"]).strip('"') if "default" in value else "null"
        for name, value in properties.items()
    }
    assert described | {"multiqc_config": f"{root}/assets/multiqc_config.yml"} == configured


def test_versions_are_those_of_the_package(
    nextflow: Callable, root: Path, configured: dict[str, str], tmp_path: Path
) -> None:
    from srna_augment import __version__

    done = nextflow("config", "-flat", root, cwd=tmp_path)
    assert f"manifest.version = '{__version__}'" in done.stdout
    assert configured["container_tag"] == __version__


def test_choices_are_those_of_the_tools(properties: dict[str, dict[str, Any]]) -> None:
    from srna_augment.cli.deeplift_score import main as deeplift_score
    from srna_augment.cli.normalise import main as normalise
    from srna_augment.ontology import TARGETS
    from srna_augment.splits import SCHEMES

    def choices(command: Any, option: str) -> list[str]:
        return list(next(o for o in command.params if o.name == option).type.choices)

    assert properties["method"]["enum"] == choices(normalise, "method")
    assert properties["level"]["enum"] == choices(normalise, "level")
    assert properties["rule"]["enum"] == choices(deeplift_score, "rule")
    assert properties["targets"]["default"].split(",") == list(TARGETS)
    assert properties["schemes"]["pattern"].startswith(f"^({'|'.join(SCHEMES)})")


# What is wrong with single parameters; Nextflow starts once for all of them, and each has its line.
MISTAKES = [
    (
        ["second.tsv"],
        "second.tsv: belongs to no parameter: put commas between values, "
        "quotes around wildcards",
    ),
    (["--foldz", "3"], "--foldz: no such parameter: did you mean --folds?"),
    (
        ["--folds-per-task", "3"],
        "--foldsPerTask: no such parameter: did you mean --folds_per_task?",
    ),
    (["--folds", "many"], "--folds many: must be a whole number"),
    (["--trees", "0"], "--trees 0: must be 1 or more"),
    (["--train", "maybe"], "--train maybe: must be true or false"),
    (["--rule", "deeplift"], "--rule deeplift: must be one of rescale, revealcancel"),
    (
        ["--targets", "tissue,colour"],
        "--targets tissue,colour: must be of tissue, tissue_group, sex, age, "
        "with commas between",
    ),
    (
        ["--strangers", "material"],
        "--strangers material: must be COLUMN=VALUE, as in material=cells, "
        "without quotes in it",
    ),
    (
        ["--condition", "a'; touch b"],
        "--condition a'; touch b: must be a column of the metadata, without quotes in its name",
    ),
    (["--max_memory", "8"], "--max_memory 8: must be a size such as 8.GB"),
    (["--seed", "4294967296"], "--seed 4294967296: must be 4294967295 or less"),
    (["--metadata", "nowhere.tsv"], "--metadata nowhere.tsv: nowhere.tsv: no such file"),
]  # fmt: skip


@pytest.mark.parametrize(
    "mistakes",
    [
        MISTAKES,
        [(["--folds", "1"], "--folds 1: must be 2 or more")],
        [
            (
                [],
                "--metadata: is missing: training needs labels; to fill in without training "
                "add --train false",
            )
        ],
    ],
    ids=["many", "one", "two parameters that do not go together"],
)
def test_mistakes_stop_before_the_first_task(
    nextflow: Callable, workflow: Path, small: Path, tmp_path: Path, mistakes: list
) -> None:
    arguments = [word for words, _ in mistakes for word in words]
    done = nextflow("run", workflow, "--input", small / "counts.tsv.gz", *arguments, cwd=tmp_path)
    told = [text for text in done.stdout.splitlines() if text.startswith(("--", "second"))]
    assert done.returncode == 1
    assert sorted(told) == sorted(line for _, line in mistakes)
    assert "Submitted process" not in done.stdout


def test_what_names_no_file_or_too_many_stops_before_the_first_task(
    nextflow: Callable, workflow: Path, small: Path, tmp_path: Path
) -> None:
    (tmp_path / "a$b").mkdir()
    table = tmp_path / "a$b" / "counts.tsv"
    table.touch()
    metadata = f"{small / 'metadata.tsv'},{small / 'truth.tsv'}"
    done = nextflow("run", workflow, "--input", table, "--metadata", metadata, cwd=tmp_path)
    assert done.returncode == 1
    assert [text for text in done.stdout.splitlines() if text.startswith("--")] == [
        f"--input {table}: {table}: has a dollar sign, which no task can be given: rename it",
        f"--metadata {metadata}: must be one file, not 2",
    ]
    done = nextflow("run", workflow, "--input", ",", "--train", "false", cwd=tmp_path)
    assert "--input ,: ,: no such file" in done.stdout.splitlines()
    assert "Submitted process" not in done.stdout


def test_file_of_parameters_with_blanks_and_lists(
    nextflow: Callable, workflow: Path, small: Path, tmp_path: Path
) -> None:
    """A blank is no default, and a list is no text: both would fail late, or do nothing at all."""
    settings = tmp_path / "params.yaml"
    settings.write_text(
        f"input: {small / 'counts.tsv.gz'}\nmetadata: {small / 'metadata.tsv'}\n"
        "targets: [tissue, sex]\nlearners: ''\nfolds:\nbaselines:\nmultiqc_config: ''\n"
        "outdir: ''\n"
    )
    done = nextflow("run", workflow, "-params-file", settings, cwd=tmp_path)
    assert done.returncode == 1
    assert sorted(text for text in done.stdout.splitlines() if text.startswith("--")) == [
        "--baselines: is blank: leave it out for true",
        "--folds: is blank: leave it out for 5",
        "--learners: is blank: leave it out for dl,rf",
        "--outdir: is blank: leave it out for results",
        "--targets [tissue, sex]: must be one text, with commas between the values",
    ]
    assert "Submitted process" not in done.stdout


def test_models_are_not_silently_left_aside(
    nextflow: Callable, workflow: Path, small: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model.h5"
    model.touch()
    done = nextflow(
        "run", workflow, "--input", small / "counts.tsv.gz", "--metadata", small / "metadata.tsv",
        "--models", model, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"--models {model}: would not be used: add --train false" in done.stdout
    assert "Submitted process" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (
            ["--schemes", "transfer"],
            [
                "--schemes transfer: calls are calibrated on folds: add random, group or site",
                "--train_on: is missing: name the groups that --schemes transfer trains on",
            ],
        ),
        (
            ["--train_on", "a,b", "--test_on", "c"],
            [
                "--train_on a,b: would not be used: add transfer to --schemes, or leave it out",
                "--test_on c: would not be used: add transfer to --schemes, or leave it out",
            ],
        ),
    ],
)  # fmt: skip
def test_transfer_and_its_sides_go_together(
    nextflow: Callable, workflow: Path, small: Path, tmp_path: Path, arguments: list, lines: list
) -> None:
    done = nextflow(
        "run", workflow, "--input", small / "counts.tsv.gz", "--metadata", small / "metadata.tsv",
        *arguments, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert [text for text in done.stdout.splitlines() if text.startswith("--")] == lines
    assert "Submitted process" not in done.stdout


def test_input_is_needed(nextflow: Callable, workflow: Path, tmp_path: Path) -> None:
    done = nextflow("run", workflow, cwd=tmp_path)
    assert done.returncode == 1
    assert "--input: is missing: give the count tables" in done.stdout
    assert "Submitted process" not in done.stdout


def test_help_lists_every_parameter_and_runs_nothing(
    nextflow: Callable, workflow: Path, tmp_path: Path, properties: dict[str, dict[str, Any]]
) -> None:
    done = nextflow("run", workflow, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert re.findall(r"^  --(\w+) ", done.stdout, re.MULTILINE) == list(properties)
    assert not (tmp_path / "results").exists()


def test_demo_metadata_follow_the_input_schema(root: Path, demo_data: Path) -> None:
    import csv

    schema = json.loads((root / "assets" / "schema_input.json").read_text())
    with (demo_data / "metadata.tsv").open(newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    jsonschema.validate(rows, schema)
    for wrong in ({**rows[0], "sample_id": " "}, {**rows[0], "age_years": "old"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate([wrong], schema)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("members", "train_dl"), ("epochs", "train_dl"), ("input_noise", "train_dl"),
        ("trees", "train_rf"),
    ],
)  # fmt: skip
def test_what_a_command_takes_the_workflow_takes(
    name: str, command: str, properties: dict[str, dict[str, Any]]
) -> None:
    options = importlib.import_module(f"srna_augment.cli.{command}").main.params
    (option,) = (option for option in options if option.name == name)
    assert properties[name]["minimum"] == option.type.min
