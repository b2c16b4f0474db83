"""The states of a transport, and DTLS datagrams."""

import asyncio
import time
from typing import Any

import pytest

from media_sfu.net import transport as module
from media_sfu.net.dtls import Certificates, split_records
from media_sfu.net.port import MediaPort
from media_sfu.net.transport import Network, Transport
from tests.media_sfu.conftest import ROUTER, Meeting
from tests.media_sfu.peer_transport import until
from tests.media_sfu.test_forwarding import see


async def test_silence_disconnects_fails_and_stops_the_sending_until_a_check_comes(meeting: Meeting):
    first, second = await meeting.pair()
    await see(first, second)
    peer = meeting.worker.routers[ROUTER].peers["person-b"]
    transport, now = peer.subscribing.transport, time.monotonic()
    transport.tick(now + 9, media=False)
    assert (transport.state, peer.subscribing.endpoint.path is None) == ("disconnected", False)
    transport.tick(now + 31, media=False)
    assert (transport.state, peer.subscribing.endpoint.path) == ("failed", None)
    assert not peer.subscribing.endpoint.send_rtp(bytes(40), 0.0)
    await second.request("restart_ice", transport_id=second.subscribe_id)  # even now
    await second.receiving.check()
    await until(lambda: transport.state == "connected")
    await see(first, second)
    states = [event["state"] for event in meeting.told("transport_state", peer="person-b", transport="subscribe")]
    assert states == ["connecting", "connected", "disconnected", "failed", "connected"]
    assert [event["level"] for event in meeting.told("quality", peer="person-b")] == ["lost", "good"]


class Connection:
    """An ICE-TCP path that leads nowhere."""

    host, port = "198.51.100.7", 9

    def send(self, data: bytes) -> bool:
        return True

    def abort(self) -> None:
        pass


async def test_path_that_moves_all_the_time_is_told_with_the_ticks_only(meeting: Meeting, monkeypatch):
    await meeting.pair()
    peer = meeting.worker.routers[ROUTER].peers["person-a"]
    transport, judged = peer.publishing.transport, []
    udp, tcp = transport.agent.selected, Connection()
    transport.agent.checked(tcp, transport.agent.ufrag.encode(), time.monotonic(), nominated=False)
    monkeypatch.setattr(peer, "emit", lambda *_, **__: judged.append("told"))
    monkeypatch.setattr(peer, "judge_quality", lambda: judged.append("judged"))
    for _ in range(100):
        transport.heard(tcp)
        transport.heard(udp)
    assert judged == []
    assert peer.publishing.endpoint.path == transport.agent.selected
    monkeypatch.undo()
    await asyncio.sleep(0.6)
    transport.heard(tcp)
    assert peer.publishing.endpoint.path is tcp
    await until(lambda: meeting.told("transport_state", peer="person-a", transport="publish", protocol="tcp"))


async def test_unanswered_offer_fails_a_connected_transport_once_and_a_late_answer_revives_it(
    meeting: Meeting, monkeypatch
):
    first, second = await meeting.pair()
    peer = meeting.worker.routers[ROUTER].peers["person-b"]
    revision = peer.subscribing.revision + 1
    with monkeypatch.context() as hanging:
        hanging.setattr(second, "on_offer", ignore)
        await second.request("restart_ice", transport_id=second.subscribe_id)
        await until(lambda: meeting.told("subscribe_offer", peer="person-b", revision=revision))
    earlier = len(meeting.told("transport_state", peer="person-b", transport="subscribe"))
    peer.subscribing._offered_at -= 16
    for _ in range(5):
        await second.receiving.check()  # the browser is heard, its page does not answer
        peer.tick(time.monotonic())
        assert (peer.states()["subscribe"], peer.subscribing.endpoint.path) == ("failed", None)
    await second.on_offer(meeting.told("subscribe_offer", peer="person-b", revision=revision)[0])
    await until(lambda: peer.states()["subscribe"] == "connected")
    await see(first, second)
    told = [event["state"] for event in meeting.told("transport_state", peer="person-b", transport="subscribe")]
    assert told[earlier:] == ["failed", "connected"]


async def ignore(event: dict[str, Any]) -> None:
    """What a page that hangs does."""


async def test_transport_whose_browser_never_checks_fails(monkeypatch):
    monkeypatch.setattr(module, "FIRST_CHECK_SECONDS", 0.05)
    transport = Transport(Network(MediaPort(), ()), "transport-1")
    transport.start([("sha-256", ":".join(["AB"] * 32))])
    await until(lambda: transport.state == "failed")
    transport.close()
    assert transport.state == "closed"


async def test_closed_connection_of_the_browser_closes_the_transport(meeting: Meeting):
    first, _ = await meeting.pair()
    await first.publishing.dtls.stop()  # close_notify
    await until(lambda: meeting.told("transport_state", peer="person-a", transport="publish", state="closed"))


async def test_people_without_media_for_long_are_closed_and_those_without_transports_are_not(meeting: Meeting):
    await meeting.join("person-a", publish=False)  # alone: nothing to offer, nothing negotiated
    await meeting.link.request("create_peer", router=ROUTER, epoch=1, peer="person-b", subjects=[])
    peers = meeting.worker.routers[ROUTER].peers
    later = time.monotonic() + 1000
    assert peers["person-a"].tick(later)
    person = await meeting.join("person-c")
    await person.publishing.close()
    transport = peers["person-c"].publishing.transport
    transport.fail()
    transport.agent.alive_at = None
    assert not peers["person-c"].tick(later + 1000)


def record(kind: int, size: int) -> bytes:
    return bytes([kind, 0xFE, 0xFD]) + bytes(8) + size.to_bytes(2, "big") + bytes(size)


@pytest.mark.parametrize(
    ("sizes", "datagrams"),
    [([], []), ([100, 200], [326]), ([600, 600, 600], [613, 613, 613]), ([1400, 10], [1413, 23]), ([580, 580], [1186])],
)
def test_records_are_packed_whole_into_datagrams(sizes, datagrams):
    assert [len(part) for part in split_records(b"".join(record(22, size) for size in sizes))] == datagrams


def test_dtls_1_3_records_stay_together():
    flight = record(22, 100) + b"\x2f" + bytes(300)
    assert split_records(flight) == [flight]


def test_certificate_is_kept_for_a_day():
    certificates = Certificates()
    first = certificates.current(0.0)
    assert certificates.current(86_000.0) is first
    assert certificates.current(87_000.0).sha256() != first.sha256()
