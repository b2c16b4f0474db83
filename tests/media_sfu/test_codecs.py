"""Publications in each codec, and what happens when somebody cannot decode one."""

import struct

import pytest

from media_sfu.codecs import CODECS
from media_sfu.rtp import rtcp
from tests.media_sfu.codec_peers import CodecPerson, join
from tests.media_sfu.conftest import ROUTER, Meeting
from tests.media_sfu.peer_transport import until
from tests.media_sfu.pure.encoded import payloads

VIDEO = ("vp8", "vp9", "h264", "av1")


async def watch(sender: CodecPerson, *viewers: CodecPerson, codec: str) -> None:
    """Send until everybody has got a whole round of it in this codec."""
    wanted = len(payloads(codec)[0]) + 3
    await until(lambda: all(viewer.receiving.dtls and viewer.receiving.dtls.state == "connected" for viewer in viewers))

    def arrived() -> bool:
        sender.encoded.send_frame()
        return all(len(received(viewer, codec)) >= wanted for viewer in viewers)

    await until(arrived)


def received(viewer: CodecPerson, codec: str) -> list[tuple[int, int, int, bytes]]:
    return [each for each in viewer.arrived if each[0] == CODECS[codec].payload_type]


def required_of(meeting: Meeting, peer: str) -> list[tuple[str, str]]:
    return [(event["source"], event["codec"]) for event in meeting.told("codec_required", peer=peer)]


def revisions(viewer: CodecPerson) -> int:
    return len(viewer.offers)


@pytest.mark.parametrize("codec", VIDEO)
async def test_stream_of_each_codec_arrives_as_it_was_sent_from_a_keyframe_on(meeting: Meeting, codec: str):
    sender, viewer = await join(meeting, "person-a"), await join(meeting, "person-b")
    answer = await sender.publish_in(codec)
    assert [(each["codec"].lower(), each["layers"]) for each in answer["publications"]] == [(codec, ["high"])]
    await watch(sender, viewer, codec=codec)
    keyframe = payloads(codec)[0]
    assert [payload for *_, payload in viewer.arrived[: len(keyframe)]] == keyframe
    assert {number for number, *_ in viewer.arrived} == {CODECS[codec].payload_type}
    source = meeting.worker.routers[ROUTER].peers["person-a"].publications["camera"].sources[0]
    assert source.size == CODECS[codec].frame_size(keyframe[0], 0, len(keyframe[0]))


@pytest.mark.parametrize("codec", VIDEO)
async def test_lost_packet_of_each_codec_is_repaired(meeting: Meeting, codec: str):
    sender, viewer = await join(meeting, "person-a"), await join(meeting, "person-b")
    await sender.publish_in(codec)
    await watch(sender, viewer, codec=codec)
    seen = viewer.received["camera", "person-a"]
    sequence, _, payload = seen.packets[-1]
    viewer.receiving.send_rtcp(rtcp.nack(1, seen.ssrc, [sequence]))
    await until(lambda: seen.repairs)
    assert seen.repairs[0] == struct.pack("!H", sequence) + payload


async def test_first_codec_of_the_offer_that_is_relayed_is_taken(meeting: Meeting):
    sender = await join(meeting, "person-a")
    answer = await sender.publish_in("av1", "h264", "vp8")
    assert "a=rtpmap:41 AV1/90000" in answer["sdp"]
    assert "H264" not in answer["sdp"]


async def test_m_line_of_a_codec_lists_the_fallback_too(meeting: Meeting):
    sender, viewer = await join(meeting, "person-a"), await join(meeting, "person-b")
    await sender.publish_in("h264")
    await until(lambda: viewer.offers)
    sdp = viewer.offers[-1]["sdp"]
    assert "m=video 9 UDP/TLS/RTP/SAVPF 100 101 96 97\r\n" in sdp
    assert "a=fmtp:100 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n" in sdp


