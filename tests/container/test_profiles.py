"""The workflow's final tables are the same wherever its tasks ran."""

from __future__ import annotations

import pytest
from container_harness import IMAGE_PREFIX, IMAGE_TAG, SMALL

pytestmark = [pytest.mark.container, pytest.mark.pipeline, pytest.mark.train]


def test_docker_gives_the_local_tables(workflow, reference, images):
    images("base", "train", "report")
    done = workflow.run("docker,test")
    assert done.returncode == 0, done.output
    assert "annotated.tsv" in reference.tables()
    assert done.differing(reference) == []


@pytest.mark.parametrize("parser", ["v1", "v2"])
def test_docker_tasks_run_in_the_image_that_was_asked_for(workflow, images, monkeypatch, parser):
    # v2 is the default from Nextflow 26; the two see the command line's parameters at other times.
    monkeypatch.setenv("NXF_SYNTAX_PARSER", parser)
    images("base", "report")
    done = workflow.run("docker,test", *SMALL, "-stub")
    assert done.returncode == 0, done.output
    commands = [path.read_text() for path in workflow.work.glob("*/*/.command.run")]
    assert commands
    for text in commands:
        target = "report" if "### name: 'MULTIQC'" in text else "base"
        assert "docker run" in text
        assert f" {IMAGE_PREFIX}/{target}:{IMAGE_TAG} " in text


def test_slurm_with_docker_gives_the_local_tables(workflow, reference, images, slurm):
    images("base", "train", "report")
    done = workflow.run("slurm,docker,test")
    assert done.returncode == 0, done.output
    assert done.differing(reference) == []
    # Jobs of Slurm have numbers as their native ids, and a script that asked for resources.
    scripts = [path.read_text() for path in workflow.work.glob("*/*/.command.run")]
    assert scripts
    assert all("#SBATCH --mem" in text for text in scripts)


def test_slurm_without_containers_gives_the_local_tables(workflow, small_reference, slurm):
    done = workflow.run("slurm,test", *SMALL)
    assert done.returncode == 0, done.output
    assert done.differing(small_reference) == []
