"""Half a production configuration is refused at start, with the name of what is missing."""

import ipaddress
import os
import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

TAG = "liveon"
_LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}
_TURN_URL = re.compile(r"turns?:(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s]+)(:\d{1,5})?(\?transport=(udp|tcp))?")
_TOGETHER = ("LIVEON_PUBLIC_URL", "LIVEON_DATABASE_URL", "LIVEON_REDIS_URL")


def _is_set(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in _LOCAL_NAMES


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


@checks.register(TAG)
def check_production_is_whole(**_kwargs: Any) -> list[checks.CheckMessage]:
    """PUBLIC_URL, DATABASE_URL and REDIS_URL are set together or not at all (docs/adr/0006)."""
    given = [name for name in _TOGETHER if _is_set(name)]
    if not given:
        return []
    return [
        checks.Error(f"{name} is missing: it belongs to {', '.join(given)}.", id="liveon.E001")
        for name in _TOGETHER
        if name not in given
    ]


@checks.register(TAG)
def check_database_roles_are_whole(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Owner and system come together, and beside the app's own URL."""
    names = ("LIVEON_DATABASE_URL", "LIVEON_DATABASE_OWNER_URL", "LIVEON_DATABASE_SYSTEM_URL")
    missing = [name for name in names if not _is_set(name)]
    if not any(map(_is_set, names[1:])):
        return []
    return [
        checks.Error(f"{name} is missing: the three database roles belong together.", id="liveon.E007")
        for name in missing
    ]


@checks.register(TAG)
def check_public_address(**_kwargs: Any) -> list[checks.CheckMessage]:
    """What other machines reach must be encrypted, not in debug mode, and have a key and media address of its own."""
    if not settings.PUBLIC_URL or _is_local(settings.PUBLIC_URL):
        return []
    found = []
    if not settings.SECURE:
        found.append(
            ("E002", "LIVEON_PUBLIC_URL must start with https:// (browsers refuse camera and microphone otherwise).")
        )
    if not _is_set("LIVEON_SECRET_KEY"):
        found.append(("E003", "LIVEON_SECRET_KEY (or LIVEON_SECRET_KEY_FILE) is missing."))
    if all(map(_is_loopback, settings.MEDIA_ADDRESSES)):
        found.append(("E004", "LIVEON_MEDIA_ADDRESS is missing: the address at which browsers reach the media port."))
    if settings.DEBUG:
        found.append(("E005", "LIVEON_DEBUG must be off: other machines reach this server."))
    return [checks.Error(message, id=f"liveon.{number}") for number, message in found]


@checks.register(TAG)
def check_turn(**_kwargs: Any) -> list[checks.CheckMessage]:
    """TURN servers and the secret for their time-limited credentials come together."""
    if bool(settings.TURN_URLS) == bool(settings.TURN_SECRET):
        return []
    missing = "LIVEON_TURN_SECRET" if settings.TURN_URLS else "LIVEON_TURN_URLS"
    return [
        checks.Error(
            f"{missing} is missing: LIVEON_TURN_URLS and LIVEON_TURN_SECRET belong together.", id="liveon.E006"
        )
    ]


@checks.register(TAG)
def check_turn_urls(**_kwargs: Any) -> list[checks.CheckMessage]:
    """One that is none makes browsers throw before they connect at all."""
    return [
        checks.Error(f"LIVEON_TURN_URLS: {url} is not turn:host:port?transport=… or turns:….", id="liveon.E008")
        for url in settings.TURN_URLS
        if not _TURN_URL.fullmatch(url)
    ]


@checks.register(TAG)
def check_media_addresses(**_kwargs: Any) -> list[checks.CheckMessage]:
    """What browsers are told should lead to a socket."""
    found = []
    if 0 < len(settings.MEDIA_ANNOUNCE) < settings.MEDIA_WORKERS:
        named = f"LIVEON_MEDIA_ANNOUNCE names {len(settings.MEDIA_ANNOUNCE)} of {settings.MEDIA_WORKERS} workers"
        found.append(("W001", f"{named}; the others announce LIVEON_MEDIA_ADDRESS."))
    told = [address for word in settings.MEDIA_ANNOUNCE for address, _ in word] or settings.MEDIA_ADDRESSES
    if settings.MEDIA_LISTEN not in ("", "::") and any(
        (":" in each) != (":" in settings.MEDIA_LISTEN) for each in told
    ):
        other = "LIVEON_MEDIA_LISTEN is not of the kind (IPv4, IPv6) of every announced address"
        found.append(("W002", f"{other}: set it to ::, which takes both."))
    return [checks.Warning(message, id=f"liveon.{number}") for number, message in found]
