#!/usr/bin/env bash
# Compares the expression language with what is not written in Rust: its tables of cases are computed
# again from the documentation, and the typed wrapper for browsers is compiled. Where node and its
# packages cannot be installed, it says so and ends with 0.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! packages=$(scripts/npm.sh); then
  echo "SKIPPED: the tables of cases and the typed wrapper need node and packages from npm."
  exit 0
fi
NODE_PATH=$packages node crates/iml/tools/check.cjs
"$packages/.bin/tsc" --project crates/iml_wasm --noEmit
echo "iml.ts has no errors in its types"
