#!/usr/bin/env bash
# 100,000 random filters over random rows against a plain reading of OData's rules.
# usage: filters.test.sh ROLLCALL
set -eu
RC_PARAMS=max_success=5000 build/release/tests/test_odata --gtest_filter='Filters.*'
