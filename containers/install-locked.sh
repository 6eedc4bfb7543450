#!/usr/bin/env bash
# Installs what uv.lock names, hashes checked, without the package itself: install-locked.sh [UV-OPTION]...
# Runs inside the image build (containers/Dockerfile).
set -euo pipefail

if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi
uv sync --quiet --frozen --no-dev --no-install-project --python python3 "$@"
