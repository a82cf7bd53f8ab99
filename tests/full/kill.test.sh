#!/usr/bin/env bash
# kill -9 in the middle of ingestion, a thousand times. usage: kill.test.sh ROLLCALL
exec node tests/otlp/kill.test.mjs "$1" 1000
