"""The data of docs/signalling.md that messages are made of."""

from dataclasses import dataclass

from conferences.signalling.fields import Shape, checked, flag, items, mapping, one_of, or_null, text, whole, word

SOURCES = ("camera", "microphone", "screen", "screen_audio")

identifier = word(r"[A-Za-z0-9_-]{8,64}")
mid = word(r"[A-Za-z0-9_.+-]{1,16}")
source = one_of(SOURCES)
layer_name = one_of(("low", "medium", "high"))
time = word(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00")
name_text = text(0, 100)
role_name = one_of(("guest", "member", "host"))


@dataclass(frozen=True, kw_only=True)
class ParticipantView(Shape):
    id: str = checked(identifier)
    name: str = checked(name_text)
    role: str = checked(role_name)
    is_guest: bool = checked(flag)
    hand_raised_at: str | None = checked(or_null(time))
    muted: dict[str, bool] = checked(mapping(source, flag, most=4))
    quality: str = checked(one_of(("good", "fair", "poor", "lost")))
    connected: bool = checked(flag)


@dataclass(frozen=True, kw_only=True)
class Tile(Shape):
    participant: str = checked(identifier)
    source: str = checked(source)
    width: int = checked(whole(0, 16384))
    height: int = checked(whole(0, 16384))


@dataclass(frozen=True, kw_only=True)
class Picture(Shape):
    participant: str = checked(identifier)
    source: str = checked(source)


@dataclass(frozen=True, kw_only=True)
class DeliveredTile(Shape):
    participant: str = checked(identifier)
    source: str = checked(source)
    layer: str | None = checked(or_null(layer_name))
    layers: tuple[str, ...] = checked(items(layer_name, most=3))
    codec: str = checked(text(1, 16))
    kbps: int = checked(whole(0))
    limited_by: str | None = checked(or_null(one_of(("network", "sender", "size", "paused", "muted"))))


@dataclass(frozen=True, kw_only=True)
class Track(Shape):
    mid: str = checked(mid)
    participant: str = checked(identifier)
    source: str = checked(source)


@dataclass(frozen=True, kw_only=True)
class WaitingGuest(Shape):
    id: str = checked(identifier)
    name: str = checked(name_text)
    since: str = checked(time)


@dataclass(frozen=True, kw_only=True)
class BarredPerson(Shape):
    id: str = checked(identifier)
    name: str = checked(name_text)
    is_guest: bool = checked(flag)
    by_admin: bool = checked(flag)
    since: str = checked(time)


@dataclass(frozen=True, kw_only=True)
class RoomView(Shape):
    id: str = checked(identifier)
    name: str = checked(name_text)


@dataclass(frozen=True, kw_only=True)
class IceServer(Shape):
    urls: tuple[str, ...] = checked(items(text(1, 500), most=16))
    username: str = checked(text(1, 500))
    credential: str = checked(text(1, 500))


@dataclass(frozen=True, kw_only=True)
class Speaker(Shape):
    participant: str = checked(identifier)
    level: int = checked(whole(-127, 0))
