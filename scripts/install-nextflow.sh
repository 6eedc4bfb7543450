#!/usr/bin/env bash
# Gives this project a Nextflow: the one on PATH when it is new enough, else one from Maven Central.
#
#   scripts/install-nextflow.sh [PREFIX]      PREFIX defaults to the repository's .venv
#
# Prints the path of the nextflow to use, and nothing else, to stdout. An installed one consists of
# PREFIX/bin/nextflow and the jars in PREFIX/share/nextflow. Does nothing when that is up to date.
set -euo pipefail

oldest="25.04"
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
spec="$here/nextflow"
prefix="${1:-$here/../.venv}"

say() { printf 'install-nextflow: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

case "${1:-}" in
    -h | --help) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) say "unknown option $1; usage: install-nextflow.sh [PREFIX]"; exit 2 ;;
esac

mkdir -p "$prefix"
prefix="$(cd -- "$prefix" && pwd)"
launcher="$prefix/bin/nextflow"
lib="$prefix/share/nextflow"

# Succeeds when version $1 is $2 or later.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

version_of() { "$1" -version 2>/dev/null | sed -n 's/^ *version \([0-9.]*[0-9]\).*/\1/p' | head -n 1; }

# 1. The user's own. The search skips PREFIX/bin, which may be on PATH already.
IFS=: read -r -a folders <<<"$PATH"
for folder in "${folders[@]}"; do
    candidate="${folder:-.}/nextflow"
    if [ -x "$candidate" ] && [ ! "$candidate" -ef "$launcher" ]; then
        version="$(version_of "$candidate" || true)"
        if [ -n "$version" ] && at_least "$version" "$oldest"; then
            printf '%s\n' "$candidate"
            exit 0
        fi
        say "$candidate is ${version:-of an unknown version}, older than $oldest: not used"
        break
    fi
done

# 2. The one installed here before.
stamp="$(cat "$spec/pom.xml" "$spec/jars.sha256" "$spec/launcher.sh" | sha256sum | cut -d ' ' -f 1)"
if [ -x "$launcher" ] && [ "$(cat "$lib/.stamp" 2>/dev/null)" = "$stamp" ]; then
    printf '%s\n' "$launcher"
    exit 0
fi

# 3. A new one: Java 17 or later and Maven are needed.
java_home="${NXF_JAVA_HOME:-${JAVA_HOME:-}}"
java="${java_home:+$java_home/bin/}java"
java_version() { "$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1; }
missing=()
found="$(java_version || true)"
[ -n "$found" ] && [ "$found" -ge 17 ] || missing+=(openjdk-17-jre-headless)
command -v mvn >/dev/null || missing+=(maven)
if [ "${#missing[@]}" -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && [ -r /etc/debian_version ]; then
        say "installing ${missing[*]} by apt"
        apt-get update -qq >&2
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            "${missing[@]}" >&2
    else
        die "needs Java 17 or later and Maven (missing: ${missing[*]}); install them, or Nextflow" \
            "$oldest or later itself (https://www.nextflow.io), then run this again"
    fi
fi

mkdir -p "$prefix/bin" "$prefix/share"
new="$(mktemp -d "$prefix/share/nextflow.XXXXXX")"
trap 'rm -rf "$new"' EXIT
say "fetching Nextflow from Maven Central"
mvn -q -B --strict-checksums -f "$spec/pom.xml" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$new" >&2 ||
    die "Maven could not fetch Nextflow; see its messages above"
(cd "$new" && sha256sum --check --quiet --strict "$spec/jars.sha256") >&2 ||
    die "a downloaded jar differs from scripts/nextflow/jars.sha256; nothing was installed"
printf '%s\n' "$stamp" >"$new/.stamp"
chmod 755 "$new"
install -m 755 "$spec/launcher.sh" "$launcher"
rm -rf "$lib"
mv "$new" "$lib"
trap - EXIT
say "installed Nextflow $(version_of "$launcher") as $launcher"
printf '%s\n' "$launcher"
