"""Two people in a meeting: what one sends arrives at the other, as it should and only when it should."""

import struct

from media_sfu.rtp import rtcp
from tests.media_sfu.conftest import ROUTER, Meeting
from tests.media_sfu.peer_transport import until
from tests.media_sfu.peers import Person


async def see(sender: Person, viewer: Person, frames: int = 3) -> None:
    """Send frames until some have arrived."""
    received = viewer.received["camera", sender.peer]
    wanted = len(received.packets) + frames

    def sent_enough() -> bool:
        sender.camera.send_frame()
        return len(received.packets) >= wanted

    await until(sent_enough)


def gaps(sequences: list[int]) -> list[int]:
    return [later - earlier for earlier, later in zip(sequences, sequences[1:], strict=False) if later != earlier + 1]


async def test_sound_and_video_flow_both_ways(meeting: Meeting):
    first, second = await meeting.pair()
    for sender, receiver in ((first, second), (second, first)):
        sender.microphone.send(b"hello" * 10)
        await until(lambda s=sender, r=receiver: r.received["microphone", s.peer].packets)
        assert receiver.received["microphone", sender.peer].packets[0][2] == b"hello" * 10
        await see(sender, receiver)


async def test_media_is_encrypted_with_aes_256_gcm(meeting: Meeting):
    first, _ = await meeting.pair()
    assert first.publishing.cipher == first.receiving.cipher == b"SRTP_AEAD_AES_256_GCM"
    told = meeting.told("transport_state", peer="person-a", state="connected")
    assert {event["cipher"] for event in told} == {"AEAD_AES_256_GCM"}
    assert {event["protocol"] for event in told} == {"udp"}


async def test_media_flows_over_tcp(meeting: Meeting):
    viewer = await meeting.join("person-a", publish=False)
    sender = await meeting.join("person-b", tcp=True)
    await until(lambda: viewer.receiving.dtls.state == "connected")
    await see(sender, viewer)
    assert meeting.told("transport_state", peer="person-b", transport="publish", protocol="tcp", state="connected")


async def test_first_packet_of_video_starts_a_keyframe(meeting: Meeting):
    first, second = await meeting.pair()
    first.camera.wanted.clear()
    await see(first, second)
    payload = second.received["camera", "person-a"].packets[0][2]
    assert first.camera.keyframes_asked >= 1
    assert b"\x9d\x01\x2a" in payload


async def test_lost_packet_is_repaired_towards_the_worker(meeting: Meeting):
    first, second = await meeting.pair()
    await see(first, second)
    first.camera.send_frame(packets=3, lose=1)
    first.camera.send_frame()
    received = second.received["camera", "person-a"]
    await until(lambda: first.camera.nacked)
    await until(lambda: not gaps(sorted(received.sequences)))


async def test_nack_of_a_subscriber_is_answered_by_rtx(meeting: Meeting):
    first, second = await meeting.pair()
    await see(first, second)
    received = second.received["camera", "person-a"]
    sequence, _, payload = received.packets[-1]
    second.receiving.send_rtcp(rtcp.nack(1, received.ssrc, [sequence]))
    await until(lambda: received.repairs)
    assert received.repairs[0] == struct.pack("!H", sequence) + payload
    statistics = (await meeting.link.request("get_statistics"))["routers"][ROUTER]["person-b"]
    assert (statistics["nack_in"], statistics["retransmitted_out"]) == (1, 1)


