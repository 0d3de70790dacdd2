#!/bin/sh
# Runs every fuzz target for a while: .ci/fuzz.sh 30s
# Little is done to make inputs small: what touches a database never takes the
# same path twice, and would spend all its time on that.
set -eu
cd "$(dirname "$0")/.."

for package in $(go list ./...); do
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		echo "$package $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "${1:-10s}" -fuzzminimizetime 10x "$package"
	done
done
