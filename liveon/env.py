"""Typed readers of the environment. Each names the variable in its error; a secret may come from a `_FILE` twin."""

import ipaddress
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

CONNECTION_SECONDS = 60
"""How long a thread keeps its connection to the database: opening one takes longer than most of what is asked."""

_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def secret(name: str) -> str:
    """The variable itself, or the content of the file that `NAME_FILE` names; empty when neither is set."""
    path = text(f"{name}_FILE")
    if not path:
        return text(name)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE: cannot read {path}: {error.strerror}") from error


def boolean(name: str, *, default: bool) -> bool:
    value = text(name).lower()
    if not value:
        return default
    if value not in _BOOLEANS:
        raise ImproperlyConfigured(f"{name}: {value!r} is not one of {', '.join(_BOOLEANS)}")
    return _BOOLEANS[value]


def integer(name: str, default: int, *, low: int, high: int) -> int:
    value = text(name)
    if not value:
        return default
    if not value.isdecimal() or not low <= int(value) <= high:
        raise ImproperlyConfigured(f"{name}: {value!r} is not a whole number from {low} to {high}")
    return int(value)


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name}: {value!r} is not one of {', '.join(allowed)}")
    return value


def words(name: str) -> list[str]:
    return text(name).replace(",", " ").split()


def preferences(name: str, default: str, allowed: tuple[str, ...]) -> list[str]:
    """Words of `allowed`, the best first and none twice."""
    found = words(name) or default.split()
    if not set(found) <= set(allowed) or len(set(found)) != len(found):
        raise ImproperlyConfigured(f"{name}: {' '.join(found)!r} is not made of {', '.join(allowed)}")
    return found


def addresses(name: str) -> list[str]:
    try:
        return [str(ipaddress.ip_address(word)) for word in words(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


def endpoints(name: str) -> list[list[tuple[str, int]]]:
    """(IP address, port) of each `host:port`, IPv6 in brackets; `+` joins those that belong together to one word."""
    return [[_endpoint(name, part) for part in word.split("+")] for word in words(name)]


def _endpoint(name: str, text_: str) -> tuple[str, int]:
    host, _, port = text_.rpartition(":")
    try:
        address, number = str(ipaddress.ip_address(host.strip("[]"))), int(port)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {text_!r} is not address:port") from error
    if not 0 < number < 65_536:
        raise ImproperlyConfigured(f"{name}: {text_!r} has no valid port")
    return address, number


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    try:
        return [ipaddress.ip_network(word) for word in words(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


def generated_secret(path: Path) -> str:
    """A secret made once and kept in `path`, mode 0600: the embedded default, never a constant."""
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # the database comes here too
    value = secrets.token_urlsafe(48)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process of the same start was faster
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(value)
    return value


def postgresql(name: str, url: str) -> dict[str, Any]:
    """Django's database settings for the `postgresql://user:password@host:port/name` that the variable `name` has."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise ImproperlyConfigured(f"{name}: expected postgresql://user:password@host:port/name")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": CONNECTION_SECONDS,
        "CONN_HEALTH_CHECKS": True,
    }


def mail(url: str) -> dict[str, Any]:
    """Django's mail settings for `smtp://user:password@host:port` (STARTTLS) or `smtps://…` (TLS from the start).

    `smtp+plain://` speaks without encryption: for a mail server on the same machine.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps", "smtp+plain") or not parts.hostname:
        raise ImproperlyConfigured("LIVEON_MAIL_URL: expected smtp://user:password@host:port or smtps://…")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or {"smtp": 587, "smtps": 465, "smtp+plain": 25}[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
    }


def sqlite(path: Path) -> dict[str, Any]:
    """Django's database settings for the embedded SQLite file: WAL, one writer at a time, a busy timeout of 5 s.

    Its temporary tables stay in memory, so that every file of ours has a name and can be looked into.
    """
    pragmas = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "temp_store=MEMORY")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "CONN_MAX_AGE": CONNECTION_SECONDS,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 5,
            "init_command": "".join(f"PRAGMA {pragma};" for pragma in pragmas),
        },
    }
