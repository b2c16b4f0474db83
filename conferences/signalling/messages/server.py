"""What the server tells."""

from dataclasses import dataclass

from audit.models import LeaveReason
from conferences.signalling import data
from conferences.signalling.fields import checked, flag, items, number, one_of, or_null, text, whole
from conferences.signalling.messages.base import ERROR_CODES, MAX_CHAT, MAX_TILES, ServerMessage

_reason = one_of(LeaveReason.values)


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
class Delivery(ServerMessage):
    type = "delivery"
    estimate_kbps: int | None = checked(or_null(whole(0)))
    tiles: tuple[data.DeliveredTile, ...] = checked(items(data.DeliveredTile.read, most=MAX_TILES))

    @property
    def supersedes(self) -> tuple[str, ...]:
        return ("delivery",)


@dataclass(frozen=True, kw_only=True)
class LayersWanted(ServerMessage):
    type = "layers_wanted"
    source: str = checked(one_of(("camera", "screen")))
    layers: tuple[str, ...] = checked(items(one_of(("low", "medium", "high")), most=3))

    @property
    def supersedes(self) -> tuple[str, ...]:
        return ("layers_wanted", self.source)


@dataclass(frozen=True, kw_only=True)
class CodecRequired(ServerMessage):
    type = "codec_required"
    source: str = checked(one_of(("camera", "screen")))
    codec: str = checked(one_of(("vp8",)))

    @property
    def supersedes(self) -> tuple[str, ...]:
        return ("codec_required", self.source)


@dataclass(frozen=True, kw_only=True)
class Policed(ServerMessage):
    type = "policed"
    source: str = checked(one_of(data.SOURCES))
    layers: tuple[str, ...] = checked(items(one_of(("low", "medium", "high")), most=3))

    @property
    def supersedes(self) -> tuple[str, ...]:
        return ("policed", self.source)


@dataclass(frozen=True, kw_only=True)
class Rebuild(ServerMessage):
    type = "rebuild"
    epoch: int = checked(whole(1))
    keep: bool = checked(flag)

    @property
    def supersedes(self) -> tuple[str, ...]:
        return ("rebuild",)


@dataclass(frozen=True, kw_only=True)
class IceServers(ServerMessage):
    type = "ice_servers"
    ice_servers: tuple[data.IceServer, ...] = checked(items(data.IceServer.read, most=16))

    @property
    def supersedes(self) -> tuple[str, ...]:
        return ("ice_servers",)


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


SERVER_MESSAGES: dict[str, type[ServerMessage]] = {each.type: each for each in ServerMessage.__subclasses__()}
