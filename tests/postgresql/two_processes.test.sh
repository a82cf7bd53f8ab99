#!/usr/bin/env bash
# Two servers on one PostgreSQL database share the runs of flows.
#   tests/postgresql/two_processes.test.sh [build/release/rollcall]
set -euo pipefail
here=$(dirname "$0")
exec "$here/../support/with_postgresql.sh" node "$here/two_processes.mjs" "${1:-$here/../../build/release/rollcall}"
