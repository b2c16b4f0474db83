"""What all messages share."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from conferences.signalling.fields import Shape, checked, word

MAX_TILES = 64
MAX_CHAT = 2000
ERROR_CODES = (
    "bad_message", "message_too_large", "unknown_type", "too_fast", "not_joined", "already_joined", "not_allowed",
    "unknown_participant", "room_not_found", "password_required", "meeting_full", "tenant_full", "media_full",
    "meeting_frozen", "meeting_ended", "barred", "restricted", "pass_in_use", "login_required", "resume_refused",
    "bad_sdp", "sdp_too_large", "too_many_publications", "too_many_publishers", "bitrate_limit", "muted_by_host",
    "chat_off", "media_unavailable", "stale_revision", "internal",
)  # fmt: skip

_request = word(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, kw_only=True)
class Message(Shape):
    """`type` names the class on the wire; `request` ties an answer to what it answers."""

    type: ClassVar[str]
    request: str | None = checked(_request, default=None)

    @cached_property
    def frame(self) -> str:
        """The message as text, made once for however many clients."""
        return json.dumps({"type": self.type, **self.plain()}, ensure_ascii=False, separators=(",", ":"))


class ClientMessage(Message):
    """Browser → server."""


class ServerMessage(Message):
    """Server → browser."""

    @property
    def supersedes(self) -> tuple[str, ...] | None:
        """A message waiting in a slow client's queue under the same key is replaced by this one; None: never."""
        return None
