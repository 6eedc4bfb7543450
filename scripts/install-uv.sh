#!/usr/bin/env bash
# Gives this project a uv (the installer that reads uv.lock): the one on PATH, else one of its own in FOLDER.
#
#   scripts/install-uv.sh [FOLDER]      FOLDER defaults to the repository's .cache/uv-tool
#
# Prints the path of uv, and nothing else, to stdout. Needs Python 3 with venv or pip, or pipx;
# as root on Debian it installs python3-venv where neither is there.
set -euo pipefail

here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
case "${1:-}" in
    -h | --help) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) echo "install-uv: unknown option $1; usage: install-uv.sh [FOLDER]" >&2; exit 2 ;;
esac
folder="${1:-$here/../.cache/uv-tool}"
oldest="0.8" # reads revision 3 and later of uv.lock

say() { printf 'install-uv: %s\n' "$*" >&2; }
usable() {
    local version
    version="$("$1" --version 2>/dev/null | sed -n 's/^uv \([0-9.]*\).*/\1/p')"
    [ -n "$version" ] && [ "$(printf '%s\n%s\n' "$oldest" "$version" | sort -V | head -n 1)" = "$oldest" ]
}

for candidate in "$(command -v uv || true)" "$folder/bin/uv"; do
    if [ -n "$candidate" ] && usable "$candidate"; then
        printf '%s\n' "$candidate"
        exit 0
    fi
done

mkdir -p "$folder"
say "installing uv into $folder"
with_venv() { python3 -m venv --clear "$folder" && "$folder/bin/python" -m pip install --quiet uv; }
with_pip() { # pip without venv: Debian keeps the two apart
    python3 -m pip install --quiet --target "$folder/lib" uv && mkdir -p "$folder/bin" &&
        ln -sf ../lib/bin/uv "$folder/bin/uv"
}
with_pipx() { PIPX_HOME="$folder/pipx" PIPX_BIN_DIR="$folder/bin" pipx install --quiet uv; }
with_apt() {
    [ "$(id -u)" = 0 ] && command -v apt-get && apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv &&
        with_venv
}
for way in with_venv with_pip with_pipx with_apt; do
    if "$way" >"$folder/install.log" 2>&1 && usable "$folder/bin/uv"; then
        printf '%s\n' "$folder/bin/uv"
        exit 0
    fi
done
say "no way to install uv: install it (python3 -m pip install uv, or pipx install uv), then run" \
    "this again; the last try is in $folder/install.log"
exit 1
