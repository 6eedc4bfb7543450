#!/usr/bin/env bash
# Build the model that ships, from the full tables: models/srna-augment.h5.
#
#     SRNA_AUGMENT_DATA=FOLDER scripts/build_model.sh [WORK]
#
# FOLDER is as scripts/collect_data.py wants it. WORK (default build/model) keeps what is made on the
# way.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
PATH="$PWD/bin:$PWD/.venv/bin:$PATH"
work="${1:-build/model}"
mkdir -p "$work" models

[ -f "$work/collection.h5ad" ] ||
    python scripts/collect_data.py "${SRNA_AUGMENT_DATA:?names the folder of the tables}" "$work/collection.h5ad"
[ -f "$work/expression.h5ad" ] ||
    normalise "$work/collection.h5ad" --output "$work/expression.h5ad"

# Every study is a fold of its own, so that what is calibrated on lacks no more than a stranger's
# study does.
# Cultured cells, but for those of blood and lymph nodes, which hardly change, are no tissue. TCGA's
# colon, rectum and ovary went through an earlier version of its pipeline than all else.
settings=(--scheme group --folds 1000 --min-samples 3 --strangers material=cells --batch pipeline --threads 1)
# Tissues and their groups are learnt by the same parts, so that they cannot contradict each other.
declare -A parts=([tissue]=part [tissue_group]=part [sex]=none [age]=none)
# Left out together: studies for tissue; cohorts for sex and age, which hardly another study than TCGA
# gives, so that without it there would be nothing to learn from.
declare -A group=([tissue]=study [tissue_group]=study [sex]=cohort [age]=cohort)
# Of sex and age so little can be told that the linear path alone says it.
declare -A members=([tissue]=3 [tissue_group]=3 [sex]=0 [age]=0)
models=() running=()
for target in tissue tissue_group sex age; do
    train-dl "$work/expression.h5ad" --target "$target" --group "${group[$target]}" --members "${members[$target]}" \
        --subclasses "${parts[$target]}" "${settings[@]}" --output "$work/$target.h5" --predictions "$work/$target.tsv" &
    running+=($!)
    models+=("$work/$target.h5")
done
for process in "${running[@]}"; do
    wait "$process"
done
python scripts/merge_models.py "${models[@]}" models/srna-augment.h5
deeplift-score models/srna-augment.h5 "$work/expression.h5ad" --target-class true --group study \
    --top 30 --strict --output "$work/scores.h5" --tables "$work/tables"
python scripts/explanations.py "$work/tables" models/explanations.tsv models/explanations.html
evaluate "$work"/{tissue,tissue_group,sex,age}.tsv --output "$work/metrics.json" --table "$work/table.tsv"
ls -l models/srna-augment.h5
