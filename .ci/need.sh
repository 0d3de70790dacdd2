#!/bin/sh
# Makes sure that the tests find what they need beside Go: a browser, a
# Japanese font, PostgreSQL's programs, axe-core and relying parties; with the
# word "clients", every relying party there is a page for. As root on Debian it
# installs what is missing; otherwise it says the line that does.
set -eu
cd "$(dirname "$0")/.."

AXE=4.14.1
OAUTH2_PROXY=v7.15.6

packages=
find_program() { command -v "$1" >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/"$1" >/dev/null 2>&1; }
find_program chromium || packages="$packages chromium"
find_program initdb && find_program postgres || packages="$packages postgresql"
ls /usr/share/fonts/truetype/vlgothic/*.ttf >/dev/null 2>&1 || packages="$packages fonts-vlgothic"
find_program npm || packages="$packages npm"
find_program cc || packages="$packages gcc libc6-dev"
find_program apache2 || packages="$packages apache2-bin"
[ -f /usr/lib/apache2/modules/mod_auth_openidc.so ] || packages="$packages libapache2-mod-auth-openidc"
if [ "${1:-}" = clients ]; then
	find_program nginx || packages="$packages nginx-light"
	for m in authlib flask requests; do
		[ -d /usr/lib/python3/dist-packages/$m ] || packages="$packages python3-$m"
	done
fi

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

# The relying parties on Node.js, at the versions of the lock file.
from=idp/idptest/parties
if ! cmp -s $from/package-lock.json .bin/parties/package-lock.json; then
	if ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then
		echo "the tests of relying parties need Node.js 20 or newer" >&2
		exit 1
	fi
	mkdir -p .bin/parties.new
	cp $from/package.json $from/package-lock.json .bin/parties.new
	npm ci --silent --no-fund --no-audit --prefix .bin/parties.new >&2
	rm -rf .bin/parties
	mv .bin/parties.new .bin/parties
fi

if [ "${1:-}" = clients ] && [ ! -x ".bin/oauth2-proxy-$OAUTH2_PROXY" ]; then
	echo "building oauth2-proxy $OAUTH2_PROXY" >&2
	GOBIN="$PWD/.bin" go install "github.com/oauth2-proxy/oauth2-proxy/v7@$OAUTH2_PROXY"
	mv .bin/oauth2-proxy ".bin/oauth2-proxy-$OAUTH2_PROXY"
fi
