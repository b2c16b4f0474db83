"""The messages of /ws/network-test/ (docs/signalling.md, "The network test") that a meeting does not have."""

from dataclasses import dataclass

from conferences.signalling import data
from conferences.signalling.fields import Shape, checked, items, one_of, or_null, text, whole
from conferences.signalling.messages import client
from conferences.signalling.messages.base import ClientMessage, ServerMessage


@dataclass(frozen=True, kw_only=True)
class Address(Shape):
    address: str = checked(text(1, 45))
    port: int = checked(whole(1, 65535))
    protocol: str = checked(one_of(("udp", "tcp")))


@dataclass(frozen=True, kw_only=True)
class Begin(ClientMessage):
    type = "begin"
    ticket: str | None = checked(or_null(text(1, 500)))


@dataclass(frozen=True, kw_only=True)
class Begun(ServerMessage):
    """`addresses` are those of all workers: what a firewall has to let through."""

    type = "begun"
    addresses: tuple[Address, ...] = checked(items(Address.read, most=1000))
    ice_servers: tuple[data.IceServer, ...] = checked(items(data.IceServer.read, most=16))


_TESTERS = (Begin, client.Publish, client.Subscribe, client.SubscribeAnswer, client.Ping, client.Leave)
TESTER_MESSAGES: dict[str, type[ClientMessage]] = {each.type: each for each in _TESTERS}
