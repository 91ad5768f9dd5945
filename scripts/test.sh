#!/usr/bin/env bash
# Every check that decides whether a change may land: `make test`, and so CI.
#
# Steps run in order, each is named and timed, and the first that fails ends the run with its name.
# The last line is the sum of all tests: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

current_step=
passed=0
failed=0

step() {
  local started=$SECONDS
  current_step=$1
  printf '\n=== %s\n' "$current_step"
  "$2"
  printf -- '--- %s: %d s\n' "$current_step" "$((SECONDS - started))"
  current_step=
}

finish() {
  local status=$?
  remove_scratch || true
  if [ "$status" -ne 0 ]; then
    printf '\nFAILED: %s\n' "${current_step:-make test}"
  fi
  printf '%d passed, %d failed\n' "$passed" "$failed"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

packages() {
  install_packages
  python3 -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
}

checks_of_checks() { python3 -m unittest discover --start-directory scripts/checks; }

format() { cargo fmt --all --check; }

lints() { cargo clippy --workspace --all-targets --locked -- -D warnings; }

documentation() { RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked; }

database() { start_postgres off; }

# The sum of the numbers before a word, over the closing lines of both runners:
#   nextest: "Summary [ 1.2s] 9 tests run: 8 passed (1 slow), 1 failed, 0 skipped"
#   cargo test: "test result: ok. 8 passed; 1 failed; 0 ignored; …"
sum_of() {
  sed -n -e 's/\x1b\[[0-9;]*m//g' -e '/^ *Summary \[/p' -e '/^test result:/p' "$2" |
    awk -v word="$1" '{ for (i = 2; i <= NF; i++) if ($i ~ "^" word) n += $(i - 1) } END { print n + 0 }'
}

# Runs a test command, shows what it prints, and counts its tests, also when it fails.
counted() {
  local status=0
  "$@" 2>&1 </dev/null | tee "$scratch/output" || status=$?
  passed=$((passed + $(sum_of passed "$scratch/output")))
  failed=$((failed + $(sum_of failed "$scratch/output")))
  return "$status"
}

# The vendor's documents are not ours to keep; a run without them hands the reviewed table on.
specification() {
  if [ -z "${HALYARD_TWILIO_SPEC:-}" ]; then
    echo "skipped: Twilio's specification; HALYARD_TWILIO_SPEC names no folder with its documents"
  elif HALYARD_PRISM=$(scripts/prism.sh); then
    export HALYARD_PRISM
  else
    echo "skipped: Twilio's specification; Prism cannot be installed"
    unset HALYARD_PRISM
  fi
}

tests() {
  # Snapshots are compared and never written; the library notes which ones were used.
  export INSTA_UPDATE=no
  export INSTA_SNAPSHOT_REFERENCES_FILE=$scratch/snapshots
  # Tests that replay clients write what they saw here; a later step compares it.
  export HALYARD_CONFORMANCE_OUT=$scratch/conformance
  mkdir "$HALYARD_CONFORMANCE_OUT"
  if cargo nextest --version >/dev/null 2>&1; then
    counted cargo nextest run --workspace --locked --no-fail-fast
  else
    counted cargo test --workspace --all-targets --locked --no-fail-fast
  fi
  [ "$passed" -gt 0 ] || { echo "no test ran"; return 1; }
}

# Programs of others against the binary itself; they are installed once, outside of the checkout.
real_clients() {
  local status=0
  scripts/clients.sh 2>&1 </dev/null | tee "$scratch/output" || status=$?
  passed=$((passed + $(sed -n 's/^\([0-9]*\) steps of real clients passed$/\1/p' "$scratch/output" | grep . || echo 0)))
  return "$status"
}

# The expression language beside JavaScript, where that can be had.
expressions() { scripts/expressions.sh; }

documentation_tests() { counted cargo test --workspace --doc --locked; }

snapshots() { scripts/checks/snapshots.py "$scratch/snapshots"; }

audit() { scripts/checks/audit.py; }

tracked_text() { scripts/checks/text.py; }

generated_files() { scripts/generated.sh check; }

# The tables in conformance/ hold what the last reviewed run of real clients and recorded requests
# saw; the clients themselves lie beside them and are no result.
conformance() {
  mkdir -p "$scratch/recorded"
  cp conformance/*.tsv "$scratch/recorded"
  if ! diff -ruN "$scratch/recorded" "$scratch/conformance"; then
    echo "conformance/ (the - side) is not what the tests saw (the + side)."
    echo "If the change is wanted: HALYARD_CONFORMANCE_OUT=\$PWD/conformance cargo nextest run, and"
    echo "commit the result with the change that explains it."
    return 1
  fi
}

make_scratch
step "packages" packages
step "format" format
step "checks of the checks" checks_of_checks
step "tracked text" tracked_text
step "dependency audit" audit
step "lints" lints
step "documentation" documentation
step "database" database
step "specification of Twilio" specification
step "tests on SQLite and PostgreSQL" tests
step "real clients" real_clients
step "expressions beside JavaScript" expressions
step "documentation tests" documentation_tests
step "snapshots without leftovers" snapshots
step "generated files" generated_files
step "conformance" conformance
printf '\nAll checks passed in %d s.\n' "$SECONDS"
