"""A bar ends somebody's media at once and for good."""

import pytest

from media_sfu.control.client import WorkerError
from tests.media_sfu.conftest import LIMITS, ROUTER, Meeting
from tests.media_sfu.peer_transport import CERTIFICATE, Remote, until
from tests.media_sfu.peers import Person
from tests.media_sfu.test_forwarding import see


async def refused_with(awaitable) -> str:
    with pytest.raises(WorkerError) as refused:
        await awaitable
    return refused.value.code


async def test_barred_person_is_cut_off_at_once(meeting: Meeting):
    first, second = await meeting.pair()
    await see(first, second)
    await see(second, first)
    answer = await meeting.link.request("bar", router=ROUTER, subjects=["user:person-a"])
    assert answer == {"closed": ["person-a"]}
    sent = first.receiving.packets_received
    taken = len(second.received["camera", "person-a"].packets)
    for _ in range(5):
        first.camera.send_frame()
        second.camera.send_frame()
        second.microphone.send()
    await until(lambda: second.offers[-1]["tracks"] == [])
    assert first.receiving.packets_received == sent
    assert len(second.received["camera", "person-a"].packets) == taken
    [closed] = meeting.told("peer_closed", peer="person-a")
    assert closed["reason"] == "barred"
    assert closed["statistics"]["bytes_in"] > 0


async def test_old_credentials_of_a_barred_person_get_no_answer(meeting: Meeting):
    first, second = await meeting.pair()
    await meeting.link.request("bar", router=ROUTER, subjects=["user:person-a"])
    for transport in (first.publishing, first.receiving):
        before = transport._incoming.qsize()
        with pytest.raises(TimeoutError):
            await transport.check(seconds=0.5)
        transport.send(b"\x16\xfe\xfd" + bytes(100))  # DTLS from an address that was validated once
        with pytest.raises(TimeoutError):
            await until(lambda t=transport, b=before: t._incoming.qsize() > b, 0.2)
    assert meeting.worker.media.demux.by_path.keys().isdisjoint({("127.0.0.1", 1)})
    assert len(meeting.worker.media.demux.by_ufrag) == 2  # of the other person
    assert second.receiving.dtls.state == "connected"


async def test_barred_subject_cannot_come_back_until_unbarred(meeting: Meeting):
    await meeting.link.request("bar", router=ROUTER, subjects=["device:xyz"])
    joining = {"router": ROUTER, "epoch": 1, "peer": "person-z", "subjects": ["user:1", "device:xyz"]}
    assert await refused_with(meeting.link.request("create_peer", **joining)) == "barred"
    await meeting.link.request("unbar", router=ROUTER, subjects=["device:xyz"])
    await meeting.link.request("create_peer", **joining)


async def test_bar_is_remembered_before_the_router_exists_and_after_it_closed(meeting: Meeting):
    other = "meeting-2"
    await meeting.link.request("bar", router=other, subjects=["user:1"])
    joining = {"router": other, "peer": "person-z", "subjects": ["user:1"]}
    for epoch in (1, 2):
        await meeting.link.request("create_router", router=other, epoch=epoch, bars=[], limits=LIMITS)
        assert await refused_with(meeting.link.request("create_peer", epoch=epoch, **joining)) == "barred"
        await meeting.link.request("close_router", router=other, reason="ended")


async def test_bars_come_with_the_router(meeting: Meeting):
    await meeting.link.request("create_router", router="meeting-3", epoch=1, bars=["pass:9"], limits=LIMITS)
    joining = {"router": "meeting-3", "epoch": 1, "peer": "person-z", "subjects": ["pass:9"]}
    assert await refused_with(meeting.link.request("create_peer", **joining)) == "barred"


async def test_repeated_router_with_new_bars_ends_whom_they_name(meeting: Meeting):
    await meeting.pair()
    await meeting.link.request("create_router", router=ROUTER, epoch=1, bars=["user:person-b"], limits=LIMITS)
    assert set(meeting.worker.routers[ROUTER].peers) == {"person-a"}


async def test_hundred_malformed_packets_end_a_peer(meeting: Meeting):
    first, _ = await meeting.pair()
    for _ in range(120):
        first.camera.layers["low"].send(b"\xff", timestamp=0)  # a VP8 descriptor that ends too early
    await until(lambda: meeting.told("peer_closed", peer="person-a", reason="protocol_violation"))


async def test_fault_of_ours_costs_its_packet_and_not_the_connection(meeting: Meeting, monkeypatch, caplog):
    viewer = await meeting.join("person-b", publish=False)
    sender = await meeting.join("person-a", tcp=True)
    await until(lambda: viewer.receiving.dtls.state == "connected")
    await see(sender, viewer)
    router = meeting.worker.routers[ROUTER]
    with monkeypatch.context() as faulty:
        faulty.setattr(router, "hear", lambda *_: router.peers["nobody"])
        for _ in range(120):
            sender.microphone.send(b"hello")
        await until(lambda: meeting.worker.media.drops["internal"] >= 100)
    await see(sender, viewer)
    assert not meeting.told("peer_closed")
    [line] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert (line.getMessage(), line.peer, line.transport_id) == ("packet_failed", "person-a", sender.publish_id)


async def test_ssrcs_of_a_transport_are_bounded(meeting: Meeting):
    first, second = await meeting.pair()
    await see(first, second)
    for number in range(300):
        first.publishing.send_rtp(bytes([0x80, 96, 0, 1]) + bytes(4) + (7000 + number).to_bytes(4, "big") + b"x")
    endpoint = meeting.worker.routers[ROUTER].peers["person-a"].publishing.endpoint
    await until(lambda: meeting.worker.media.drops["unknown_ssrc"] >= 300)
    assert len(endpoint._seen) <= 64
    await see(first, second)


async def test_wrong_certificate_gets_no_media(meeting: Meeting):
    person = Person(meeting.link, ROUTER, "person-w")
    await meeting.link.request("create_peer", router=ROUTER, epoch=1, peer="person-w", subjects=[])
    genuine = CERTIFICATE.getFingerprints()[0].value
    offer = person.offer(True, ()).replace(genuine, ":".join(["00"] * 32))
    answer = await person.request("publish", transport_id=person.publish_id, sdp=offer, sources={"0": "microphone"})
    person.publishing.on_rtp = lambda plain: None
    await person.publishing.connect(Remote.of(answer["sdp"]))
    await until(lambda: meeting.told("transport_state", peer="person-w", state="failed"))
    await person.close()


async def test_connection_of_a_barred_person_is_closed_with_what_it_holds(meeting: Meeting):
    await meeting.join("person-b", publish=False)
    await meeting.join("person-a", tcp=True)
    connections = meeting.worker.media.connections.open
    assert len(connections) == 1
    await meeting.link.request("bar", router=ROUTER, subjects=["user:person-a"])
    await until(lambda: not connections)
