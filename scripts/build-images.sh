#!/usr/bin/env bash
# Builds the container images and prints their sizes.
#
#   scripts/build-images.sh [--registry PREFIX] [--tag TAG] [--no-cache] [base|train|report]...
#
# All images by default; --no-cache makes every layer again (make images-compare does, twice).
# PREFIX (default: srna-augment) and TAG (default: the version in pyproject.toml) are what the
# pipeline's parameters container_registry and container_tag say. The base image is the public one that
# containers/Dockerfile pins (or $BASE_IMAGE); where no registry answers and this is root on Debian,
# one is made from Debian's packages instead.
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"
dockerfile=containers/Dockerfile
bootstrapped=srna-augment/debian-python:bookworm

say() { printf 'build-images: %s\n' "$*"; }
die() { say "$*" >&2; exit "${2:-1}"; }

registry=srna-augment
tag="$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml | head -n 1)"
targets=()
again=()
while [ "$#" -gt 0 ]; do
    case "$1" in
        --registry) registry="${2:?--registry needs a prefix}"; shift 2 ;;
        --no-cache) again=(--no-cache); shift ;;
        --tag) tag="${2:?--tag needs a tag}"; shift 2 ;;
        base | train | report) targets+=("$1"); shift ;;
        -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) echo "build-images: unknown argument $1 (try --help)" >&2; exit 2 ;;
    esac
done
[ "${#targets[@]}" -gt 0 ] || targets=(base train report)

# Debian's client where there are several: it brings the builder that fits its daemon.
docker=docker
[ -x /usr/bin/docker ] && docker=/usr/bin/docker
command -v "$docker" >/dev/null || die "docker is not installed"
"$docker" info >/dev/null 2>&1 || die "no docker daemon answers (as root on Debian: make services)"

# A minimal Debian with Python: no registry needed, and smaller than the public image.
bootstrap() {
    [ "$(id -u)" = 0 ] && [ -r /etc/debian_version ] ||
        die "no registry answers, and only root on Debian can make a base image: set BASE_IMAGE"
    command -v mmdebstrap >/dev/null || {
        say "installing mmdebstrap"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
            --no-install-recommends mmdebstrap
    } >/dev/null
    local archive
    archive="$(mktemp -d)"
    # shellcheck disable=SC2064  # the folder of this call
    trap "rm -rf '$archive'" EXIT
    say "no registry answers: making $bootstrapped from Debian's packages (about a minute)"
    SOURCE_DATE_EPOCH=1735689600 mmdebstrap --quiet --variant=minbase \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
        --include=usr-is-merged,python3,procps,libgomp1 \
        --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --aptopt='Acquire::Languages "none"' \
        --aptopt='APT::Install-Recommends "false"' \
        bookworm "$archive/base.tar"
    "$docker" import "$archive/base.tar" "$bootstrapped" >/dev/null
}

have() { "$docker" image inspect "$1" >/dev/null 2>&1; }

base="${BASE_IMAGE:-$(sed -n 's/^ARG BASE_IMAGE=//p' "$dockerfile" | head -n 1)}"
if ! have "$base" && ! timeout 300 "$docker" pull --quiet "$base" >/dev/null 2>&1; then
    [ -z "${BASE_IMAGE:-}" ] || die "cannot pull $base"
    have "$bootstrapped" || bootstrap
    base="$bootstrapped"
fi
say "base image: $base"

options=(--build-arg "BASE_IMAGE=$base" --build-arg "VERSION=$tag"
    --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)"
    --build-arg "HOME_URL=$(sed -n "s/^ *homePage = '\(.*\)'/\1/p" nextflow.config)")
# The host's certificates, for networks that re-sign TLS; a secret, so no image keeps them.
for ca in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt; do
    if [ -s "$ca" ]; then options+=(--secret "id=ca,src=$ca"); break; fi
done

export DOCKER_BUILDKIT=1
for target in "${targets[@]}"; do
    image="$registry/$target:$tag"
    say "building $image"
    "$docker" build --progress=plain --file "$dockerfile" --target "$target" --tag "$image" \
        "${again[@]}" "${options[@]}" . >"${TMPDIR:-/tmp}/build-$target.log" 2>&1 ||
        die "the build of $image failed: see ${TMPDIR:-/tmp}/build-$target.log
$(tail -n 20 "${TMPDIR:-/tmp}/build-$target.log")"
done
for target in "${targets[@]}"; do
    image="$registry/$target:$tag"
    size="$("$docker" image inspect --format '{{.Size}}' "$image")"
    say "$image: $((size / 1000000)) MB"
done
