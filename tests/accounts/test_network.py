import ipaddress

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from accounts.actors import actor_of
from accounts.models import User
from accounts.network import client_ip
from audit.events import Actor


@pytest.fixture
def proxies(settings) -> None:
    settings.TRUSTED_PROXIES = [ipaddress.ip_network(text) for text in ("10.0.0.0/8", "2001:db8:ffff::/48")]


CASES = [
    # peer, X-Forwarded-For, client
    ("198.51.100.7", "", "198.51.100.7"),
    ("198.51.100.7", "192.0.2.1", "198.51.100.7"),
    ("10.0.0.1", "", "10.0.0.1"),
    ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
    ("10.0.0.1", "192.0.2.66, 192.0.2.1", "192.0.2.1"),
    ("10.0.0.1", "192.0.2.66,192.0.2.1,10.0.0.2", "192.0.2.1"),
    ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
    ("10.0.0.1", "192.0.2.1:54321", "192.0.2.1"),
    ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
    ("10.0.0.1", "[2001:db8::1]:54321", "2001:db8::1"),
    ("10.0.0.1", '"[2001:db8::1]"', "2001:db8::1"),
    ("10.0.0.1", "fe80::1%eth0", "fe80::1"),
    ("10.0.0.1", "::ffff:192.0.2.1", "192.0.2.1"),
    ("::ffff:10.0.0.1", "192.0.2.1", "192.0.2.1"),
    ("2001:db8:ffff::1", "2001:db8::7", "2001:db8::7"),
    ("2001:db8::9", "192.0.2.1", "2001:db8::9"),
    ("10.0.0.1", "garbage", "10.0.0.1"),
    ("10.0.0.1", "192.0.2.1, unknown", "10.0.0.1"),
    ("10.0.0.1", "192.0.2.1, , ", "192.0.2.1"),
    ("10.0.0.1", "192.0.2.1, 999.1.1.1, 10.0.0.2", "10.0.0.2"),
    ("10.0.0.1", "1:2:3, [", "10.0.0.1"),
    ("", "192.0.2.1", ""),
    ("garbage", "192.0.2.1", ""),
]


@pytest.mark.parametrize(("peer", "forwarded", "client"), CASES)
def test_request_and_websocket_name_the_same_client(proxies, peer: str, forwarded: str, client: str) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
    scope = {"type": "websocket", "client": (peer, 50000), "headers": [(b"x-forwarded-for", forwarded.encode())]}
    assert client_ip(request) == client
    assert client_ip(scope) == client


def test_several_headers_are_one_list(proxies) -> None:
    headers = [(b"x-forwarded-for", b"192.0.2.66"), (b"host", b"x"), (b"x-forwarded-for", b"192.0.2.1")]
    assert client_ip({"client": ("10.0.0.1", 1), "headers": headers}) == "192.0.2.1"


def test_header_counts_for_nothing_without_trusted_proxies() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.1")
    assert client_ip(request) == "10.0.0.1"


def test_unix_socket_has_no_address() -> None:
    assert client_ip({"type": "websocket", "client": None}) == ""
    assert client_ip({"type": "websocket"}) == ""


def test_actor_is_the_signed_in_user_or_nobody_at_an_address(member: User) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1")
    request.user = AnonymousUser()
    assert actor_of(request) == Actor(ip_address="192.0.2.1")
    request.user = member
    assert actor_of(request) == Actor(id=member.public_id, name="Mori Member", ip_address="192.0.2.1")
