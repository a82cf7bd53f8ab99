#!/usr/bin/env bash
# Stories of flows that nobody has told yet: SIM_SECONDS of new seeds (default: two minutes).
#   tests/simulation/new_seeds.test.sh [build/release/rollcall]      SIM_FIRST: the first seed (default: from the time)
set -euo pipefail
rollcall=${1:-build/release/rollcall}
first=${SIM_FIRST:-$(($(date +%s) * 1000))}
at=$first
while ((SECONDS < ${SIM_SECONDS:-120})); do
  said=$("$rollcall" sim --only flows --seeds "$at..$((at + 99))") || { echo "$said"; exit 1; }
  at=$((at + 100))
done
echo "seeds $first..$((at - 1)): no invariant violated"
