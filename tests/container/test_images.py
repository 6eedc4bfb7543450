"""What Nextflow, BioContainers and Galaxy ask of an image, and that each command starts in it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from container_harness import ROOT

pytestmark = pytest.mark.container

TARGETS = ("base", "train", "report")
BASE_COMMANDS = ("normalise", "train-rf", "evaluate", "augment")
TRAIN_COMMANDS = (*BASE_COMMANDS, "train-dl", "deeplift-score")
# Bytes: the aims for base and train; what was reached and a tenth for report.
LARGEST = {"base": 450e6, "train": 1.6e9, "report": 0.8e9}

# A user that the image does not know, nothing to write to but /tmp, no network.
STRANGER = ("--user", "12345:12345", "--read-only", "--tmpfs", "/tmp", "--network", "none")

Image = Callable[[str], str]


@pytest.fixture
def run_in(docker: str, images: Image) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs a command in a container of an image."""

    def run(target: str, *command: str, options: tuple[str, ...] = STRANGER):
        return subprocess.run(
            [docker, "run", "--rm", *options, images(target), *command],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.fixture
def inspect(docker: str, images: Image) -> Callable[[str], dict]:
    """Return a function that tells what the engine knows of an image."""

    def look(target: str) -> dict:
        shown = subprocess.run(
            [docker, "image", "inspect", images(target)], capture_output=True, text=True, check=True
        )
        return json.loads(shown.stdout)[0]

    return look


@pytest.mark.parametrize("target", TARGETS)
def test_image_is_open_to_nextflow(target, inspect, run_in):
    configuration = inspect(target)["Config"]
    assert not configuration["Entrypoint"], "an entry point would swallow Nextflow's command"
    assert configuration["User"] not in ("", "0", "root")
    # Nextflow starts tasks with /bin/bash and measures them with ps.
    done = run_in(target, "/bin/bash", "-c", "ps -o pid= -p $$ && id -u")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "12345"


@pytest.mark.parametrize("target", TARGETS)
def test_image_says_what_it_is(target, inspect):
    labels = inspect(target)["Config"]["Labels"]
    assert labels["software"] == "srna-augment"
    assert labels["software.version"] == labels["org.opencontainers.image.version"] == "test"
    assert labels["about.license"] == "SPDX:MIT"
    assert labels["org.opencontainers.image.licenses"] == "MIT"
    assert len(labels["org.opencontainers.image.revision"]) == 40


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_in_the_image_changes_who_runs_it(target, run_in):
    done = run_in(target, "find", "/", "-xdev", "-type", "f", "-perm", "/6000")
    assert done.stdout == ""


def test_anyone_can_write_where_the_image_starts(run_in):
    done = run_in("base", "stat", "--format", "%n %a", "/data", "/tmp", options=())
    assert done.stdout.splitlines() == ["/data 1777", "/tmp 1777"]


@pytest.mark.parametrize("target", TARGETS)
def test_image_does_not_outgrow_its_size(target, inspect):
    assert inspect(target)["Size"] < LARGEST[target]


@pytest.mark.parametrize(
    ("target", "command"),
    [("base", name) for name in BASE_COMMANDS] + [("train", name) for name in TRAIN_COMMANDS],
)
def test_command_starts_for_any_user(target, command, run_in):
    done = run_in(target, command, "--help")
    assert done.returncode == 0, done.stderr
    assert f"Usage: {command}" in done.stdout
    assert done.stderr == "", "nothing may complain of a home or a cache"


def test_multiqc_starts_for_any_user(run_in):
    done = run_in("report", "multiqc", "--version")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("multiqc, version")


def test_base_has_no_tensorflow(run_in):
    done = run_in("base", "python3", "-c", "import tensorflow")
    assert "ModuleNotFoundError" in done.stderr


def test_what_was_taken_out_of_the_image_is_not_missed(run_in, tmp_path: Path):
    # Parquet, AnnData, forests, boosted trees and plots, each through the command that needs it.
    demo = ROOT / "assets" / "demo"
    counts = pd.read_csv(demo / "plasma_serum.tsv.gz", sep="\t", index_col=0)
    counts.to_parquet(tmp_path / "counts.parquet")
    counts.to_csv(tmp_path / "counts.tsv", sep="\t")
    tmp_path.chmod(0o777)
    mounts = (f"--volume={tmp_path}:/data", f"--volume={demo}:/demo:ro")

    def run(*command: str) -> None:
        done = run_in("base", *command, "--quiet", options=(*STRANGER, *mounts))
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""

    for format in ("parquet", "tsv"):
        table = f"counts.{format}"
        run("normalise", table, "--metadata=/demo/metadata.tsv", f"--output={format}.h5ad")
        run(
            *("train-rf", f"{format}.h5ad", "--target=sex", "--folds=2", "--trees=3"),
            *("--baselines", f"--output={format}.h5", f"--predictions={format}.tsv"),
        )
    assert (tmp_path / "parquet.tsv").read_bytes() == (tmp_path / "tsv.tsv").read_bytes()
    assert set(pd.read_csv(tmp_path / "tsv.tsv", sep="\t")["model"]) >= {
        "rf",
        "logistic",
        "boosted",
    }

    run("evaluate", "tsv.tsv", "--output=metrics.json", "--plots=plots", "--bootstrap=0")
    plots = sorted((tmp_path / "plots").iterdir())
    assert {path.suffix for path in plots} == {".png", ".svg"}
    assert all(path.stat().st_size > 2000 for path in plots)

    run("augment", "counts.parquet", "--model=tsv.h5", "--output=annotated.tsv")
    assert len(pd.read_csv(tmp_path / "annotated.tsv", sep="\t")) >= len(counts)


def test_network_trains_in_the_image(run_in):
    # TensorFlow's libraries are stripped when the image is built: one step of training uses them.
    step = (
        "import os; os.environ.update(TF_CPP_MIN_LOG_LEVEL='3', TF_ENABLE_ONEDNN_OPTS='0')\n"
        "import keras, numpy\n"
        "network = keras.Sequential([keras.layers.Dense(1, kernel_initializer='zeros')])\n"
        "network.compile(keras.optimizers.SGD(0.5), 'mse')\n"
        "network.fit(numpy.ones((4, 1)), numpy.ones((4, 1)), batch_size=4, verbose=0)\n"
        "print(float(network.layers[0].kernel[0, 0]))\n"
    )
    done = run_in("train", "python3", "-c", step)
    assert done.returncode == 0, done.stderr
    # d/dw (w - 1 + b)^2 at 0 is -2; half of it taken off 0 is 1.
    assert done.stdout.strip() == "1.0"


def test_images_hold_no_certificates_of_the_build(run_in):
    done = run_in("train", "/bin/bash", "-c", "ls /run/secrets /build 2>/dev/null")
    assert done.stdout.strip() == ""
