#!/usr/bin/env bash
# Starts the Nextflow whose jars lie in ../share/nextflow (installed by scripts/install-nextflow.sh).
set -euo pipefail

here="$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd)"
lib="$here/../share/nextflow"
java_home="${NXF_JAVA_HOME:-${JAVA_HOME:-}}"
java="${java_home:+$java_home/bin/}java"

# The packages that Nextflow opens to itself by reflection.
opens=()
for package in java.lang java.io java.nio java.nio.file.spi java.net java.util \
    java.util.concurrent.locks java.util.concurrent.atomic java.util.regex \
    sun.nio.ch sun.nio.fs sun.net.www.protocol.http sun.net.www.protocol.https \
    sun.net.www.protocol.ftp sun.net.www.protocol.file jdk.internal.misc jdk.internal.vm; do
    opens+=("--add-opens=java.base/$package=ALL-UNNAMED")
done

# No plugin registry comes with this installation, so Nextflow must not wait for one.
export NXF_OFFLINE="${NXF_OFFLINE:-true}"
# What reports and the `log` command show as the command line.
export NXF_CLI="nextflow $*"

# shellcheck disable=SC2086  # NXF_OPTS and NXF_JVM_ARGS are lists of options
exec "$java" -Dfile.encoding=UTF-8 -Djava.awt.headless=true \
    -XX:+TieredCompilation -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
    ${NXF_OPTS:-} ${NXF_JVM_ARGS:-} "${opens[@]}" \
    -cp "$lib/*" nextflow.cli.Launcher "$@"
