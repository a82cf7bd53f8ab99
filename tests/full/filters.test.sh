#!/usr/bin/env bash
# 100,000 random filters over random rows: a plain reading of OData's rules, SQLite and PostgreSQL agree.
# usage: filters.test.sh ROLLCALL
set -eu
RC_PARAMS=max_success=5000 tests/support/with_postgresql.sh build/release/tests/test_odata --gtest_filter='Filters.*'
