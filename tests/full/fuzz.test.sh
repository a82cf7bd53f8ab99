#!/usr/bin/env bash
# The fuzzers of KQL, OTLP and OpenAPI documents, under sanitizers, FUZZ_SECONDS each (default: twenty minutes), from the collected queries.
# usage: fuzz.test.sh ROLLCALL. What is found stands in build/fuzz/findings; put it into tests/kql when it is mended.
set -u
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT
queries=${ROLLCALL_CORPUS:-../shared/corpus}/kql/real_queries.jsonl.gz
[[ ! -e $queries ]] || zcat "$queries" | node -e '
  const lines = require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean);
  for (const line of lines) {
    const { id, query } = JSON.parse(line);
    if (query.length < 1500) require("fs").writeFileSync(`${process.argv[1]}/${id}`, query);
  }' "$seeds"
fuzzers=(kql_parse kql_bind kql_prepare otlp openapi)
scripts/build fuzz "${fuzzers[@]/#/fuzz_}" || exit 1
mkdir -p build/fuzz/findings
failed=0
for one in "${fuzzers[@]}"; do
  echo "· $one, ${FUZZ_SECONDS:-1200} s"
  ASAN_OPTIONS=detect_leaks=0 "build/fuzz/tests/fuzz_$one" -max_total_time="${FUZZ_SECONDS:-1200}" -max_len=1500 -timeout=20 \
    -dict=tests/fuzz/kql.dict -artifact_prefix="build/fuzz/findings/$one-" -print_final_stats=1 "$seeds" 2>"build/fuzz/$one.log" ||
    { echo "$one found something: build/fuzz/$one.log"; failed=1; }
  grep -E "number_of_executed_units|new_units_added" "build/fuzz/$one.log"
done
exit $failed
