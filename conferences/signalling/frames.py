"""Reading one text frame of a browser."""

import json
from collections.abc import Mapping
from typing import NoReturn

from conferences.signalling.fields import BadValue, Json, word
from conferences.signalling.messages.base import ClientMessage
from conferences.signalling.messages.client import CLIENT_MESSAGES

MAX_FRAME = 48 * 1024  # bytes

_request = word(r"[A-Za-z0-9_-]{1,64}")


class BadMessage(Exception):
    """A frame that is no message; `code` is the error's, `request` that of the frame when it could be read."""

    def __init__(self, code: str, request: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.request = request


def read_frame(frame: str, messages: Mapping[str, type[ClientMessage]] = CLIENT_MESSAGES) -> ClientMessage:
    """Read one text frame of a browser, which may say these `messages`. Raises BadMessage."""
    content = _object(frame)
    request = _readable_request(content)
    kind = content.pop("type", None)
    if not isinstance(kind, str):
        raise BadMessage("bad_message", request)
    message = messages.get(kind)
    if message is None:
        raise BadMessage("unknown_type", request)
    try:
        return message.read(content)
    except BadValue as error:
        raise BadMessage(error.code, request) from error


def _object(frame: str) -> Json:
    if len(frame) > MAX_FRAME or len(frame.encode("utf-8", "surrogatepass")) > MAX_FRAME:
        raise BadMessage("message_too_large")
    try:
        content = json.loads(frame, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadMessage("bad_message") from error
    if not isinstance(content, dict):
        raise BadMessage("bad_message")
    return content


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _readable_request(content: Json) -> str | None:
    try:
        return str(_request(content["request"]))
    except (KeyError, BadValue):
        return None
