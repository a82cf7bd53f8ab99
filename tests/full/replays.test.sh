#!/usr/bin/env bash
# Whole replays of real deployments, and many seeds of the simulation. Hours on a small machine.
# usage: replays.test.sh ROLLCALL; the deployments are read from ROLLCALL_DATA (default: ../shared/data).
set -u
rollcall=$1
data=${ROLLCALL_DATA:-../shared/data}
wikimedia=$data/wikimedia_deployments_2014_2022.csv.gz
govuk=$data/govuk_deployments_2022_2025h1.csv.gz
[[ -e $wikimedia && -e $govuk ]] || { echo "no deployments in $data; skipped"; exit 0; }
lists=$(mktemp -d)
trap 'rm -rf "$lists"' EXIT
failed=0
# replay NAME perfect|measured ARGUMENTS...
replay() {
  local name=$1 expected=$2
  shift 2
  echo "· $name"
  "$rollcall" replay "$@"
  local code=$?
  [[ $expected == measured || $code == 0 ]] || { echo "not perfect: $name"; failed=1; }
}
quarter=("$wikimedia" --from 2022-01-01 --to 2022-04-01)
march=("$govuk" --from 2024-03-01 --to 2024-04-01)
replay "Wikimedia, nothing goes wrong" perfect "${quarter[@]}" --export "$lists"
node tests/replay/reverts.mjs "$lists/deployment-history.csv" "$data/wikimedia_changes_2014_2022.csv.gz" \
  "$wikimedia" 2022-01-01 2022-04-01 || failed=1
replay "GOV.UK, nothing goes wrong" perfect "${march[@]}"
replay "GOV.UK without host names" measured "${march[@]}" --no-hosts
replay "Wikimedia, everything goes wrong" measured "${quarter[@]}" --faults all
replay "GOV.UK, everything goes wrong" measured "${march[@]}" --faults all
# A replay keeps one core busy: two at a time.
years() {
  failed=0
  for year in "$@"; do
    replay "Wikimedia $year, everything goes wrong" perfect "$wikimedia" --from "$year-01-01" \
      --to "$((year + 1))-01-01" --instances 1 --heartbeat 300 --faults all
  done
  exit $failed
}
(years {2014..2017} 2022) &
(years {2018..2021}) || failed=1
wait $! || failed=1
replay "GOV.UK, all of it, everything goes wrong" measured "$govuk" --instances 1 --heartbeat 300 --faults all
# What is played, detected and judged is the same in memory, without the product's stores: whole files in minutes, and more seeds.
in_memory() {
  local name=$1 expected=$2 file=$3
  shift 3
  echo "· $name, in memory"
  zcat "$file" > "$lists/deployments.csv"
  env "$@" ROLLCALL_DEPLOYMENTS="$lists/deployments.csv" build/release/tests/test_fleet --gtest_filter='File.*' ||
    [[ $expected == measured ]] || failed=1
}
for seed in 1 2 3; do
  in_memory "GOV.UK, all of it, seed $seed" perfect "$govuk" ROLLCALL_SEED=$seed
  in_memory "Wikimedia 2022, seed $seed" measured "$wikimedia" ROLLCALL_SEED=$seed ROLLCALL_FROM=2022-01-01
done
replay "Wikimedia, the plain flow" measured "${quarter[@]}" --flow plain
replay "GOV.UK, the plain flow" measured "${march[@]}" --flow plain
"$rollcall" sim --seeds 1..500 || failed=1
exit $failed
