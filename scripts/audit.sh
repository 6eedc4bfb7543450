#!/usr/bin/env bash
# Looks for weak spots: scripts/audit.sh (make audit). Ends with 1 where one of the checks finds something.
#
#   bandit           the code: everything but what is listed below, with the reason
#   detect-secrets   passwords and keys in what git tracks
#   pip-audit        known holes in what uv.lock names; skipped, and said, where no advisories can be had
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
uv="$(scripts/install-uv.sh)"
run() { "$uv" tool run --quiet --from "$@"; }
failed=0

# B101  assert states, for readers and mypy, what the code above has made sure of; no check of input is one.
# B404, B603  subprocess: lists of words, never a shell, and in scripts/ and benchmarks/ alone (the next check).
# B105, B310  scripts/galaxy_server.py: the password and address of the server that the tests start and stop.
echo "bandit"
run bandit==1.9.4 bandit --quiet --skip B101,B404,B603 --recursive tools bin || failed=1
run bandit==1.9.4 bandit --quiet --skip B101,B404,B603,B105,B310 --recursive scripts benchmarks || failed=1
if grep -rnE --include='*.py' '^ *(import|from) (subprocess|socket|pickle|urllib\.request|requests|yaml)' tools; then
    echo "the package starts no process, opens no connection and reads no pickle or YAML"
    failed=1
fi

# SHA-256 of data and images, and the password above, are no secrets; pictures and packed data have no lines.
echo "detect-secrets"
git ls-files -z -- ':!*.h5' ':!*.h5ad' ':!*.gz' ':!*.png' ':!uv.lock' |
    xargs -0 "$uv" tool run --quiet --from detect-secrets==1.5.0 detect-secrets scan --no-verify \
        --exclude-lines '"sha256": "[0-9a-f]{64}"|@sha256:[0-9a-f]{64}' \
        --exclude-lines 'certificates as the secret' --exclude-secrets '^small-rna-tests$' |
    python3 -c '
import json, sys
found = json.load(sys.stdin)["results"]
for path, places in found.items():
    for place in places:
        print("%s:%s: %s" % (path, place["line_number"], place["type"]))
sys.exit(bool(found))' || failed=1

echo "pip-audit"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
"$uv" export --quiet --frozen --no-emit-project --no-header --extra train --extra report >"$folder/locked.txt"
run pip-audit==2.10.1 pip-audit --requirement "$folder/locked.txt" --disable-pip --progress-spinner off \
    --format json --output "$folder/found.json" 2>"$folder/log" || true
python3 - "$folder/found.json" "$folder/log" <<'PYTHON' || failed=1
import json, pathlib, sys

path = pathlib.Path(sys.argv[1])
packages = json.loads(path.read_text())["dependencies"] if path.exists() else []
seen = [package for package in packages if "vulns" in package]
if not seen:
    said = pathlib.Path(sys.argv[2]).read_text().strip().splitlines()
    print("skipped, not passed: pip-audit told nothing:", said[-1] if said else "no reason given")
for package in seen:
    for hole in package["vulns"]:
        fixed = ", ".join(hole["fix_versions"]) or "no version"
        print(f"{package['name']} {package['version']}: {hole['id']}, mended in {fixed}")
sys.exit(any(package["vulns"] for package in seen))
PYTHON
if [ "$failed" = 0 ]; then echo "nothing found by what ran"; fi
exit "$failed"
