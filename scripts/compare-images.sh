#!/usr/bin/env bash
# Builds images twice from nothing and compares them, layer by layer; says which files differ, and exits
# 1, where they do.
#
#   scripts/compare-images.sh [base|train|report]...     base by default: two minutes
#
# The images are tagged compare-1 and compare-2 and removed at the end. Downloads of packages and the base
# image are used twice, everything that is made of them is made twice, from one copy of the checkout.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
case "${1:-}" in -h | --help) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;; esac
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || targets=(base)
docker=docker
[ -x /usr/bin/docker ] && docker=/usr/bin/docker

folder="$(mktemp -d)"
# shellcheck disable=SC2317  # called by the trap
tidy() {
    rm -rf "$folder"
    for target in "${targets[@]}"; do
        "$docker" image rm --no-prune "srna-augment/$target:compare-"{1,2} >/dev/null 2>&1 || true
    done
}
trap tidy EXIT

# Each file of an image: where, what it is, whose, from when, and a digest of what is in it.
list_files() {
    mkdir "$folder/layers"
    "$docker" save "$1" | tar -C "$folder/layers" -xf -
    python3 - "$folder/layers" <<'PYTHON'
import hashlib, json, pathlib, sys, tarfile

folder = pathlib.Path(sys.argv[1])
for number, layer in enumerate(json.loads((folder / "manifest.json").read_text())[0]["Layers"]):
    with tarfile.open(folder / layer) as archive:
        for entry in archive:
            digest = ""
            if entry.isreg():
                digest = hashlib.sha256(archive.extractfile(entry).read()).hexdigest()
            print(
                number, entry.name, oct(entry.mode), entry.uid, entry.gid, entry.mtime, entry.linkname, digest
            )
PYTHON
    rm -rf "$folder/layers"
}

mkdir "$folder/checkout"
git ls-files -z --cached --others --exclude-standard |
    tar -c --null --files-from=- --ignore-failed-read -f - | tar -C "$folder/checkout" -xf -
for turn in 1 2; do
    "$folder/checkout/scripts/build-images.sh" --tag "compare-$turn" --no-cache "${targets[@]}"
done
differ=0
for target in "${targets[@]}"; do
    for turn in 1 2; do
        "$docker" image inspect --format '{{json .RootFS.Layers}}' "srna-augment/$target:compare-$turn" \
            >"$folder/$turn.layers"
    done
    if cmp --silent "$folder/1.layers" "$folder/2.layers"; then
        echo "compare-images: $target: both builds have the same layers: $(cat "$folder/1.layers")"
        continue
    fi
    differ=1
    echo "compare-images: $target: the builds differ in these files (layer, path, ...):"
    for turn in 1 2; do list_files "srna-augment/$target:compare-$turn" >"$folder/$turn.files"; done
    diff "$folder/1.files" "$folder/2.files" || true
done
exit "$differ"
