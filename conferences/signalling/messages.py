"""Every message of docs/signalling.md as a class.

The client speaks in imperatives, the server in facts. `tests/data/signalling/` has one example of each; the browser's
mirror is static/conferences/meeting/signalling/messages.js.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, cast

from audit.models import LeaveReason
from conferences.signalling import data
from conferences.signalling.fields import (
    Shape,
    checked,
    flag,
    items,
    mapping,
    number,
    one_of,
    or_null,
    text,
    whole,
    word,
)

MAX_SDP = 32 * 1024
MAX_TILES = 64
MAX_CHAT = 2000
MUTABLE_BY_HOST = ("microphone", "camera", "screen")
ERROR_CODES = (
    "bad_message", "message_too_large", "unknown_type", "too_fast", "not_joined", "already_joined", "not_allowed",
    "unknown_participant", "room_not_found", "password_required", "meeting_full", "meeting_frozen", "meeting_ended",
    "barred", "pass_in_use", "login_required", "resume_refused", "bad_sdp", "sdp_too_large", "too_many_publications",
    "muted_by_host", "chat_off", "media_unavailable", "stale_revision", "internal",
)  # fmt: skip

_request = word(r"[A-Za-z0-9_-]{1,64}")
_sdp = text(1, MAX_SDP, too_long="sdp_too_large")
_reason = one_of(LeaveReason.values)


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


@dataclass(frozen=True, kw_only=True)
class Join(ClientMessage):
    type = "join"
    resume: str | None = checked(or_null(word(r"[A-Za-z0-9_.-]{1,128}")))
    microphone: bool = checked(flag)
    camera: bool = checked(flag)
    language: str = checked(one_of(("ja", "en")))


@dataclass(frozen=True, kw_only=True)
class Publish(ClientMessage):
    type = "publish"
    transport_id: str = checked(data.identifier)
    sdp: str = checked(_sdp)
    sources: dict[str, str] = checked(mapping(data.mid, data.source, most=64))


@dataclass(frozen=True, kw_only=True)
class Subscribe(ClientMessage):
    type = "subscribe"
    transport_id: str = checked(data.identifier)


@dataclass(frozen=True, kw_only=True)
class SubscribeAnswer(ClientMessage):
    type = "subscribe_answer"
    transport_id: str = checked(data.identifier)
    revision: int = checked(whole(1))
    sdp: str = checked(_sdp)


@dataclass(frozen=True, kw_only=True)
class RestartIce(ClientMessage):
    type = "restart_ice"
    transport_id: str = checked(data.identifier)


@dataclass(frozen=True, kw_only=True)
class SetView(ClientMessage):
    type = "set_view"
    tiles: tuple[data.Tile, ...] = checked(items(data.Tile.read, most=MAX_TILES))


@dataclass(frozen=True, kw_only=True)
class Mute(ClientMessage):
    type = "mute"
    source: str = checked(data.source)
    muted: bool = checked(flag)


@dataclass(frozen=True, kw_only=True)
class Chat(ClientMessage):
    type = "chat"
    text: str = checked(text(1, MAX_CHAT))


@dataclass(frozen=True, kw_only=True)
class RaiseHand(ClientMessage):
    type = "raise_hand"
    raised: bool = checked(flag)


@dataclass(frozen=True, kw_only=True)
class Ping(ClientMessage):
    type = "ping"
    sent: float = checked(number)


@dataclass(frozen=True, kw_only=True)
class Admit(ClientMessage):
    type = "admit"
    participant: str = checked(data.identifier)


@dataclass(frozen=True, kw_only=True)
class Deny(ClientMessage):
    type = "deny"
    participant: str = checked(data.identifier)


@dataclass(frozen=True, kw_only=True)
class MuteParticipant(ClientMessage):
    type = "mute_participant"
    participant: str = checked(data.identifier)
    source: str = checked(one_of(MUTABLE_BY_HOST))


@dataclass(frozen=True, kw_only=True)
class Remove(ClientMessage):
    type = "remove"
    participant: str = checked(data.identifier)


@dataclass(frozen=True, kw_only=True)
class Readmit(ClientMessage):
    type = "readmit"
    bar: str = checked(data.identifier)


@dataclass(frozen=True, kw_only=True)
class LowerHand(ClientMessage):
    type = "lower_hand"
    participant: str = checked(data.identifier)


@dataclass(frozen=True, kw_only=True)
class Freeze(ClientMessage):
    type = "freeze"
    frozen: bool = checked(flag)


@dataclass(frozen=True, kw_only=True)
class End(ClientMessage):
    type = "end"


@dataclass(frozen=True, kw_only=True)
class Leave(ClientMessage):
    type = "leave"


@dataclass(frozen=True, kw_only=True)
class Error(ServerMessage):
    type = "error"
    code: str = checked(one_of(ERROR_CODES))
    fatal: bool = checked(flag)

    @property
    def supersedes(self) -> tuple[str, ...] | None:
        return ("too_fast",) if self.code == "too_fast" else None


@dataclass(frozen=True, kw_only=True)
class Waiting(ServerMessage):
    type = "waiting"
    reason: str = checked(one_of(("no_host", "lobby")))

    @property
    def supersedes(self) -> tuple[str, ...] | None:
        return ("waiting",) if self.request is None else None


@dataclass(frozen=True, kw_only=True)
class Joined(ServerMessage):
    type = "joined"
    you: str = checked(data.identifier)
    meeting: str = checked(data.identifier)
    room: data.RoomView = checked(data.RoomView.read)
    role: str = checked(data.role_name)
    epoch: int = checked(whole(1))
    resume: str = checked(text(32, 128))
    resumed: bool = checked(flag)
    participants: tuple[data.ParticipantView, ...] = checked(items(data.ParticipantView.read, most=10_000))
    waiting: tuple[data.WaitingGuest, ...] = checked(items(data.WaitingGuest.read, most=10_000))
    barred: tuple[data.BarredPerson, ...] = checked(items(data.BarredPerson.read, most=10_000))
    ice_servers: tuple[data.IceServer, ...] = checked(items(data.IceServer.read, most=16))
    chat: bool = checked(flag)
    frozen: bool = checked(flag)
    started_at: str = checked(data.time)
    server_time: str = checked(data.time)


@dataclass(frozen=True, kw_only=True)
class ParticipantJoined(ServerMessage):
    type = "participant_joined"
    participant: data.ParticipantView = checked(data.ParticipantView.read)


@dataclass(frozen=True, kw_only=True)
class ParticipantUpdated(ServerMessage):
    type = "participant_updated"
    participant: data.ParticipantView = checked(data.ParticipantView.read)

    @property
    def supersedes(self) -> tuple[str, ...]:
        return ("participant_updated", self.participant.id)


@dataclass(frozen=True, kw_only=True)
class ParticipantLeft(ServerMessage):
    type = "participant_left"
    participant: str = checked(data.identifier)
    reason: str = checked(_reason)


@dataclass(frozen=True, kw_only=True)
class Published(ServerMessage):
    type = "published"
    transport_id: str = checked(data.identifier)
    sdp: str = checked(text(1, 128 * 1024))


@dataclass(frozen=True, kw_only=True)
class SubscribeOffer(ServerMessage):
    type = "subscribe_offer"
    transport_id: str = checked(data.identifier)
    revision: int = checked(whole(1))
    sdp: str = checked(text(1, 256 * 1024))
    tracks: tuple[data.Track, ...] = checked(items(data.Track.read, most=1000))

    @property
    def supersedes(self) -> tuple[str, ...]:
        return ("subscribe_offer", self.transport_id)


@dataclass(frozen=True, kw_only=True)
class Speakers(ServerMessage):
    type = "speakers"
    speakers: tuple[data.Speaker, ...] = checked(items(data.Speaker.read, most=1000))
    dominant: str | None = checked(or_null(data.identifier))

    @property
    def supersedes(self) -> tuple[str, ...]:
        return ("speakers",)


@dataclass(frozen=True, kw_only=True)
class VideosPaused(ServerMessage):
    type = "videos_paused"
    pictures: tuple[data.Picture, ...] = checked(items(data.Picture.read, most=MAX_TILES))

    @property
    def supersedes(self) -> tuple[str, ...]:
        return ("videos_paused",)


@dataclass(frozen=True, kw_only=True)
class Rebuild(ServerMessage):
    type = "rebuild"
    epoch: int = checked(whole(1))

    @property
    def supersedes(self) -> tuple[str, ...]:
        return ("rebuild",)


@dataclass(frozen=True, kw_only=True)
class MediaUnavailable(ServerMessage):
    type = "media_unavailable"


@dataclass(frozen=True, kw_only=True)
class ChatMessage(ServerMessage):
    type = "chat_message"
    id: str = checked(data.identifier)
    participant: str = checked(data.identifier)
    name: str = checked(data.name_text)
    text: str = checked(text(1, MAX_CHAT))
    sent_at: str = checked(data.time)


@dataclass(frozen=True, kw_only=True)
class Pong(ServerMessage):
    type = "pong"
    sent: float = checked(number)
    server_time: str = checked(data.time)


@dataclass(frozen=True, kw_only=True)
class WaitingChanged(ServerMessage):
    type = "waiting_changed"
    waiting: tuple[data.WaitingGuest, ...] = checked(items(data.WaitingGuest.read, most=10_000))

    @property
    def supersedes(self) -> tuple[str, ...]:
        return ("waiting_changed",)


@dataclass(frozen=True, kw_only=True)
class MutedByHost(ServerMessage):
    type = "muted_by_host"
    source: str = checked(data.source)


@dataclass(frozen=True, kw_only=True)
class BarredChanged(ServerMessage):
    type = "barred_changed"
    barred: tuple[data.BarredPerson, ...] = checked(items(data.BarredPerson.read, most=10_000))

    @property
    def supersedes(self) -> tuple[str, ...]:
        return ("barred_changed",)


@dataclass(frozen=True, kw_only=True)
class FreezeChanged(ServerMessage):
    type = "freeze_changed"
    frozen: bool = checked(flag)

    @property
    def supersedes(self) -> tuple[str, ...]:
        return ("freeze_changed",)


@dataclass(frozen=True, kw_only=True)
class Removed(ServerMessage):
    type = "removed"
    reason: str = checked(_reason)


@dataclass(frozen=True, kw_only=True)
class MeetingEnded(ServerMessage):
    type = "meeting_ended"
    reason: str = checked(_reason)


def _by_type(base: type[Message]) -> dict[str, type[Message]]:
    return {each.type: each for each in base.__subclasses__()}


CLIENT_MESSAGES = cast(dict[str, type[ClientMessage]], _by_type(ClientMessage))
SERVER_MESSAGES = cast(dict[str, type[ServerMessage]], _by_type(ServerMessage))
