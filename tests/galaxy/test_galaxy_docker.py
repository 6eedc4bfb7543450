"""The same tools where Galaxy runs each job in the image that the tool names."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from galaxy_client import Galaxy
from galaxy_harness import ROOT, run_tool_tests

pytestmark = [pytest.mark.galaxy, pytest.mark.container, pytest.mark.timeout(2400)]

TOOLS = [
    "srna_augment",
    "srna_augment_normalise",
    "srna_augment_train_rf",
    "srna_augment_train_dl",
    "srna_augment_evaluate",
    "srna_augment_deeplift_score",
]


@pytest.fixture(scope="session")
def images() -> None:
    """Build the images that the tools name; quick where nothing has changed."""
    docker = shutil.which("/usr/bin/docker") or shutil.which("docker")
    if docker is None:
        pytest.skip("docker is not installed")
    if subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
        pytest.skip("no docker daemon answers (make services starts one on Debian, as root)")
    built = subprocess.run(
        [ROOT / "scripts" / "build-images.sh", "base", "train"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr


@pytest.fixture(scope="session")
def in_docker(images: None, server: dict, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """Run the first test of each tool as the user whose jobs go to docker."""
    return run_tool_tests(server, "docker", TOOLS, tmp_path_factory.mktemp("docker"), number=0)


@pytest.mark.parametrize("tool", TOOLS)
def test_first_test_of_each_tool_in_its_image(in_docker: dict, server: dict, tool: str) -> None:
    record = in_docker[tool, 0]
    job = record.get("job") or {}
    problems = record.get("output_problems") or record.get("execution_problem")
    assert record["status"] == "success", f"{problems}\n{job.get('stderr', '')}"
    # only administrators may see where a job ran
    administrator = Galaxy(server["url"], server["admin"]["key"])
    found = administrator.call("GET", f"jobs/{job['id']}/metrics")
    metrics = {metric["name"]: metric["raw_value"] for metric in found}
    assert metrics["container_type"] == "docker"
    assert metrics["container_id"].startswith("srna-augment/")
