"""The configuration line."""

import json

import pytest

from media_sfu.config import Announce, read_config
from media_sfu.errors import ConfigError

LINE = {"worker": "sfu-0", "socket": "/run/sfu/0.sock", "listen": "127.0.0.1", "port": 40000}


def test_shortest_line_has_the_documented_defaults():
    config = read_config(json.dumps(LINE))
    assert config.announce == (Announce("127.0.0.1", 40000, None),)
    assert (config.link_grace_seconds, config.statistics_seconds, config.log_level) == (15.0, 10.0, "info")


def test_announced_addresses_are_read():
    announce = [{"address": "203.0.113.5", "port": 40000, "protocol": "udp"}, {"address": "2001:DB8::1", "port": 0}]
    config = read_config(json.dumps(LINE | {"announce": announce}))
    assert config.announce == (Announce("203.0.113.5", 40000, "udp"), Announce("2001:db8::1", 0, None))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"worker": ""}, "worker"),
        ({"worker": "a b"}, "worker"),
        ({"socket": None}, "socket"),
        ({"listen": "localhost"}, "listen"),
        ({"port": 70000}, "port"),
        ({"port": "40000"}, "port"),
        ({"announce": []}, "announce"),
        ({"announce": [{"address": "x", "port": 1}]}, "announce.address"),
        ({"announce": [{"address": "::1", "port": 1, "protocol": "sctp"}]}, "announce.protocol"),
        ({"link_grace_seconds": 0}, "link_grace_seconds"),
        ({"statistics_seconds": "10"}, "statistics_seconds"),
        ({"log_level": "loud"}, "log_level"),
        ({"debug": True}, "debug"),
    ],
)
def test_wrong_field_is_named(change, field):
    with pytest.raises(ConfigError, match=field):
        read_config(json.dumps(LINE | change))


@pytest.mark.parametrize("line", ["", "[]", "{", "null"])
def test_line_that_is_no_object_is_refused(line):
    with pytest.raises(ConfigError):
        read_config(line)
