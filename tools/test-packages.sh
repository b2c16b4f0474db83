#!/bin/sh
# Makes sure that what the tests drive is on this machine: servers, browsers, fonts, Node. `missing` names the
# Debian package of each thing that is not there.
set -eu
cd "$(dirname "$0")/.."

command_exists() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }
postgresql_exists() { command_exists initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }
chromium_exists() { command_exists chromium || command_exists chromium-browser; }
font_exists() { ls /usr/share/fonts/*/"$1"* >/dev/null 2>&1; }

missing() {
    postgresql_exists || echo postgresql
    command_exists redis-server || echo redis-server
    command_exists nginx || echo nginx
    command_exists turnserver || echo coturn
    command_exists strace || echo strace
    chromium_exists || echo chromium
    command_exists firefox-esr || echo firefox-esr
    font_exists dejavu/DejaVuSans || echo fonts-dejavu-core
    font_exists noto/NotoSansCJK || echo fonts-noto-cjk
    command_exists node || echo nodejs
    command_exists npm || echo npm
}

wanted=$(missing)
[ -z "$wanted" ] && exit 0
# shellcheck disable=SC2086
echo liveon: installing for the tests: $wanted >&2
# shellcheck disable=SC2086
sh tools/apt-install.sh $wanted
wanted=$(missing)
if [ -n "$wanted" ]; then
    # shellcheck disable=SC2086
    echo liveon: still missing after the installation: $wanted >&2
    exit 1
fi
