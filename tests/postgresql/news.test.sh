#!/usr/bin/env bash
# What one server writes into a list, the triggers of another hear at once.
#   tests/postgresql/news.test.sh [build/release/rollcall]
set -euo pipefail
here=$(dirname "$0")
exec "$here/../support/with_postgresql.sh" node "$here/news.mjs" "${1:-$here/../../build/release/rollcall}"
