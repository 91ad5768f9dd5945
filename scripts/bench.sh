#!/usr/bin/env bash
# Measures this machine: see bench/. Arguments go to the benchmark program.
#
# The database keeps fsync on: a commit that does not reach the disk is not what we measure.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

trap remove_scratch EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

make_scratch
install_packages
cargo build --release --locked --package halyard-server --package halyard-bench
start_postgres on
cargo run --quiet --release --locked --package halyard-bench -- "$@"
