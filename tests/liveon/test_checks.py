"""Checks of what the network is told, by themselves: a whole start costs seconds (test_settings.py has those)."""

import pytest
from django.conf import LazySettings

from liveon.checks import check_media_addresses, check_turn_urls


@pytest.mark.parametrize(
    "url",
    [
        "turn:turn.example.com",
        "turn:198.51.100.5:3478?transport=udp",
        "turn:[2001:db8::5]:3478?transport=tcp",
        "turns:turn.example.com:443?transport=tcp",
    ],
)
def test_turn_urls_are_taken(settings: LazySettings, url: str):
    settings.TURN_URLS = [url]
    assert check_turn_urls() == []


@pytest.mark.parametrize(
    "url",
    ["turn.example.com", "https://turn.example.com", "turn://turn.example.com", "turn:user@host", "turns:", "stun:x"],
)
def test_what_is_no_turn_url_is_refused(settings: LazySettings, url: str):
    settings.TURN_URLS = [url]
    [error] = check_turn_urls()
    assert (error.id, url in error.msg) == ("liveon.E008", True)


@pytest.mark.parametrize(
    ("listen", "addresses", "announce", "workers", "found"),
    [
        ("", [], [], 4, []),
        ("10.0.0.4", ["198.51.100.4"], [], 4, []),
        ("::", ["198.51.100.4", "2001:db8::4"], [], 1, []),
        ("10.0.0.4", ["198.51.100.4", "2001:db8::4"], [], 1, ["liveon.W002"]),
        ("10.0.0.4", ["198.51.100.4"], [[("2001:db8::4", 3478)]], 1, ["liveon.W002"]),
        ("10.0.0.4", ["198.51.100.4"], [[("198.51.100.4", 3478)]], 2, ["liveon.W001"]),
    ],
)
def test_contradicting_media_addresses_are_named(settings: LazySettings, listen, addresses, announce, workers, found):
    settings.MEDIA_LISTEN, settings.MEDIA_ADDRESSES = listen, addresses
    settings.MEDIA_ANNOUNCE, settings.MEDIA_WORKERS = announce, workers
    assert [warning.id for warning in check_media_addresses()] == found
