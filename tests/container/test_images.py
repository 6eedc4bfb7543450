"""What Nextflow, BioContainers and Galaxy ask of an image, and that each command starts in it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

pytestmark = pytest.mark.container

TARGETS = ("base", "train", "report")
BASE_COMMANDS = ("normalise", "train-rf", "evaluate", "augment")
TRAIN_COMMANDS = (*BASE_COMMANDS, "train-dl", "deeplift-score")
# Bytes: the aim for each image and a tenth, so that growth is seen.
LARGEST = {"base": 590e6, "train": 1.6e9, "report": 0.95e9}

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
