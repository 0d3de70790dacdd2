#!/bin/sh
# Makes sure that the tests find what they need beside Go: a browser, a
# Japanese font, PostgreSQL's programs and axe-core. As root on Debian it
# installs what is missing; otherwise it says the line that does.
set -eu
cd "$(dirname "$0")/.."

AXE=4.14.1

packages=
find_program() { command -v "$1" >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/"$1" >/dev/null 2>&1; }
find_program chromium || packages="$packages chromium"
find_program initdb && find_program postgres || packages="$packages postgresql"
ls /usr/share/fonts/truetype/vlgothic/*.ttf >/dev/null 2>&1 || packages="$packages fonts-vlgothic"
find_program npm || packages="$packages npm"
find_program cc || packages="$packages gcc libc6-dev"

if [ -n "$packages" ]; then
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
		echo "the tests need more programs; as root:" >&2
		echo "  apt-get update && apt-get install -y --no-install-recommends$packages" >&2
		exit 1
	fi
	echo "installing$packages" >&2
	log=$(mktemp)
	if ! { apt-get update && DEBIAN_FRONTEND=noninteractive \
		apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends $packages; } >"$log" 2>&1; then
		tail -20 "$log" >&2
		exit 1
	fi
	rm -f "$log"
fi

if [ ! -f .bin/axe/node_modules/axe-core/axe.min.js ]; then
	mkdir -p .bin/axe
	npm install --silent --no-fund --no-audit --prefix .bin/axe "axe-core@$AXE" >&2
fi
