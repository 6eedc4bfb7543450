# The two that matter: `make demo` and `make test`. Both set up what they need first.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Written by `make setup`: the stamp of the Python packages, and the path of the Nextflow to use.
PACKAGES := $(VENV)/.packages
NEXTFLOW := $(VENV)/.nextflow
# A Nextflow of the user's own may have gone since.
nextflow_gone := $(if $(wildcard $(NEXTFLOW)),$(if $(wildcard $(shell cat $(NEXTFLOW))),,FORCE))
# A history of its own for each state of the code: `-resume` then finds the demo's last run and no
# other, and no result of code that has changed since (Nextflow does not look into commands).
code = $$(find tools models -type f -not -name '*.pyc' | sort | xargs sha256sum | sha256sum | cut -c 1-12)
nextflow_demo = NXF_CACHE_DIR=$(CURDIR)/.nextflow/demo-$(code) $$(cat $(NEXTFLOW))

.PHONY: help setup demo test test-unit test-pipeline test-container test-galaxy lint lint-nextflow format \
        audit sbom coverage mutants bench overhead benchmark model images images-compare scaling services services-stop clean distclean FORCE

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1mmake %-15s\033[0m %s\n", $$1, $$2 }' Makefile

setup: $(PACKAGES) $(NEXTFLOW) ## Install what is missing: Python packages in .venv, Nextflow

$(PACKAGES): pyproject.toml uv.lock scripts/install-uv.sh
	@echo "Installing the Python packages of uv.lock into $(VENV)"
	@uv="$$(scripts/install-uv.sh)" && "$$uv" sync --locked --extra train --extra report
	@touch $@

$(NEXTFLOW): scripts/install-nextflow.sh $(wildcard scripts/nextflow/*) $(nextflow_gone) | $(PACKAGES)
	@scripts/install-nextflow.sh > $@.new && mv $@.new $@
	@echo "Nextflow: $$(cat $@)"

demo: setup ## Run the whole workflow on the bundled real data (about 10 minutes on two cores)
	@echo "Running the workflow on assets/demo; results go to results/"
	@$(nextflow_demo) run main.nf -profile demo -resume -ansi-log $$([ -t 1 ] && echo true || echo false)
	@$(VENV)/bin/python scripts/demo_summary.py results tests/data/demo_truth.tsv

test: setup ## Run all tests that this machine can run; says which it skipped, and why
	@$(VENV)/bin/python -m pytest

test-unit: $(PACKAGES) ## Run the tests that need no Nextflow, containers or Galaxy
	@$(VENV)/bin/python -m pytest -m "not pipeline and not container and not galaxy"

test-pipeline: setup ## Run the workflow's tests
	@$(VENV)/bin/python -m pytest -m pipeline

test-container: setup ## Run the tests of containers and Slurm (see make services)
	@$(VENV)/bin/python -m pytest -m container

test-galaxy: setup ## Run the Galaxy tools' tests
	@$(VENV)/bin/python -m pytest -m galaxy

lint: setup ## Check style, types and the workflow's syntax
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(MAKE) --no-print-directory lint-nextflow

lint-nextflow: setup
	$$(cat $(NEXTFLOW)) lint main.nf nextflow.config conf modules subworkflows

coverage: $(PACKAGES) ## Measure what the unit tests reach, lines and branches; below 95 % is an error
	@scripts/coverage.sh

mutants: $(PACKAGES) ## Change one thing at a time and see whether a test notices (minutes; docs/quality.md)
	@scripts/mutants.sh

audit: $(PACKAGES) ## Look for weak spots in the code, secrets, known holes in dependencies
	@scripts/audit.sh

sbom: $(PACKAGES) ## Write what each image holds to build/sbom (CycloneDX)
	@$(VENV)/bin/python scripts/sbom.py

format: $(PACKAGES) ## Lay the Python code out
	$(VENV)/bin/ruff format
	$(VENV)/bin/ruff check --fix

bench: $(PACKAGES) ## Measure explaining, reading and the whole job, side by side (on a quiet machine)
	@# each library multiplies as it chooses: held back, NumPy's has half of the processor here
	env -u OPENBLAS_CORETYPE $(VENV)/bin/python benchmarks/attribution.py
	$(VENV)/bin/python benchmarks/startup.py
	$(VENV)/bin/python benchmarks/reading.py
	$(VENV)/bin/python benchmarks/reading.py --scale
	$(VENV)/bin/python benchmarks/whole_job.py

overhead: setup ## Measure what Nextflow adds to the bare tools on the demo (half an hour on two cores)
	$(VENV)/bin/python benchmarks/overhead.py

model: $(PACKAGES) ## Rebuild the model that ships (SRNA_AUGMENT_DATA names the full tables)
	scripts/build_model.sh

benchmark: $(PACKAGES) ## After `make model`: measure it beside other learners, fill in docs/benchmark.md
	PATH="$$PWD/bin:$$PWD/$(VENV)/bin:$$PATH" $(VENV)/bin/python scripts/benchmark.py build/model
	$(VENV)/bin/python scripts/describe.py

images: ## Build the container images
	scripts/build-images.sh

images-compare: ## Build the base image twice from nothing: both must have the same layers
	scripts/compare-images.sh base

scaling: $(PACKAGES) ## Print the tables of docs/scaling.md from benchmarks/scaling.tsv
	@$(VENV)/bin/python benchmarks/scaling.py simulate benchmarks/scaling.tsv

services: ## Start docker and a one-node Slurm for the tests (Debian, as root)
	scripts/services.sh start

services-stop: ## Stop what `make services` started
	scripts/services.sh stop

clean: ## Remove results, work files and caches
	rm -rf results work null .nextflow .nextflow.log* build dist .pytest_cache .ruff_cache .mypy_cache
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean ## Remove what `make setup` installed, too
	rm -rf $(VENV) .cache
