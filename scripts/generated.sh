#!/usr/bin/env bash
# Committed files that a program writes.
#
#   scripts/generated.sh check    fails when a committed file is not what its program prints today
#   scripts/generated.sh write    writes them all
#
# A line of the first list is: FILE | COMMAND OF halyard, one of the second: FILE | SCRIPT OF node. Each
# prints the file on standard output. What needs node is left out, and said so, where it cannot run.
set -euo pipefail
cd "$(dirname "$0")/.."

generated_files=(
  "docs/openapi/twist.json | openapi"
)
node_files=(
  "crates/iml/src/date/locales.tsv | crates/iml/tools/locales.cjs"
  "crates/iml/tests/dates/dates.tsv | crates/iml/tests/dates/generate.cjs"
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

# Compares the new file with the committed one, or takes its place.
settle() {
  local file=$1
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
}

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
  settle "$file"
done

# Signs of numbers come from the tables of the runtime, which differ from release to release.
if packages=$(scripts/npm.sh); then
  for entry in "${node_files[@]}"; do
    file=${entry%% | *}
    NODE_PATH=$packages node "${entry##* | }" </dev/null >"$scratch/new"
    tables=$(sed -n '1s/.*\(CLDR [0-9.]*\).*/\1/p' "$file")
    if [ -n "$tables" ] && ! head -n 1 "$scratch/new" | grep -qF "$tables"; then
      echo "generated: $file is left alone: this node does not have $tables"
    else
      settle "$file"
    fi
  done
else
  echo "generated: ${#node_files[@]} files of node are not checked"
fi
exit "$stale"
