"""Every profile can be read, and sets what it is for; those of clouds cannot run here."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from container_harness import ROOT, Workflow

pytestmark = [pytest.mark.pipeline]

# What each profile must set, as `nextflow config -flat` prints it.
PROFILES = {
    "docker": "docker.enabled = true",
    "podman": "podman.enabled = true",
    "apptainer": "apptainer.enabled = true",
    "singularity": "singularity.enabled = true",
    "charliecloud": "charliecloud.enabled = true",
    "conda": "conda.enabled = true",
    "mamba": "conda.useMamba = true",
    "local": "process.executor = 'local'",
    "slurm": "process.executor = 'slurm'",
    "kubernetes": "process.executor = 'k8s'",
    "awsbatch": "process.executor = 'awsbatch'",
    "googlebatch": "process.executor = 'google-batch'",
    "gpu": "process.'withLabel:train_image'.accelerator = 1",
    "demo": "params.group = 'site'",
    "test": "params.folds = 2",
    "test_full": "params.group = 'site'",
    "debug": "dumpHashes = true",
}


def test_every_profile_is_among_these():
    text = (ROOT / "conf" / "profiles.config").read_text()
    assert set(re.findall(r"^    (\w+) \{$", text, re.M)) == set(PROFILES)


@pytest.mark.parametrize("profile", PROFILES)
def test_profile_sets_what_it_is_for(profile: str, tmp_path: Path):
    done = subprocess.run(
        ["nextflow", "config", "-flat", "-profile", profile, str(ROOT)],
        cwd=tmp_path,
        env=Workflow(tmp_path).environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert PROFILES[profile] in done.stdout.splitlines()
