#!/usr/bin/env bash
# Changes one thing at a time in what the figures hang on, and sees whether a test notices:
# scripts/mutants.sh [ROUND [NAME]...]    some minutes on two cores; docs/quality.md says what survives
#
# There are two rounds, each in a process of its own, since copies of a process that has used all of these libraries
# stand still: `model` (preparation, metric, prediction, doubt, calls, folds) and `values` (normalisation, attribution).
# Works on copies in build/mutants; with names, only those mutants are tried again. Afterwards, in build/mutants/ROUND:
# `PYTHONPATH=../../mutmut ../../../.venv/bin/python -m mutmut results`, and `show NAME` for what was changed.
set -euo pipefail
root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"
python="$root/.venv/bin/python"
tool="$root/build/mutmut"
[ -d "$tool" ] || "$(scripts/install-uv.sh)" pip install --quiet --python "$python" --target "$tool" mutmut==3.8.1

declare -A sources=(
    [model]="model/inputs.py model/network.py model/gaps.py calibration/calls.py calibration/novelty.py
        learners/covariance.py splits.py"
    [values]="normalisation/* attribution/native.py attribution/summary.py"
)
declare -A tests=(
    [model]="model calibration unit/test_splits.py training/test_covariance.py"
    [values]="normalisation attribution/test_native.py attribution/test_summary.py"
)
# these start processes, train for seconds or compile, and tell nothing of a single line
left_out=(
    test_native.py::test_native_needs_no_tensorflow
    test_summary.py::test_networks_of_other_seeds_agree_on_markers
    test_summary.py::test_treeshap_by_hand
)

# quoted PREFIX WORD...: a TOML list
quoted() {
    local prefix="$1" word list=""
    shift
    for word in "$@"; do list+="\"$prefix$word\", "; done
    echo "[${list%, }]"
}

# try ROUND [NAME]...
try() {
    local round="$1" copy="$root/build/mutants/$1" deselect=() test
    shift
    for test in "${left_out[@]}"; do deselect+=(--deselect "tests/attribution/$test"); done
    mkdir -p "$copy/src" "$copy/tests"
    rm -rf "$copy"/src/* "$copy"/tests/* "$copy/assets" "$copy/models"
    cp -r tools/srna_augment "$copy/src/"
    cp -r tests/conftest.py tests/checkout.py tests/{normalisation,calibration,attribution,model,training,unit} \
        "$copy/tests/"
    cp -r assets models "$copy/"
    set -f
    cat >"$copy/pyproject.toml" <<TOML
[tool.mutmut]
source_paths = ["src"]
only_mutate = $(quoted src/srna_augment/ ${sources[$round]})
pytest_add_cli_args_test_selection = $(quoted tests/ ${tests[$round]})
pytest_add_cli_args = $(quoted "" -p no:cacheprovider "${deselect[@]}")
also_copy = ["assets", "models"]

[tool.pytest.ini_options]
addopts = "--strict-markers"
filterwarnings = ["error"]
markers = ["pipeline: x", "container: x", "galaxy: x", "train: x", "slow: x"]
TOML
    set +f
    (cd "$copy" && PYTHONPATH="$tool" OMP_NUM_THREADS=1 nice -n 10 "$python" -m mutmut run --max-children 2 "$@")
}

if [ $# -gt 0 ]; then
    try "$@"
else
    try model
    try values
fi
