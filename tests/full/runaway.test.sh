#!/usr/bin/env bash
# Two minutes of queries without end beside the poll: tests/full/runaway.test.sh path/to/rollcall
set -euo pipefail
cd "$(dirname "$0")/../.."
ROLLCALL_RUNAWAY_SECONDS=120 node tests/kusto/runaway.test.mjs "$1"
