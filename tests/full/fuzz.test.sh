#!/usr/bin/env bash
# The fuzzers of KQL, OTLP, OpenAPI documents and flows, under sanitizers, FUZZ_SECONDS each (default: twenty minutes), from the
# collected queries, expressions, definitions and connectors.
# usage: fuzz.test.sh ROLLCALL. What is found stands in build/fuzz/findings; put it among the cases when it is mended.
set -u
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT
mkdir "$seeds"/{kql,otlp,openapi,flow}
corpus=${ROLLCALL_CORPUS:-../shared/corpus}
queries=$corpus/kql/real_queries.jsonl.gz
[[ ! -e $queries ]] || zcat "$queries" | node -e '
  const lines = require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean);
  for (const line of lines) {
    const { id, query } = JSON.parse(line);
    if (query.length < 1500) require("fs").writeFileSync(`${process.argv[1]}/kql/${id}`, query);
  }' "$seeds"
[[ ! -e $corpus/wdl/expressions.jsonl ]] || node -e '
  const lines = require("fs").readFileSync(process.argv[1], "utf8").split("\n").filter(Boolean);
  lines.forEach((line, n) => {
    const { expression, template } = JSON.parse(line);
    const text = expression ?? template;
    if (text !== undefined) require("fs").writeFileSync(`${process.argv[2]}/flow/expression-${n}`, typeof text === "string" ? text : JSON.stringify(text));
  });' "$corpus/wdl/expressions.jsonl" "$seeds"
for kind in wdl/definitions:flow connectors/definitions:openapi; do
  [[ ! -d $corpus/${kind%:*} ]] || find "$corpus/${kind%:*}" -name '*.json' -size -16k -exec cp --backup=numbered -t "$seeds/${kind#*:}" {} +
done
fuzzers=(kql_parse kql_bind kql_prepare otlp openapi flow_template flow_definition)
scripts/build fuzz "${fuzzers[@]/#/fuzz_}" || exit 1
mkdir -p build/fuzz/findings
failed=0
for one in "${fuzzers[@]}"; do
  echo "· $one, ${FUZZ_SECONDS:-1200} s"
  case $one in kql_*) max=1500 ;; *) max=16000 ;; esac
  ASAN_OPTIONS=detect_leaks=0 "build/fuzz/tests/fuzz_$one" -max_total_time="${FUZZ_SECONDS:-1200}" -max_len="$max" -timeout=20 \
    -dict=tests/fuzz/kql.dict -artifact_prefix="build/fuzz/findings/$one-" -print_final_stats=1 "$seeds/${one%%_*}" 2>"build/fuzz/$one.log" ||
    { echo "$one found something: build/fuzz/$one.log"; failed=1; }
  grep -E "number_of_executed_units|new_units_added" "build/fuzz/$one.log"
done
exit $failed
