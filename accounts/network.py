"""The address a request came from, as far as it can be trusted."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_ip(scope_or_request: HttpRequest | Mapping[str, Any]) -> str:
    """The client's address, or "" when there is none (a unix socket).

    `X-Forwarded-For` counts only from a peer in `settings.TRUSTED_PROXIES`: the list is read from the right up to the
    first address that is no trusted proxy, so that what a client wrote into the header itself never counts.
    """
    peer, forwarded = _hops(scope_or_request)
    address = _address(peer)
    for hop in reversed(forwarded):
        further = _address(hop)
        if address is None or further is None or not _is_trusted(address):
            break
        address = further
    return str(address or "")


def _hops(source: HttpRequest | Mapping[str, Any]) -> tuple[str, list[str]]:
    if isinstance(source, Mapping):
        client = source.get("client") or ("", 0)
        values = [value.decode("latin-1") for name, value in source.get("headers", ()) if name == b"x-forwarded-for"]
        return client[0] or "", _split(",".join(values))
    return source.META.get("REMOTE_ADDR") or "", _split(source.META.get("HTTP_X_FORWARDED_FOR", ""))


def _split(header: str) -> list[str]:
    return [hop for hop in header.split(",") if hop.strip()]


def _address(text: str) -> Address | None:
    """`192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]:443`; without zone; IPv4-mapped becomes IPv4."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_trusted(address: Address) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)
