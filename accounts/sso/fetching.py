"""Fetching from identity providers. Their addresses were typed by a tenant's administrator, whom the installation
need not trust: nothing here reaches a private network, follows a redirect, waits long or reads much.

The name is resolved once and the connection goes to the address that was checked, so that a name that changes its
address in between gains nothing.
"""

import http.client
import ipaddress
import json
import socket
import ssl
import time
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from django.conf import settings

from accounts.sso.refusals import SsoRefused

STEP_TIMEOUT = 5.0  # s to connect, and for each piece of the answer
WHOLE_TIMEOUT = 10.0  # s
LARGEST_ANSWER = 512 * 1024  # bytes
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def get_json(url: str) -> dict[str, Any]:
    """The JSON object at `url`. Raises SsoRefused."""
    status, answer = _ask("GET", url, b"", {})
    if status != 200:
        raise SsoRefused("unreachable", f"{url}: status {status}")
    return answer


def post_form(url: str, fields: dict[str, str], headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Status and JSON object of the answer. Raises SsoRefused."""
    form = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    return _ask("POST", url, urlencode(fields).encode(), form)


def may_be_asked(url: str) -> bool:
    """Whether the form of `url` is acceptable; where its name leads is seen when it is asked."""
    parts = _parts(url)
    return parts.scheme == "https" or (parts.scheme == "http" and not settings.PUBLIC_URL)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port_is_right = parts.port != 0
    except ValueError as error:
        raise SsoRefused("address_refused", error) from error
    if not parts.hostname or parts.username or parts.scheme not in ("https", "http") or not port_is_right:
        raise SsoRefused("address_refused", url)
    return parts


def _ask(method: str, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    parts = _parts(url)
    addresses = _resolve(parts)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _Connection(parts, addresses)
    try:
        connection.request(method, path, body, {"Accept": "application/json", **headers})
        with connection.getresponse() as response:
            answer = json.loads(_read(response))
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
        raise SsoRefused("unreachable", f"{url}: {error}") from error
    finally:
        connection.close()
    if not isinstance(answer, dict):
        raise SsoRefused("unreachable", f"{url}: no JSON object")
    return response.status, answer


class _Connection(http.client.HTTPSConnection):
    """To the first of `addresses` that answers, whatever the name in `parts` leads to by now.

    The certificate must be the name's.
    """

    def __init__(self, parts: SplitResult, addresses: list[str]) -> None:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        super().__init__(str(parts.hostname), port, timeout=STEP_TIMEOUT)
        self._addresses = addresses
        self._is_encrypted = parts.scheme == "https"
        self.default_port = 443 if self._is_encrypted else 80

    def connect(self) -> None:
        plain = self._reached()
        self.sock = self._encrypted(plain) if self._is_encrypted else plain

    def _reached(self) -> socket.socket:
        problem = OSError("no address")
        for address in self._addresses:
            try:
                return socket.create_connection((address, self.port), STEP_TIMEOUT)
            except OSError as error:
                problem = error
        raise problem

    def _encrypted(self, plain: socket.socket) -> ssl.SSLSocket:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


def _read(response: http.client.HTTPResponse) -> bytes:
    end = time.monotonic() + WHOLE_TIMEOUT
    content = b""
    while piece := response.read1(64 * 1024):
        content += piece
        if len(content) > LARGEST_ANSWER or time.monotonic() > end:
            raise ValueError("the answer is too long or too slow")
    return content


def _resolve(parts: SplitResult) -> list[str]:
    """The addresses of the name that may be asked, at most three. Raises SsoRefused."""
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SsoRefused("unreachable", f"{parts.hostname}: {error}") from error
    addresses = dict.fromkeys(str(place[0]).partition("%")[0] for *_rest, place in found)
    allowed = [text for text in addresses if _is_allowed(parts.scheme, ipaddress.ip_address(text))]
    if not allowed:
        raise SsoRefused("address_refused", parts.hostname)
    return allowed[:3]


def _is_allowed(scheme: str, address: Address) -> bool:
    real = _embedded(address)
    if real.is_loopback and not settings.PUBLIC_URL:  # an installation that nobody else reaches: try-outs and tests
        return True
    if scheme != "https":
        return False
    if any(real in network for network in settings.SSO_PRIVATE_NETWORKS):
        return True
    return real.is_global and not real.is_multicast


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or [None, None])[1] or address
