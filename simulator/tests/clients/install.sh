#!/bin/sh
# Installs the clients of other languages that tests/wire drives, under the target folder.
set -eu
cd "$(dirname "$0")/../../.."
to=${CARGO_TARGET_DIR:-target}/clients
mkdir -p "$to/node"
[ -x "$to/python/bin/python" ] || python3 -m venv "$to/python"
"$to/python/bin/pip" install --quiet --disable-pip-version-check 'psycopg[binary]==3.3.*'
npm install --silent --no-fund --no-audit --prefix "$to/node" 'pg@8.23'
