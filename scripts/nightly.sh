#!/usr/bin/env bash
# What takes too long for every change: `make nightly`, and so CI at night.
#
# Mutated expressions for a minute for each target (HALYARD_FUZZ_SECONDS), the proof that every answer to
# an open question is at work, and the build for browsers. All steps run, also after one that fails; the
# last line names those that failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

failed=()

step() {
  local started=$SECONDS status=0
  printf '\n=== %s\n' "$1"
  "${@:2}" </dev/null || status=$?
  if [ "$status" -ne 0 ]; then
    failed+=("$1")
  fi
  printf -- '--- %s: %s in %d s\n' "$1" "$([ "$status" -eq 0 ] && echo passed || echo FAILED)" "$((SECONDS - started))"
}

step "fuzzing" scripts/fuzz.sh
step "decisions" scripts/decisions.sh
step "expressions beside JavaScript" scripts/expressions.sh
step "build for browsers" scripts/wasm.sh

if [ "${#failed[@]}" -gt 0 ]; then
  printf '\nFAILED: %s\n' "$(IFS=,; echo "${failed[*]}")"
  exit 1
fi
printf '\nAll steps of the night passed in %d s.\n' "$SECONDS"
