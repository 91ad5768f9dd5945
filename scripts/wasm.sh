#!/usr/bin/env bash
# Builds the expression language for browsers into $CARGO_TARGET_DIR/wasm/iml.wasm, and says its size.
#
# Where the compiler's target cannot be added (no network, no rustup), it says so and ends with 0:
# everything else works without it.
set -euo pipefail
cd "$(dirname "$0")/.."

target=wasm32-unknown-unknown
most_bytes=$((500 * 1024))
built=${CARGO_TARGET_DIR:-target}

if ! [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ] && ! rustup target add "$target"; then
  echo "NOT BUILT: the compiler has no target $target and it cannot be added here."
  exit 0
fi

# Size counts more than speed where it is downloaded.
CARGO_PROFILE_RELEASE_OPT_LEVEL=s CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 \
  CARGO_PROFILE_RELEASE_PANIC=abort CARGO_PROFILE_RELEASE_STRIP=symbols \
  cargo build --release --locked --package halyard-iml-wasm --target "$target"

mkdir -p "$built/wasm"
cp "$built/$target/release/halyard_iml_wasm.wasm" "$built/wasm/iml.wasm"
if command -v wasm-opt >/dev/null; then
  wasm-opt -Os --output "$built/wasm/iml.wasm" "$built/wasm/iml.wasm"
fi
bytes=$(gzip --best --stdout "$built/wasm/iml.wasm" | wc -c)
echo "$built/wasm/iml.wasm: $(wc -c <"$built/wasm/iml.wasm") bytes, $bytes compressed"
if [ "$bytes" -gt "$most_bytes" ]; then
  echo "This is more than $most_bytes bytes."
  exit 1
fi

# It runs where a browser would run it, as far as node is one, and through its typed wrapper.
if packages=$(scripts/npm.sh); then
  "$packages/.bin/tsc" --project crates/iml_wasm --outDir "$built/wasm"
  node scripts/wasm-check.mjs "$built/wasm/iml.wasm" "$built/wasm/iml.js"
else
  echo "NOT TRIED: without node and its packages nothing here can run it."
fi
