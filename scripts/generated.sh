#!/usr/bin/env bash
# Committed files that a program writes.
#
#   scripts/generated.sh check    fails when a committed file is not what its program prints today
#   scripts/generated.sh write    writes them all
#
# A line of the list is: FILE | COMMAND OF halyard. The command prints the file on standard output.
set -euo pipefail
cd "$(dirname "$0")/.."

generated_files=(
  "docs/openapi/twist.json | openapi"
)

mode=${1:-}
case "$mode" in
  check | write) ;;
  *) echo "usage: scripts/generated.sh check|write" >&2; exit 2 ;;
esac

# The same selection as the tests have built: another one would compile much of it again.
cargo build --quiet --locked --workspace --all-targets
halyard() { "${CARGO_TARGET_DIR:-target}/debug/halyard" "$@"; }

# Commands that the program knows, one per line: the first word of each indented line of its help.
known_commands=$(halyard --help </dev/null | sed -n 's/^  \([a-z][a-z-]*\)\( .*\)\{0,1\}$/\1/p')

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
stale=0

for entry in "${generated_files[@]}"; do
  file=${entry%% | *}
  read -r -a words <<<"${entry##* | }"
  if ! grep -qx -- "${words[0]}" <<<"$known_commands"; then
    # A file without its program is a mistake; neither of the two is a part that is not built yet.
    if [ -e "$file" ]; then
      echo "generated: $file is there, but halyard has no command ${words[0]}"
      stale=1
    else
      echo "generated: no $file yet"
    fi
    continue
  fi
  halyard "${words[@]}" </dev/null >"$scratch/new"
  if [ "$mode" = write ]; then
    mkdir -p "$(dirname "$file")"
    cp "$scratch/new" "$file"
    echo "generated: wrote $file"
  elif [ ! -e "$file" ]; then
    echo "generated: $file is missing: run make generate"
    stale=1
  elif ! diff -u "$file" "$scratch/new" >"$scratch/diff"; then
    head -n 40 "$scratch/diff"
    echo "generated: $file is not what its program prints: run make generate and review the change"
    stale=1
  else
    echo "generated: $file is up to date"
  fi
done
exit "$stale"
