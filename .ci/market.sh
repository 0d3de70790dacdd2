#!/bin/sh
# Runs the provider and the demonstration market together; Ctrl-C ends both.
set -eu
cd "$(dirname "$0")/.."

.bin/sekisho dev "$@" &
provider=$!
.bin/marketplace &
market=$!
trap 'kill "$provider" "$market" 2>/dev/null || true; wait; exit 0' INT TERM
# Whichever ends first takes the other with it.
while kill -0 "$provider" 2>/dev/null && kill -0 "$market" 2>/dev/null; do sleep 1; done
kill "$provider" "$market" 2>/dev/null || true
wait "$provider"
