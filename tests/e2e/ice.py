"""A stranger who has learned a browser's ICE credentials and tries to use them from elsewhere."""

import socket
from dataclasses import dataclass

from aioice import stun

from tests.e2e.person import Person

ANSWER_TIMEOUT_S = 0.7

READ_CREDENTIALS = """() => probe.peers().filter((peer) => peer.remoteDescription).map((peer) => {
  const read = (sdp, name) => sdp.match(new RegExp(`a=ice-${name}:(\\\\S+)`))[1];
  return {
    server: read(peer.remoteDescription.sdp, "ufrag"),
    password: read(peer.remoteDescription.sdp, "pwd"),
    browser: read(peer.localDescription.sdp, "ufrag"),
  };
})"""


@dataclass(frozen=True)
class Credentials:
    server: str
    password: str
    browser: str


def credentials_of(person: Person) -> list[Credentials]:
    """One for each of the person's transports."""
    return [Credentials(**found) for found in person.page.evaluate(READ_CREDENTIALS)]


def are_accepted(credentials: Credentials, media_port: int) -> bool:
    """Whether the media port answers a binding request with them (RFC 8445 §7.2)."""
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    request.attributes["USERNAME"] = f"{credentials.server}:{credentials.browser}"
    request.attributes["PRIORITY"] = 1_845_501_695
    request.attributes["ICE-CONTROLLING"] = 1
    request.add_message_integrity(credentials.password.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.settimeout(ANSWER_TIMEOUT_S)
        stranger.sendto(bytes(request), ("127.0.0.1", media_port))
        try:
            answer = stun.parse_message(stranger.recv(2048))
        except TimeoutError:
            return False
    return answer.message_class is stun.Class.RESPONSE
