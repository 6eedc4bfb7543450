#!/usr/bin/env bash
# Changes one thing at a time in normalisation, preparation, the metric, prediction, calls, folds and attribution,
# and sees whether a test notices:
# scripts/mutants.sh [NAME]...        half an hour or less on two cores; docs/quality.md says what survives
#
# Works on a copy in build/mutants; with names, only those mutants are tried again. Afterwards, there:
# `PYTHONPATH=../mutmut ../../.venv/bin/python -m mutmut results`, and `show NAME` for what was changed.
set -euo pipefail
root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"
python="$root/.venv/bin/python"
tool="$root/build/mutmut"
copy="$root/build/mutants"
[ -d "$tool" ] || "$(scripts/install-uv.sh)" pip install --quiet --python "$python" --target "$tool" mutmut==3.8.1
mkdir -p "$copy/src" "$copy/tests"
rm -rf "$copy"/src/* "$copy"/tests/* "$copy/assets" "$copy/models"
cp -r tools/srna_augment "$copy/src/"
cp -r tests/conftest.py tests/checkout.py tests/normalisation tests/calibration tests/attribution tests/model tests/training tests/unit \
    "$copy/tests/"
cp -r assets models "$copy/"
cat >"$copy/pyproject.toml" <<'TOML'
[tool.mutmut]
source_paths = ["src"]
only_mutate = [
  "src/srna_augment/normalisation/*", "src/srna_augment/calibration/calls.py",
  "src/srna_augment/calibration/novelty.py", "src/srna_augment/learners/covariance.py",
  "src/srna_augment/model/inputs.py", "src/srna_augment/model/gaps.py", "src/srna_augment/model/network.py",
  "src/srna_augment/splits.py",
  "src/srna_augment/attribution/native.py", "src/srna_augment/attribution/summary.py",
]
pytest_add_cli_args_test_selection = [
  "tests/normalisation", "tests/calibration", "tests/model", "tests/unit/test_splits.py",
  "tests/training/test_covariance.py", "tests/attribution/test_native.py", "tests/attribution/test_summary.py",
]
# these start processes or train for seconds, and tell nothing of a single line
pytest_add_cli_args = [
  "-p", "no:cacheprovider",
  "--deselect", "tests/attribution/test_native.py::test_native_needs_no_tensorflow",
  "--deselect", "tests/attribution/test_summary.py::test_networks_of_other_seeds_agree_on_markers",
  # compiled code with threads of its own, after which a copy of the process stands still
  "--deselect", "tests/attribution/test_summary.py::test_treeshap_by_hand",
]
also_copy = ["assets", "models"]

[tool.pytest.ini_options]
addopts = "--strict-markers"
filterwarnings = ["error"]
markers = ["pipeline: x", "container: x", "galaxy: x", "train: x", "slow: x"]
TOML
cd "$copy"
PYTHONPATH="$tool" OMP_NUM_THREADS=1 nice -n 10 "$python" -m mutmut run --max-children 2 "$@"
