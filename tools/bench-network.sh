#!/bin/sh
# Runs a command in a network of its own with the one interface `media` (10.9.9.1): nothing of the bench leaves it.
# Needs the right to make network namespaces (root).
set -eu
exec unshare --net sh -euc '
    ip link set lo up
    ip link add media type veth peer name wire
    ip address add 10.9.9.1/24 dev media
    ip link set wire up
    ip link set media up
    exec "$@"' sh "$@"
