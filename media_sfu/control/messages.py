"""Shapes of the control link's frames and their validation (docs/control-protocol.md).

`REQUESTS` names every request with a check per field; `parse_request` lets only what fits through. Both sides of the
link use this module, so it imports nothing but the standard library.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PROTOCOL = 1
MAX_FRAME = 256 * 1024
REQUEST_DEADLINE_SECONDS = 5.0
SOURCES = ("camera", "microphone", "screen", "screen_audio")
MAX_TILES = 64
MAX_SDP = 128 * 1024  # of the frame's field; the SDP reader's own, lower limit answers `sdp_too_large`

Json = dict[str, Any]
Check = Callable[[object], bool]

_ID = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")
_MID = re.compile(r"[A-Za-z0-9_.+-]{1,16}\Z")
_WORD = re.compile(r"[a-z_]{1,32}\Z")
_SUBJECT = re.compile(r"[a-z]{1,16}:[\x21-\x7e]{1,128}\Z")


class BadFrame(ValueError):
    """A frame that is no valid request. `request_id` is its id when that could be read, else None."""

    def __init__(self, request_id: int | None = None) -> None:
        super().__init__("bad_request")
        self.request_id = request_id


@dataclass(frozen=True, slots=True)
class Request:
    """One validated request: `fields` holds exactly the fields that `REQUESTS[type]` names."""

    id: int
    type: str
    fields: Json


def is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.match(value) is not None


def is_count(value: object) -> bool:
    return type(value) is int and 1 <= value <= 2**53


def is_size(value: object) -> bool:
    return type(value) is int and 0 <= value <= 16384


def is_flag(value: object) -> bool:
    return isinstance(value, bool)


def is_word(value: object) -> bool:
    return isinstance(value, str) and _WORD.match(value) is not None


def is_source(value: object) -> bool:
    return isinstance(value, str) and value in SOURCES


def is_sdp(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_SDP


def is_subjects(value: object) -> bool:
    return isinstance(value, list) and len(value) <= 2000 and all(_is_subject(subject) for subject in value)


def _is_subject(value: object) -> bool:
    return isinstance(value, str) and _SUBJECT.match(value) is not None


def is_sources(value: object) -> bool:
    if not isinstance(value, dict) or len(value) > 64:
        return False
    return all(_MID.match(mid) and is_source(source) for mid, source in value.items())


def is_limits(value: object) -> bool:
    """The first two are always there; the others where there is such a limit."""
    needed, known = {"participants", "publications_per_peer"}, {"publishers", "bits_per_second"}
    if not isinstance(value, dict) or not needed <= value.keys() <= needed | known:
        return False
    return all(is_count(limit) for limit in value.values())


def is_tiles(value: object) -> bool:
    return isinstance(value, list) and len(value) <= MAX_TILES and all(_is_tile(tile) for tile in value)


def _is_tile(tile: object) -> bool:
    if not isinstance(tile, dict):
        return False
    sizes = is_size(tile.get("width")) and is_size(tile.get("height"))
    return sizes and is_id(tile.get("participant")) and is_source(tile.get("source"))


_PEER: dict[str, Check] = {"router": is_id, "peer": is_id}
_TRANSPORT: dict[str, Check] = {**_PEER, "transport_id": is_id}

REQUESTS: dict[str, dict[str, Check]] = {
    "hello": {"protocol": is_count, "link": is_id},
    "create_router": {"router": is_id, "epoch": is_count, "bars": is_subjects, "limits": is_limits},
    "set_limits": {"router": is_id, "limits": is_limits},
    "close_router": {"router": is_id, "reason": is_word},
    "create_peer": {**_PEER, "epoch": is_count, "subjects": is_subjects},
    "take_over": _PEER,
    "close_peer": {**_PEER, "reason": is_word},
    "publish": {**_TRANSPORT, "sdp": is_sdp, "sources": is_sources},
    "subscribe": _TRANSPORT,
    "subscribe_answer": {**_TRANSPORT, "revision": is_count, "sdp": is_sdp},
    "restart_ice": _TRANSPORT,
    "set_view": {**_PEER, "tiles": is_tiles},
    "set_muted": {**_PEER, "source": is_source, "muted": is_flag},
    "watch_delivery": {**_PEER, "on": is_flag},
    "freeze": {"router": is_id, "frozen": is_flag},
    "bar": {"router": is_id, "subjects": is_subjects},
    "unbar": {"router": is_id, "subjects": is_subjects},
    "drain": {},
    "undrain": {},
    "get_statistics": {},
    "get_metrics": {},
}


def parse_request(frame: str | bytes) -> Request:
    """Read one text frame of the web process.

    Raises BadFrame for a binary or oversized frame, broken JSON, an unknown type, and a missing, extra or malformed
    field.
    """
    message = _read_object(frame)
    request_id, kind = message.pop("id", None), message.pop("type", None)
    if not is_count(request_id):
        raise BadFrame
    checks = REQUESTS.get(kind) if isinstance(kind, str) else None
    if checks is None or message.keys() != checks.keys():
        raise BadFrame(request_id)
    if not all(check(message[name]) for name, check in checks.items()):
        raise BadFrame(request_id)
    return Request(request_id, str(kind), message)


def parse_answer(frame: str | bytes) -> Json:
    """Read one text frame of the worker, a response (with `id`) or an event (with `type`). Raises BadFrame."""
    message = _read_object(frame)
    if not (is_count(message.get("id")) or isinstance(message.get("type"), str)):
        raise BadFrame
    return message


def _read_object(frame: str | bytes) -> Json:
    if not isinstance(frame, str) or len(frame) > MAX_FRAME:
        raise BadFrame
    try:
        message = json.loads(frame)
    except (ValueError, RecursionError):
        raise BadFrame from None
    if not isinstance(message, dict):
        raise BadFrame
    return message


def encode(message: Json) -> str:
    """One frame, ASCII only and without spaces."""
    return json.dumps(message, separators=(",", ":"))
