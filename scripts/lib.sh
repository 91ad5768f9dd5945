# shellcheck shell=bash
#
# Shared by the scripts beside it, which source it. Defines functions and sets the place of the
# throwaway database; runs nothing.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
scratch=

# A directory for one run. Others may pass through it, because the database server runs as another
# user when we are root.
make_scratch() {
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/halyard.XXXXXX")
  chmod 755 "$scratch"
}

# Stops what this run has started and removes its files. To be called by a trap on EXIT.
remove_scratch() {
  [ -n "$scratch" ] || return 0
  if [ -d "$scratch/postgres" ]; then
    "$repository/scripts/postgres.sh" stop "$scratch/postgres"
  fi
  rm -rf "$scratch"
  scratch=
}

# Starts a database server unless the caller has named one. The argument is its setting of fsync.
start_postgres() {
  local line
  if [ -n "${HALYARD_TEST_POSTGRES:-}" ]; then
    echo "using the server that HALYARD_TEST_POSTGRES names"
    return
  fi
  line=$("$repository/scripts/postgres.sh" start "$scratch/postgres" --fsync "$1")
  export "${line?}"
}

# Installs the Debian packages that a run needs and that are missing.
install_packages() {
  local root=()
  # A server that the caller has named needs nothing installed.
  [ -z "${HALYARD_TEST_POSTGRES:-}" ] || return 0
  if compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then
    echo "PostgreSQL is installed"
    return 0
  fi
  if [ "$(id -u)" -ne 0 ]; then
    root=(sudo -n)
  fi
  if ! command -v apt-get >/dev/null ||
    { [ "${#root[@]}" -gt 0 ] && ! "${root[@]}" true 2>/dev/null; }; then
    echo "PostgreSQL is missing, and it takes apt-get and root to install it here."
    echo "Install the package postgresql, or set HALYARD_TEST_POSTGRES to the address of a server"
    echo "and a role that may create databases, such as postgres://halyard@127.0.0.1/postgres"
    return 1
  fi
  echo "installing postgresql"
  "${root[@]}" apt-get update --quiet=2
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --quiet=2 --no-install-recommends postgresql </dev/null
}
