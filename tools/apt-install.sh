#!/bin/sh
# Installs Debian packages when this user may (root, or sudo without a password); otherwise says which are missing.
set -eu

say() { echo "liveon: $*" >&2; }

refuse() {
    say "$1. Please install: $packages"
    exit 1
}

packages="$*"
command -v apt-get >/dev/null || refuse "This is not Debian or Ubuntu"
if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    refuse "Only root may install packages"
fi

apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 -qq "$@" </dev/null >&2
}

apt update || { sleep 5; apt update; } || refuse "apt-get update failed"
# shellcheck disable=SC2086 # the list is words
apt install --yes --no-install-recommends $packages || refuse "apt-get install failed"
