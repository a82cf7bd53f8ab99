#!/usr/bin/env bash
# 10,000 random fleets of two hours with faults, and 10,000 orders of arrival. usage: fleets.test.sh ROLLCALL
export ROLLCALL_FLEETS="${ROLLCALL_FLEETS:-10000}" ROLLCALL_PERMUTATIONS="${ROLLCALL_PERMUTATIONS:-10000}"
exec build/release/tests/test_fleet --gtest_filter='Fleets.*'
