#!/usr/bin/env bash
# Installs locked requirements, hashes checked, into /opt/srna-augment: install-locked.sh REQUIREMENTS
# Runs inside the image build (containers/Dockerfile).
set -euo pipefail

if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi
uv venv --quiet --python python3 /opt/srna-augment
uv pip install --quiet --python /opt/srna-augment --require-hashes --no-deps --requirement "$1"
