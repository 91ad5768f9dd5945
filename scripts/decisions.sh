#!/usr/bin/env bash
# Shows that every answer to an open question of the expression language is at work: in a copy of the
# checkout each constant of crates/iml/src/decisions.rs is changed, and the test of its number must fail.
set -euo pipefail
cd "$(dirname "$0")/.."

file=crates/iml/src/decisions.rs
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/halyard.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
git ls-files -z --cached --others --exclude-standard | tar -c --null --files-from - | tar -x -C "$scratch"

# Lines are: NUMBER CONSTANT. The number stands in the comment above the constant.
constants=$(sed -n -e 's|^/// \([0-9]*\): .*|\1|p' -e 's/^pub const \([A-Z0-9_]*\): .*/\1/p' "$file" | paste -d ' ' - -)
count=0
for number in $(seq 17); do
  constant=$(awk -v number="$number" '$1 == number { print $2 }' <<<"$constants")
  [ -n "$constant" ] || { echo "decisions: no constant answers question $number"; exit 1; }
  sed -e "/^pub const $constant:/{
    s/= true;/= CHANGED;/; s/= false;/= true;/; s/CHANGED/false/
    s/= \",\";/= \";\";/; s/|\`\";/|\";/
  }" "$file" >"$scratch/$file"
  if cmp -s "$file" "$scratch/$file"; then
    echo "decisions: $constant cannot be changed by this script"
    exit 1
  fi
  test=$(printf 'q%02d_' "$number")
  if (cd "$scratch" && cargo test --locked --package halyard-iml --test decisions "$test" </dev/null) >"$scratch/output" 2>&1; then
    echo "decisions: nothing fails when $constant is changed"
    exit 1
  elif ! grep -q '^test result: FAILED. 0 passed; 1 failed' "$scratch/output"; then
    cat "$scratch/output"
    echo "decisions: $constant cannot be changed"
    exit 1
  fi
  printf '%2d %-36s %s\n' "$number" "$constant" "$(sed -n 's/^test \(q[0-9a-z_]*\) .*/\1/p' "$scratch/output" | head -n 1)"
  count=$((count + 1))
done
echo "$count decisions are at work"
