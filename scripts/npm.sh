#!/usr/bin/env bash
# Installs the node packages of scripts/node once, outside of the checkout, and prints the directory
# that holds them. Where node, npm or the network is missing, it says so and ends with status 3:
# what needs the packages is skipped then.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "node and npm are not installed" >&2
  exit 3
fi
if [ -n "${CARGO_TARGET_DIR:-}" ]; then
  cache=$(dirname "$CARGO_TARGET_DIR")
else
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/halyard
fi
# Another list of packages gets another place, so that clones with different lists do not meet.
packages=$cache/node-$(sha256sum scripts/node/package-lock.json | cut -c1-12)
mkdir -p "$cache"
(
  flock 9
  if [ ! -e "$packages/installed" ]; then
    echo "installing the packages of scripts/node" >&2
    rm -rf "$packages"
    mkdir "$packages"
    cp scripts/node/package.json scripts/node/package-lock.json "$packages/"
    if ! npm ci --prefix "$packages" --ignore-scripts --no-audit --no-fund >"$packages/log" 2>&1; then
      cat "$packages/log" >&2
      echo "npm cannot install them here" >&2
      exit 3
    fi
    touch "$packages/installed"
  fi
) 9>"$cache/node.lock"
echo "$packages/node_modules"
