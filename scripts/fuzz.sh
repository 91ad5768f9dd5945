#!/usr/bin/env bash
# Tries mutated expressions on parser, evaluator and printer, HALYARD_FUZZ_SECONDS (60) each, from a
# different start each time unless HALYARD_FUZZ_SEED says otherwise. A finding is printed as a source.
set -euo pipefail
cd "$(dirname "$0")/.."

export HALYARD_FUZZ_SECONDS=${HALYARD_FUZZ_SECONDS:-60}
export HALYARD_FUZZ_SEED=${HALYARD_FUZZ_SEED:-$(date +%s)}
for target in parse evaluate format; do
  cargo test --release --locked --package halyard-iml --test robust "fuzz::fuzz_$target" -- --nocapture
done
