#!/usr/bin/env bash
# Measures this machine, on SQLite and then on PostgreSQL. Arguments go to both runs of the benchmark
# program, for example: scripts/bench.sh --only comments --seconds 2
#
# The database is always our own, with fsync on: one that a developer keeps for tests may have it off,
# and a commit that does not reach the disk is not what we measure.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

trap remove_scratch EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

unset HALYARD_TEST_POSTGRES
make_scratch
install_packages
cargo build --release --locked --package halyard-server --package halyard-bench
built=${CARGO_TARGET_DIR:-target}/release
mkdir -p bench/results

"$built/halyard-bench" iml --results bench/results/iml.json
"$built/halyard-bench" apps

echo "On SQLite"
"$built/halyard-bench" run --server "$built/halyard" --results bench/results/sqlite.json "$@"
"$built/halyard-bench" deliveries --server "$built/halyard"
"$built/halyard-bench" feed --server "$built/halyard"
"$built/halyard-bench" watch --server "$built/halyard"

start_postgres on
echo "On PostgreSQL"
"$built/halyard-bench" run --server "$built/halyard" --results bench/results/postgres.json \
  --database "$HALYARD_TEST_POSTGRES" "$@"
"$built/halyard-bench" deliveries --server "$built/halyard" --database "$HALYARD_TEST_POSTGRES"
"$built/halyard-bench" feed --server "$built/halyard" --database "$HALYARD_TEST_POSTGRES"
"$built/halyard-bench" watch --server "$built/halyard" --database "$HALYARD_TEST_POSTGRES"
