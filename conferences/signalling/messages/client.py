"""What the browser asks for."""

from dataclasses import dataclass

from conferences.signalling import data
from conferences.signalling.fields import checked, flag, items, mapping, number, one_of, or_null, text, whole, word
from conferences.signalling.messages.base import MAX_CHAT, MAX_TILES, ClientMessage

MAX_SDP = 32 * 1024
MUTABLE_BY_HOST = ("microphone", "camera", "screen")

_sdp = text(1, MAX_SDP, too_long="sdp_too_large")


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
class WatchDelivery(ClientMessage):
    type = "watch_delivery"
    on: bool = checked(flag)


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


CLIENT_MESSAGES: dict[str, type[ClientMessage]] = {each.type: each for each in ClientMessage.__subclasses__()}