async def test_layer_follows_the_tile(meeting: Meeting):
    first, second = await meeting.pair()
    await see(first, second)
    received = second.received["camera", "person-a"]
    assert received.last_layer() == "low"  # before the first set_view
    for size, layer in ((1280, "high"), (160, "low")):
        tile = {"participant": "person-a", "source": "camera", "width": size, "height": size * 9 // 16}
        await second.request("set_view", tiles=[tile])

        def switched(layer: str = layer) -> bool:
            first.camera.send_frame()
            return received.last_layer() == layer

        await until(switched)
    assert not [gap for gap in gaps(received.sequences) if gap != 2]  # 2: a frame was left unfinished by a switch
    assert received.packets == sorted(received.packets, key=lambda item: item[1])


async def test_video_out_of_the_view_stops_and_sound_goes_on(meeting: Meeting):
    first, second = await meeting.pair()
    await see(first, second)
    await second.request("set_view", tiles=[])
    seen = len(second.received["camera", "person-a"].packets)
    first.camera.send_frame()
    first.microphone.send()
    await until(lambda: second.received["microphone", "person-a"].packets)
    assert len(second.received["camera", "person-a"].packets) == seen


async def test_muted_source_is_not_forwarded_until_it_is_unmuted(meeting: Meeting):
    first, second = await meeting.pair()
    await see(first, second)
    received = second.received["camera", "person-a"]
    await first.request("set_muted", source="camera", muted=True)
    seen = len(received.packets)
    first.camera.send_frame()
    first.microphone.send()
    await until(lambda: second.received["microphone", "person-a"].packets)
    assert len(received.packets) == seen
    await first.request("set_muted", source="camera", muted=False)
    await see(first, second)
    assert b"\x9d\x01\x2a" in received.packets[seen][2]


async def test_muted_microphone_is_neither_forwarded_nor_heard(meeting: Meeting):
    first, second = await meeting.pair()
    received = second.received["microphone", "person-a"]
    first.microphone.send()
    await until(lambda: received.packets)
    await first.request("set_muted", source="microphone", muted=True)
    seen, arrived = len(received.packets), meeting.worker.routers[ROUTER].peers["person-a"].counters
    before = arrived.packets_in
    for _ in range(20):
        first.microphone.send(b"secret", level=5)
    await until(lambda: arrived.packets_in == before + 20)
    first.camera.send_frame()
    await until(lambda: second.received["camera", "person-a"].packets)  # what was sent before it has arrived
    assert len(received.packets) == seen
    assert meeting.worker.routers[ROUTER].speakers.last_spoke("person-a") == 0

    await first.request("set_muted", source="microphone", muted=False)
    first.microphone.send(b"back")
    await until(lambda: len(received.packets) > seen)
    assert received.packets[-1][2] == b"back"


async def test_silence_without_packets_is_no_loss(meeting: Meeting):
    first, second = await meeting.pair()
    received = second.received["microphone", "person-a"]
    first.microphone.send()
    first.microphone.pause(10.0)
    first.microphone.send()
    await until(lambda: len(received.packets) == 2)
    (before, spoke, _), (after, speaks, _) = received.packets
    assert after == before + 1
    assert speaks - spoke == 10 * 48_000 + 960
    assert meeting.worker.routers[ROUTER].peers["person-a"].publishing.take_arrival() == (2, 2)


async def test_nothing_is_forwarded_in_a_frozen_meeting(meeting: Meeting):
    first, second = await meeting.pair()
    await see(first, second)
    received, back = second.received["camera", "person-a"], first.received["microphone", "person-b"]
    await meeting.link.request("freeze", router=ROUTER, frozen=True)
    await meeting.link.request("freeze", router=ROUTER, frozen=True)
    seen = len(received.packets), len(back.packets)
    arrived = meeting.worker.routers[ROUTER].peers["person-b"].counters.packets_in
    first.camera.send_frame()
    second.microphone.send(level=10)
    await until(lambda: meeting.worker.routers[ROUTER].peers["person-b"].counters.packets_in > arrived)
    assert (len(received.packets), len(back.packets)) == seen
    await meeting.link.request("freeze", router=ROUTER, frozen=False)
    await see(first, second)
    assert b"\x9d\x01\x2a" in received.packets[seen[0]][2]


async def test_rebuilt_publish_transport_goes_on_in_the_same_subscription(meeting: Meeting, fresh_id):
    first, second = await meeting.pair()
    await see(first, second)
    received, offers = second.received["camera", "person-a"], len(second.offers)
    await first.publishing.close()
    first.publishing, first.publish_id = type(first.publishing)(), fresh_id()
    await first.publish()
    await see(first, second)
    assert len(second.offers) == offers
    assert not [gap for gap in gaps(received.sequences) if gap != 2]


async def test_sender_reports_are_translated(meeting: Meeting):
    first, second = await meeting.pair()
    await see(first, second)
    layer = first.camera.layers["low"]
    first.publishing.send_rtcp(
        rtcp.sender_report(layer.ssrc, ntp=7 << 40, rtp_timestamp=layer.history[layer.sequence][1], packets=1, octets=1)
    )
    received = second.received["camera", "person-a"]
    await until(lambda: second.reports[received.ssrc])
    report = second.reports[received.ssrc][0]
    assert report.ntp >> 40 == 7
    assert abs(report.rtp_timestamp - received.packets[-1][1]) < 90000


async def test_counters_are_what_went_over_the_wire(meeting: Meeting):
    first, second = await meeting.pair()
    await see(first, second, frames=20)
    first.microphone.send()
    await until(lambda: second.received["microphone", "person-a"].packets)
    await until(
        lambda: meeting.worker.routers[ROUTER].peers["person-a"].counters.packets_in == first.publishing.packets_sent
    )
    routers = (await meeting.link.request("get_statistics"))["routers"][ROUTER]
    assert routers["person-a"]["bytes_in"] == first.publishing.bytes_sent
    assert routers["person-b"]["packets_out"] == second.receiving.packets_received
    assert routers["person-b"]["bytes_out"] == second.receiving.bytes_received


async def test_speaker_is_told(meeting: Meeting):
    first, _ = await meeting.pair()

    def told() -> bool:
        first.microphone.send(level=10)
        return bool(meeting.told("speakers", dominant="person-a"))

    await until(told)
    assert meeting.told("speakers")[0]["speakers"][0]["participant"] == "person-a"


async def test_who_spoke_last_stays_known_when_they_are_muted_and_not_when_they_have_left(meeting: Meeting):
    first, _ = await meeting.pair()
    speakers = meeting.worker.routers[ROUTER].speakers

    def has_spoken() -> bool:
        first.microphone.send(level=10)
        return speakers.last_spoke("person-a") > 0

    await until(has_spoken)
    await first.request("set_muted", source="microphone", muted=True)
    assert speakers.last_spoke("person-a") > 0
    await until(lambda: meeting.told("speakers")[-1]["speakers"] == [])
    await meeting.link.request("freeze", router=ROUTER, frozen=True)
    assert speakers.last_spoke("person-a") > 0
    await meeting.link.request("close_peer", router=ROUTER, peer="person-a", reason="left")
    assert speakers.last_spoke("person-a") == 0


async def test_only_four_voices_are_forwarded_in_a_large_meeting(meeting: Meeting):
    listener = await meeting.join("listener", publish=False)
    speakers = [await meeting.join(f"speaker-{number}") for number in range(8)]
    await until(lambda: len(listener.received) == 2 * len(speakers))
    await until(lambda: meeting.states("listener")["subscribe"] == "connected")

    def counts() -> list[int]:
        return [len(listener.received["microphone", each.peer].packets) for each in speakers]

    for each in speakers:  # everybody is known; the first four have the places
        each.microphone.send(level=20)
    await until(lambda: sum(counts()) >= 4)
    for each in speakers:
        each.microphone.send(level=20)
    await until(lambda: sum(count > 1 for count in counts()) == 4)
    before, listening = counts(), meeting.worker.routers[ROUTER].peers["listener"].counters
    forwarded = listening.packets_out
    for each in speakers:
        each.microphone.send(level=20)
    packets_in = [meeting.worker.routers[ROUTER].peers[each.peer].counters for each in speakers]
    await until(lambda: all(each.packets_in >= 3 for each in packets_in))
    await until(lambda: sum(counts()) - sum(before) == listening.packets_out - forwarded)
    assert sorted(later - earlier for earlier, later in zip(before, counts(), strict=True)) == [0] * 4 + [1] * 4


async def test_everybody_is_heard_again_when_the_meeting_is_small(meeting: Meeting):
    listener = await meeting.join("listener", publish=False)
    speakers = [await meeting.join(f"speaker-{number}") for number in range(8)]
    await until(lambda: len(listener.received) == 2 * len(speakers))
    for each in speakers:
        each.microphone.send(level=20)
    last = speakers[-1]
    await until(lambda: not meeting.worker.routers[ROUTER].is_heard(last.peer))
    await meeting.link.request("close_peer", router=ROUTER, peer=speakers[0].peer, reason="left")
    last.microphone.send(b"still here", level=20)
    await until(lambda: listener.received["microphone", last.peer].packets)
    assert listener.received["microphone", last.peer].packets[-1][2] == b"still here"
