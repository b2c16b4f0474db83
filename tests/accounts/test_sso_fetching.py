"""Where the addresses that administrators type may lead."""

import socket
import time
from ipaddress import ip_network
from typing import Any

import pytest

from accounts.sso import fetching
from accounts.sso.fetching import LARGEST_ANSWER, get_json
from accounts.sso.refusals import SsoRefused
from tests.idp.serving import serving


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What names resolve to."""
    known: dict[str, str] = {}

    def resolve(host: str, port: int, *_positional: Any, **_more: Any) -> list[Any]:
        address = known.get(host, host)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(fetching.socket, "getaddrinfo", resolve)
    return known


@pytest.fixture
def public(settings) -> None:
    settings.PUBLIC_URL = "https://meet.example"


def reason(url: str) -> str:
    with pytest.raises(SsoRefused) as caught:
        get_json(url)
    return caught.value.reason


PRIVATE = [
    "127.0.0.1",
    "10.0.0.8",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.8",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:8",
    "2002:7f00:1::",
    "2002:a00:8::",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_address_is_never_asked(names, public, address) -> None:
    names["idp.example"] = address
    assert reason("https://idp.example/") == "address_refused"


@pytest.mark.parametrize("url", ["http://idp.example/", "ftp://idp.example/", "file:///etc/passwd", "idp.example", ""])
def test_only_https_is_asked(names, public, url) -> None:
    names["idp.example"] = "93.184.216.34"
    assert reason(url) == "address_refused"


@pytest.mark.parametrize(
    "url", ["https://me:secret@idp.example/", "https://idp.example:99999/", "https://[::1/", "https://"]
)
def test_strange_address_is_not_asked(names, public, url) -> None:
    assert reason(url) == "address_refused"


def test_decimal_and_short_forms_of_an_address_are_what_they_mean(public) -> None:
    for host in ("2130706433", "127.1", "0x7f.1", "localhost"):
        assert reason(f"https://{host}/") == "address_refused"


def test_operator_may_allow_a_private_network(names, public, settings) -> None:
    settings.SSO_PRIVATE_NETWORKS = [ip_network("127.0.0.0/8")]
    names["idp.example"] = "127.0.0.1"
    assert reason("https://idp.example:1/") == "unreachable"  # it was tried
    assert reason("http://idp.example:1/") == "address_refused"


def test_loopback_is_asked_where_nobody_else_reaches_us() -> None:
    with serving({"/": lambda *_sent: (200, "application/json", b'{"a": 1}')}) as address:
        assert get_json(f"{address}/") == {"a": 1}
        assert get_json(f"{address}/".replace("127.0.0.1", "localhost")) == {"a": 1}


def test_connection_goes_to_the_address_that_was_checked(names) -> None:
    """A name that leads elsewhere a moment later is not asked again where it leads."""
    with serving({"/": lambda *_sent: (200, "application/json", b'{"a": 1}')}) as address:
        names["idp.example"] = "127.0.0.1"
        assert get_json(f"{address}/".replace("127.0.0.1", "idp.example")) == {"a": 1}


def test_redirect_is_not_followed() -> None:
    asked: list[str] = []

    def inner(*_sent: Any) -> Any:
        asked.append("inner")
        return 200, "application/json", b"{}"

    with serving({"/": lambda *_sent: "/inner", "/inner": inner}) as address:
        assert reason(f"{address}/") == "unreachable"
    assert asked == []


ANSWERS = [b"", b"no json", b"[1]", b'"text"', b"[" * 100_000, b'{"a": "' + b"x" * LARGEST_ANSWER + b'"}', b"\xff\xfe"]


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
def test_answer_that_is_no_small_json_object_is_refused(answer) -> None:
    with serving({"/": lambda *_sent: (200, "application/json", answer)}) as address:
        assert reason(f"{address}/") == "unreachable"


def test_error_page_is_refused() -> None:
    with serving({"/": lambda *_sent: (500, "application/json", b"{}")}) as address:
        assert reason(f"{address}/") == "unreachable"


def test_nobody_there_is_said_soon() -> None:
    assert reason("http://127.0.0.1:1/") == "unreachable"


def test_slow_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "STEP_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        assert reason(f"http://127.0.0.1:{silent.getsockname()[1]}/") == "unreachable"
    assert time.monotonic() - begun < 5


def test_certificate_must_be_the_names(names) -> None:
    """TLS to something that does not speak it, or has no certificate for the name, is no answer."""
    with serving({"/": lambda *_sent: (200, "application/json", b"{}")}) as address:
        assert reason(f"{address}/".replace("http:", "https:")) == "unreachable"
