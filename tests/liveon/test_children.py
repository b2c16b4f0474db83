"""What the parent tells the media workers."""

import socket

import pytest
from django.conf import LazySettings

from liveon import children


@pytest.fixture
def unset(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> LazySettings:
    settings.MEDIA_ADDRESSES, settings.MEDIA_ANNOUNCE = [], []
    own = {socket.AF_INET: "192.0.2.7", socket.AF_INET6: "2001:db8::7"}
    monkeypatch.setattr(children, "own_address", lambda family=socket.AF_INET: own[family])
    return settings


def test_with_nothing_configured_loopback_and_the_machine_s_own_address_are_named(unset):
    configuration = children.worker_configuration(1, 40000)
    assert configuration["listen"] == "0.0.0.0"
    assert configuration["announce"] == [
        {"address": "127.0.0.1", "port": 40001},
        {"address": "192.0.2.7", "port": 40001},
    ]


def test_without_a_network_everything_stays_on_loopback(unset, monkeypatch):
    monkeypatch.setattr(children, "own_address", lambda family=socket.AF_INET: "")
    configuration = children.worker_configuration(0, 40000)
    assert configuration["listen"] == "127.0.0.1"
    assert configuration["announce"] == [{"address": "127.0.0.1", "port": 40000}]


def test_behind_an_ipv6_web_port_media_is_ipv6(unset, monkeypatch):
    configuration = children.worker_configuration(0, 40000, "::1")
    assert configuration["listen"] == "::"
    assert [each["address"] for each in configuration["announce"]] == ["::1", "2001:db8::7"]
    monkeypatch.setattr(children, "own_address", lambda family=socket.AF_INET: "")
    assert children.media_addresses("::1") == ("::1", ["::1"])


def test_a_configured_address_is_the_only_one(unset):
    unset.MEDIA_ADDRESSES, unset.MEDIA_LISTEN = ["198.51.100.4"], "10.0.0.4"
    configuration = children.worker_configuration(0, 40000)
    assert configuration["listen"] == "10.0.0.4"
    assert configuration["announce"] == [{"address": "198.51.100.4", "port": 40000}]


def test_each_worker_has_its_word_of_the_announced_addresses(unset):
    unset.MEDIA_ANNOUNCE = [[("198.51.100.4", 3478)], [("198.51.100.4", 3479), ("2001:db8::4", 40001)]]
    assert children.worker_configuration(1, 40000)["announce"] == [
        {"address": "198.51.100.4", "port": 3479},
        {"address": "2001:db8::4", "port": 40001},
    ]


def test_the_sealer_runs_as_the_system_role():
    sealer = children.sealer_child()
    assert (sealer.name, sealer.command[-2:]) == ("sealer", ["seal_audit", "--watch"])
    assert sealer.environment == {"LIVEON_DATABASE_ROLE": "system"}