async def test_who_cannot_decode_has_the_publisher_fall_back_and_everybody_sees_on(meeting: Meeting):
    sender, able = await join(meeting, "person-a"), await join(meeting, "person-b")
    await sender.publish_in("h264", "vp8")
    await watch(sender, able, codec="h264")
    unable = await join(meeting, "person-c", lacks=("h264",))
    await until(lambda: required_of(meeting, "person-a"))
    assert required_of(meeting, "person-a") == [("camera", "vp8")]
    before = revisions(able), revisions(unable)

    answer = await sender.publish_in("vp8", "h264")
    assert answer["publications"][0]["codec"] == "VP8"
    await watch(sender, able, unable, codec="vp8")
    last, first = received(able, "h264")[-1], received(able, "vp8")[0]
    assert first[1] == last[1] + 1
    assert 0 < first[2] - last[2] < 90_000 * 10
    assert first[3] == payloads("vp8")[0][0]
    assert received(unable, "h264") == []
    assert (revisions(able), revisions(unable)) == before
    assert required_of(meeting, "person-a") == [("camera", "vp8")]


async def test_who_has_fallen_back_stays_so_when_the_other_has_left(meeting: Meeting):
    sender = await join(meeting, "person-a")
    await sender.publish_in("h264", "vp8")
    await join(meeting, "person-c", lacks=("h264",))
    await until(lambda: required_of(meeting, "person-a"))
    await meeting.link.request("close_peer", router=ROUTER, peer="person-c", reason="left")
    answer = await sender.publish_in("h264", "vp8")
    assert answer["publications"][0]["codec"] == "VP8"
    assert len(required_of(meeting, "person-a")) == 2


async def test_codec_that_somebody_lacks_is_not_begun_with(meeting: Meeting):
    first, second = await join(meeting, "person-a"), await join(meeting, "person-b")
    await first.publish_in("h264", "vp8")
    await join(meeting, "person-c", lacks=("h264",))
    await until(lambda: required_of(meeting, "person-a"))
    answer = await second.publish_in("h264", "av1", "vp8")
    assert answer["publications"][0]["codec"] == "AV1"
    assert required_of(meeting, "person-b") == []


async def test_requirement_is_repeated_until_it_is_met(meeting: Meeting):
    sender = await join(meeting, "person-a")
    await sender.publish_in("vp9", "vp8")
    await join(meeting, "person-c", lacks=("vp9",))
    await until(lambda: required_of(meeting, "person-a"))
    peer = meeting.worker.routers[ROUTER].peers["person-a"]
    peer.repeat_requirements()
    await until(lambda: len(required_of(meeting, "person-a")) == 2)
    await sender.publish_in("vp8")
    peer.repeat_requirements()
    assert len(required_of(meeting, "person-a")) == 2


async def test_codec_that_its_m_line_does_not_list_is_offered_first(meeting: Meeting):
    sender, viewer = await join(meeting, "person-a"), await join(meeting, "person-b")
    await sender.publish_in("vp8")
    await watch(sender, viewer, codec="vp8")
    await sender.publish_in("av1", "vp8")
    await watch(sender, viewer, codec="av1")
    assert revisions(viewer) == 2
    assert received(viewer, "av1")[0][3] == payloads("av1")[0][0]


async def test_codec_that_changes_while_an_offer_is_in_flight_is_in_the_next_one(meeting: Meeting):
    sender, viewer = await join(meeting, "person-a"), await join(meeting, "person-b")
    del meeting.people["person-b"]  # offers wait
    await sender.publish_in("vp8")
    await until(lambda: meeting.told("subscribe_offer", peer="person-b"))
    await sender.publish_in("av1", "vp8")
    meeting.people["person-b"] = viewer
    await viewer.on_offer(meeting.told("subscribe_offer", peer="person-b")[0])
    await watch(sender, viewer, codec="av1")
    assert revisions(viewer) == 2
