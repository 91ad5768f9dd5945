#!/usr/bin/env bash
# Installs Prism, which judges requests by an OpenAPI document, and prints the path of its program.
#
# Tests use it where HALYARD_TWILIO_SPEC names a folder with Twilio's OpenAPI documents
# (twilio_api_v2010.json, twilio_monitor_v1.json):
#
#   HALYARD_PRISM=$(scripts/prism.sh) cargo test -p halyard-server --test apps prism
set -euo pipefail
cd "$(dirname "$0")/.."

version=5.14.2
if [ -n "${CARGO_TARGET_DIR:-}" ]; then
  cache=$(dirname "$CARGO_TARGET_DIR")
else
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/halyard
fi
place=$cache/prism-$version
mkdir -p "$cache"
(
  flock 9
  if [ ! -e "$place/installed" ]; then
    echo "installing Prism $version" >&2
    rm -rf "$place"
    mkdir "$place"
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$place" \
      "@stoplight/prism-cli@$version" >&2
    touch "$place/installed"
  fi
) 9>"$cache/prism.lock"
echo "$place/node_modules/.bin/prism"
