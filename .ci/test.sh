#!/bin/sh
# Runs every test, those of rooms with shared state under the race detector.
set -eu
cd "$(dirname "$0")/.."

module=$(go list -m)
race="$module/clients $module/idp $module/idp/jobs $module/idp/password $module/idp/store $module/mfa/send"
rest=$(go list ./... | grep -vxF "$(printf '%s\n' $race)")

failed=0
# The race detector makes everything several times slower, so the verbs meet it
# on SQLite alone, and PostgreSQL without it.
SEKISHO_TEST_DATABASE=sqlite go test -race $race || failed=1
SEKISHO_TEST_DATABASE=postgres go test "$module/idp" $rest || failed=1
if [ "$failed" != 0 ]; then
	echo "tests: FAILED"
	exit 1
fi
echo "tests: all passed"
