#!/usr/bin/env bash
# A throwaway PostgreSQL server for tests and benchmarks.
#
#   scripts/postgres.sh start DIR [--fsync on|off]
#   scripts/postgres.sh stop DIR
#
# `start` creates a cluster in DIR if there is none, starts it on a free port of 127.0.0.1, and
# prints one line on standard output, to be given to `export`:
#
#   HALYARD_TEST_POSTGRES=postgres://halyard@127.0.0.1:PORT/postgres
#
# The role `halyard` is a superuser without a password: anybody on this machine can connect, so this
# is for data that nobody needs to keep. Everything else that is said goes to standard error.
#
# `--fsync off` trades durability for speed and is right for tests only. A benchmark leaves it on,
# because a commit that does not reach the disk is not the thing that we measure.
#
# `stop` ends the one server whose process id is written in DIR, and no other.
set -euo pipefail

say() { printf 'postgres: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
usage() { die "usage: scripts/postgres.sh start DIR [--fsync on|off] | stop DIR"; }

newest_bin() {
  local bin
  bin=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
  [ -x "${bin:-/nowhere}/postgres" ] ||
    die "no server found under /usr/lib/postgresql: install the Debian package postgresql"
  printf '%s\n' "$bin"
}

# The server refuses to run as root; the Debian package brings an unprivileged user for it.
# All its commands run in /, since that user may not be allowed into the current directory.
unprivileged() {
  if [ "$(id -u)" -eq 0 ]; then
    (cd / && runuser -u postgres -- "$@")
  else
    (cd / && "$@")
  fi
}

# Prints the process id of the server that runs on DIR, and nothing when there is none. A crash
# leaves a stale file behind whose number may belong to a stranger by now, hence the look at the
# working directory, which a server never leaves.
running_pid() {
  local pid
  [ -r "$data/postmaster.pid" ] || return 0
  pid=$(head -n 1 "$data/postmaster.pid")
  [[ $pid =~ ^[0-9]+$ ]] || return 0
  if [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$(readlink -f "$data")" ]; then
    printf '%s\n' "$pid"
  fi
}

print_url() {
  printf 'HALYARD_TEST_POSTGRES=postgres://halyard@127.0.0.1:%s/postgres\n' "$1"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

create_cluster() {
  say "creating a cluster in $data"
  unprivileged "$bin/initdb" --pgdata="$data" --username=halyard --auth=trust \
    --locale=C --encoding=UTF8 --no-sync >"$dir/initdb.log" 2>&1 ||
    { cat "$dir/initdb.log" >&2; die "initdb failed"; }
}

# Written anew at each start: the port and the choice of --fsync may differ from the last one.
write_settings() {
  local port=$1 sockets=
  # A socket's path has room for 107 bytes, file name included; beyond that there is TCP only.
  [ "${#dir}" -gt 85 ] || sockets=\"${dir//\'/\'\'}\"
  cat >"$data/postgresql.auto.conf" <<END
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$sockets'
max_connections = 300
shared_buffers = 64MB
max_locks_per_transaction = 128
timezone = 'UTC'
jit = off
fsync = $fsync
full_page_writes = $fsync
synchronous_commit = $fsync
END
}

start() {
  local pid port
  bin=$(newest_bin)
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd -P)
  data=$dir/data
  log=$dir/postgres.log

  pid=$(running_pid)
  if [ -n "$pid" ]; then
    say "already running as process $pid"
    print_url "$(sed -n 4p "$data/postmaster.pid")"
    return
  fi

  if [ "$(id -u)" -eq 0 ]; then
    id -u postgres >/dev/null 2>&1 || die "root cannot run it, and there is no user postgres"
    chown postgres "$dir"
  fi
  unprivileged test -w "$dir" ||
    die "the user that runs the server cannot reach $dir: choose a directory under ${TMPDIR:-/tmp}"
  [ -s "$data/PG_VERSION" ] || create_cluster

  # Between choosing a port and binding it, somebody else may take it.
  for _ in 1 2 3 4 5; do
    port=$(free_port)
    write_settings "$port"
    if unprivileged "$bin/pg_ctl" start --wait --timeout=60 --silent --pgdata="$data" --log="$log" \
      </dev/null >/dev/null 2>&1; then
      say "$(basename "$(dirname "$bin")") on port $port, fsync $fsync, process $(running_pid)"
      print_url "$port"
      return
    fi
    grep -qs 'Address already in use' "$log" || break
  done
  [ ! -e "$log" ] || tail -n 20 "$log" >&2
  die "the server did not start"
}

stop() {
  local pid deadline
  [ -d "$dir" ] || { say "nothing runs in $dir"; return; }
  dir=$(cd "$dir" && pwd -P)
  data=$dir/data
  pid=$(running_pid)
  [ -n "$pid" ] || { say "nothing runs in $dir"; return; }

  # SIGINT is the fast shutdown: it does not wait for clients to leave. SIGQUIT does not wait at all.
  kill -INT "$pid"
  deadline=$((SECONDS + 30))
  while [ -n "$(running_pid)" ]; do
    if [ "$SECONDS" -gt "$deadline" ]; then
      say "process $pid does not shut down; ending it at once"
      kill -QUIT "$pid"
      deadline=$((SECONDS + 30))
    fi
    sleep 0.1
  done
  say "stopped process $pid"
}

[ $# -ge 2 ] || usage
command=$1
dir=$2
shift 2
fsync=on
while [ $# -gt 0 ]; do
  case "$1 ${2:-}" in
    "--fsync on" | "--fsync off") fsync=$2; shift 2 ;;
    *) usage ;;
  esac
done

case "$command" in
  start) start ;;
  stop) stop ;;
  *) usage ;;
esac
