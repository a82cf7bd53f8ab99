#!/usr/bin/env bash
# SharePoint's clients, hostile requests and sixteen writers, with the lists in PostgreSQL.
# usage: postgresql.test.sh ROLLCALL
set -eu
for name in client hostile writers; do
  tests/support/with_postgresql.sh node "tests/sharepoint/$name.test.mjs" "$1"
done
