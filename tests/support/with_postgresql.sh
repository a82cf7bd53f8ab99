#!/usr/bin/env bash
# usage: with_postgresql.sh COMMAND...: runs it beside a PostgreSQL server of its own, in a folder that is
# removed afterwards, on no port. ROLLCALL_TEST_POSTGRESQL is the connection string. The database orders texts as
# people do, so that a comparison shows which forgets to ask for bytes. ROLLCALL_TEST_FSYNC=on: what it commits survives a power cut.
set -euo pipefail
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[[ -n $bin ]] || { echo "PostgreSQL's server is missing (Debian's postgresql-15; scripts/install --test)"; exit 1; }
folder=$(mktemp -d)
as_owner=()
# The server refuses to be root.
if [[ $EUID == 0 ]]; then chown postgres "$folder" && as_owner=(runuser -u postgres --); fi
stop() {
  [[ ! -e $folder/data/postmaster.pid ]] || "${as_owner[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null
  rm -rf "$folder"
}
trap stop EXIT
cd "$folder"
"${as_owner[@]}" "$bin/initdb" -D "$folder/data" -A trust -E UTF8 --locale=C --locale-provider=icu --icu-locale=en-US -U rollcall --no-sync >"$folder/initdb.log" 2>&1 ||
  { cat "$folder/initdb.log"; exit 1; }
"${as_owner[@]}" "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/data/server.log" \
  -o "-c listen_addresses='' -c unix_socket_directories='$folder' -c fsync=${ROLLCALL_TEST_FSYNC:-off}" start >/dev/null ||
  { cat "$folder/data/server.log"; exit 1; }
cd "$OLDPWD"
export ROLLCALL_TEST_POSTGRESQL="host=$folder user=rollcall dbname=postgres"
"$@"
