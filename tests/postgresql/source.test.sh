#!/usr/bin/env bash
# A PostgreSQL server as a source of logs. usage: source.test.sh ROLLCALL
exec tests/support/with_postgresql.sh node tests/postgresql/source.mjs "$1"
