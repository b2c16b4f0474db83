"""The worker's configuration: one line of JSON on standard input (docs/control-protocol.md, "Worker configuration")."""

import ipaddress
import json
import re
from dataclasses import dataclass
from typing import Any

from media_sfu.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Announce:
    """One address that the SDP names. `port` 0 means the bound one; `protocol` None means UDP and TCP."""

    address: str
    port: int
    protocol: str | None


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    worker: str
    socket: str
    listen: str
    port: int
    announce: tuple[Announce, ...]
    link_grace_seconds: float = 15.0
    statistics_seconds: float = 10.0
    log_level: str = "info"


def read_config(line: str | bytes) -> WorkerConfig:
    """Read the configuration line. Raises ConfigError that says what is wrong with which field."""
    try:
        values = json.loads(line)
    except ValueError:
        raise ConfigError("the configuration is not one line of JSON") from None
    if not isinstance(values, dict):
        raise ConfigError("the configuration is not a JSON object")
    unknown = values.keys() - WorkerConfig.__dataclass_fields__.keys()
    if unknown:
        raise ConfigError(f"unknown field: {sorted(unknown)[0]}")
    listen, port = _address(values.get("listen"), "listen"), _port(values.get("port"), "port")
    return WorkerConfig(
        worker=_matching(values.get("worker"), _NAME, "worker"),
        socket=_text(values.get("socket"), "socket"),
        listen=listen,
        port=port,
        announce=_announce(values.get("announce"), listen, port),
        link_grace_seconds=_seconds(values.get("link_grace_seconds", 15), "link_grace_seconds"),
        statistics_seconds=_seconds(values.get("statistics_seconds", 10), "statistics_seconds"),
        log_level=_choice(values.get("log_level", "info"), _LOG_LEVELS, "log_level"),
    )


def _announce(value: Any, listen: str, port: int) -> tuple[Announce, ...]:
    if value is None:
        return (Announce(listen, port, None),)
    if not isinstance(value, list) or not 1 <= len(value) <= 16 or not all(isinstance(item, dict) for item in value):
        raise ConfigError("announce: expected a list of 1 to 16 objects")
    return tuple(_announced(item) for item in value)


def _announced(item: dict[str, Any]) -> Announce:
    protocol = item.get("protocol")
    if protocol is not None:
        _choice(protocol, ("udp", "tcp"), "announce.protocol")
    return Announce(
        _address(item.get("address"), "announce.address"), _port(item.get("port"), "announce.port"), protocol
    )


def _address(value: Any, field: str) -> str:
    try:
        return str(ipaddress.ip_address(_text(value, field)))
    except ValueError:
        raise ConfigError(f"{field}: expected an IP address") from None


def _port(value: Any, field: str) -> int:
    if type(value) is not int or not 0 <= value <= 65535:
        raise ConfigError(f"{field}: expected a port number")
    return value


def _seconds(value: Any, field: str) -> float:
    if type(value) not in (int, float) or not 0 < value <= 3600:
        raise ConfigError(f"{field}: expected seconds")
    return float(value)


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{field}: expected a text")
    return value


def _matching(value: Any, pattern: re.Pattern[str], field: str) -> str:
    if not pattern.match(_text(value, field)):
        raise ConfigError(f"{field}: unexpected characters")
    return str(value)


def _choice(value: Any, choices: tuple[str, ...], field: str) -> str:
    if value not in choices:
        raise ConfigError(f"{field}: expected one of {', '.join(choices)}")
    return str(value)
