#!/usr/bin/env bash
# Runs unmodified clients against the server binary on both databases; see conformance/clients.
#
# The clients are installed once, outside of the checkout, from the public package index.
# HALYARD_CONFORMANCE_OUT is where the tables go; without it conformance/ itself is written.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

# A database server of its own, unless the caller has one.
make_scratch
trap remove_scratch EXIT
start_postgres off

requirements=conformance/clients/requirements.txt
if [ -n "${CARGO_TARGET_DIR:-}" ]; then
  cache=$(dirname "$CARGO_TARGET_DIR")
else
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/halyard
fi
# Another list of clients gets another place, so that clones with different lists do not meet.
clients=$cache/clients-$(sha256sum "$requirements" | cut -c1-12)
mkdir -p "$cache"
(
  flock 9
  if [ ! -e "$clients/installed" ]; then
    echo "installing the clients of $requirements"
    rm -rf "$clients"
    python3 -m venv "$clients" || {
      echo "python3 cannot make a virtual environment; on Debian the package python3-venv is missing"
      exit 1
    }
    "$clients/bin/python" -m pip install --quiet --disable-pip-version-check \
      --no-deps --requirement "$requirements"
    "$clients/bin/python" -m pip check
    touch "$clients/installed"
  fi
) 9>"$cache/clients.lock"

cargo build --locked --package halyard-server
"$clients/bin/python" -B conformance/clients/run.py \
  --halyard "${CARGO_TARGET_DIR:-$PWD/target}/debug/halyard" \
  --out "${HALYARD_CONFORMANCE_OUT:-$PWD/conformance}"
