#!/bin/sh
# Installs what the tests run: PostgreSQL, RabbitMQ, promtool, Chromium, curl, and what a report's PDF is printed with:
# Pango, HarfBuzz, a font. Nothing is done where all are there.
# On Debian and Ubuntu as root: with apt, and without starting Debian's own instances of the servers.
# Elsewhere: says what to install, and exits with 1.
# SYSROOT: a folder that holds the system's files in the place of /.
set -eu

system=${SYSROOT:-}
missing=
need() { # need PACKAGE PATTERN: the package is missing where no file matches the pattern
    for file in $2; do
        [ ! -e "$file" ] || return 0
    done
    missing="$missing $1"
}
need postgresql "$system/usr/lib/postgresql/*/bin/initdb"
need rabbitmq-server "$system/usr/lib/rabbitmq/bin/rabbitmq-server"
command -v promtool >/dev/null || missing="$missing prometheus"
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
    missing="$missing chromium"
command -v curl >/dev/null || missing="$missing curl"
# By the file, not by a program: they are libraries. Debian has them in a folder of the architecture.
need libpango-1.0-0 "$system/usr/lib/*/libpango-1.0.so.0 $system/usr/lib64/libpango-1.0.so.0"
need libpangoft2-1.0-0 "$system/usr/lib/*/libpangoft2-1.0.so.0 $system/usr/lib64/libpangoft2-1.0.so.0"
need libharfbuzz-subset0 "$system/usr/lib/*/libharfbuzz-subset.so.0 $system/usr/lib64/libharfbuzz-subset.so.0"
need fonts-dejavu-core "$system/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "These packages are missing; install them with your system's package manager:$missing" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "These packages are missing. Run this once, then again what you ran:" >&2
    echo "    sudo apt-get update && sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# A package's own instance of a server would be a server that nobody asked for. Debian's way to say so is a
# policy-rc.d that answers 101; one that is there already is left as it is.
policy=$system/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
# shellcheck disable=SC2086 # a list of packages
apt-get install -y -qq --no-install-recommends $missing >/dev/null
