#!/bin/sh
# Makes .venv and installs the locked packages: `bootstrap.sh run` what the product needs, `bootstrap.sh dev` the
# tests' and tools' as well. Repeatable: does nothing when the lock has not changed. Works as root without sudo, with
# no standard input, from pyenv's, Debian's or Homebrew's Python.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE VIRTUAL_ENV PYTHONHOME

say() { echo "liveon: $*" >&2; }

case "${1:-run}" in
    run) lock=requirements.txt ;;
    dev) lock=requirements-dev.txt ;;
    *) say "usage: bootstrap.sh run|dev"; exit 2 ;;
esac
fits='import sys, ssl, sqlite3; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))'

# A pyenv shim exists but fails when run, so each candidate is run.
find_python() {
    for candidate in ${PYTHON:-} python3.13 python3.12 python3.14 python3.11 python3; do
        if "$candidate" -c "$fits" >/dev/null 2>&1 && "$candidate" -c "$1" >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

install_venv_package() {
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    say "$1 cannot make virtual environments; installing $package"
    sh tools/apt-install.sh "$package"
}

make_venv() {
    rm -rf .venv
    if python=$(find_python 'import ensurepip, venv'); then
        "$python" -m venv .venv
    elif python=$(find_python 'pass') && install_venv_package "$python"; then
        "$python" -m venv .venv
    elif python=$(find_python 'pass') && command -v uv >/dev/null; then
        uv venv --quiet --seed --python "$python" .venv
    elif [ -n "$python" ]; then
        say "$python has no venv module. Install it (Debian and Ubuntu: apt-get install python3-venv) and run make again."
        exit 1
    else
        say "No Python 3.11 to 3.14 found. Install one (Debian and Ubuntu: apt-get install python3 python3-venv),"
        say "or name one: make PYTHON=/path/to/python3.12"
        exit 1
    fi
}

# uv installs in a second what takes pip a minute; pip does it when uv has no wheel for this machine.
install_packages() {
    if [ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --require-hashes -r requirements-uv.txt; then
        .venv/bin/uv pip install --quiet --compile-bytecode --require-hashes --python .venv/bin/python -r "$lock" && return
        say "uv could not install the packages; trying pip"
    fi
    .venv/bin/python -m ensurepip >/dev/null
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
}

stamp=.venv/installed-$lock
wanted=$(cksum <"$lock")
if ! .venv/bin/python -c "$fits" >/dev/null 2>&1; then
    say "making .venv"
    make_venv
fi
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
    say "installing $lock into .venv"
    install_packages
    echo "$wanted" >"$stamp"
fi
