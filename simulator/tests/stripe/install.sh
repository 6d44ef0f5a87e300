#!/bin/sh
# Installs Stripe's own SDKs that tests/stripe drives, under the target folder.
set -eu
cd "$(dirname "$0")/../../.."
to=${CARGO_TARGET_DIR:-target}/clients
mkdir -p "$to/node"
[ -x "$to/python/bin/python" ] || python3 -m venv "$to/python"
"$to/python/bin/pip" install --quiet --disable-pip-version-check 'stripe==16.1.*'
npm install --silent --no-fund --no-audit --prefix "$to/node" 'stripe@23.1'
