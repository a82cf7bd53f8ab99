#!/usr/bin/env bash
# Sixteen writers on one list for a minute while the server is killed at random, on both stores.
# usage: writers.test.sh ROLLCALL
set -eu
export WRITERS_SECONDS=60
node tests/sharepoint/writers.test.mjs "$1"
tests/support/with_postgresql.sh node tests/sharepoint/writers.test.mjs "$1"
