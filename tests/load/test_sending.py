"""What a synthetic participant sends is what a browser might send."""

import pytest

from media_sfu.codecs import vp8
from media_sfu.rtp import extensions, packet, rtcp
from tests.load.camera import Camera
from tests.load.clip import clip
from tests.load.microphone import COMFORT_SECONDS, Microphone
from tests.load.outgoing import Sending
from tests.load.packetizer import PAYLOAD_OCTETS, descriptors, split
from tests.load.voice import LOUD, MURMUR, SILENT_LEVEL, level_of
from tests.media_sfu.peer_media import LEVEL_ID, MID_ID, REPAIRED_ID, RID_ID, RTX, TRANSPORT_CC_ID, VP8


class Wire:
    """Takes what is sent."""

    def __init__(self) -> None:
        self.rtp: list[bytes] = []
        self.rtcp: list[bytes] = []
        self.sending = Sending(self.rtp.append, self.rtcp.append)

    def take(self) -> list[bytes]:
        taken, self.rtp[:] = list(self.rtp), []
        return taken


@pytest.fixture
def wire() -> Wire:
    return Wire()


def values(data: bytes) -> dict[int, bytes]:
    return extensions.read_all(data, *packet.parse(data)[5:8])


def described(data: bytes) -> tuple[bool, bool]:
    """Whether it starts a frame, and a keyframe."""
    return vp8.describe(data, *packet.parse(data)[8:])[:2]


def keyframes(sent: list[bytes]) -> list[bool]:
    return [described(data)[1] for data in sent]


@pytest.mark.parametrize("size", [1, 1100, 1101, 5000])
def test_a_frame_is_split_evenly_and_wholly(size: int):
    frame = bytes(number & 255 for number in range(size))
    parts = split(frame)
    assert b"".join(parts) == frame
    assert max(map(len, parts)) <= PAYLOAD_OCTETS
    assert max(map(len, parts)) - min(map(len, parts)) < len(parts)


def test_descriptors_say_which_picture_it_is():
    first, rest = descriptors(picture=0x1234, level=9, temporal=2, synchronised=True)
    assert first == bytes((0x90, 0xE0, 0x92, 0x34, 9, 0xA0))
    assert rest == b"\x80" + first[1:]


def test_a_camera_sends_its_layers_as_the_clips_are(wire: Wire):
    camera = Camera(wire.sending, "1", ("180p", "360p"), "red")
    camera.send(1.0)
    by_layer = {rid: [data for data in wire.rtp if values(data)[RID_ID] == rid] for rid in (b"low", b"high")}
    for rid, size in ((b"low", "180p"), (b"high", "360p")):
        sent = by_layer[rid]
        start, end = packet.parse(sent[0])[8:]
        assert b"".join(data[packet.parse(data)[8] + 6 :] for data in sent) == clip(size, "red")[0].data
        assert vp8.frame_size(sent[0], start, end) == ((320, 180) if size == "180p" else (640, 360))
        assert [packet.parse(data)[0] for data in sent] == [0] * (len(sent) - 1) + [0x80]
        assert {values(data)[MID_ID] for data in sent} == {b"1"}


def test_temporal_layers_count_as_receivers_expect(wire: Wire):
    camera = Camera(wire.sending, "1", ("180p",), "red")
    for number in range(8):
        camera.send(number / 25)
    starts = [data for data in wire.take() if described(data)[0]]
    octets = [data[packet.parse(data)[8] :] for data in starts]
    assert [each[5] >> 6 for each in octets] == [0, 2, 1, 2] * 2
    assert [each[4] - octets[0][4] & 255 for each in octets] == [0, 0, 0, 0, 1, 1, 1, 1]
    pictures = [(each[2] & 0x7F) << 8 | each[3] for each in octets]
    assert [picture - pictures[0] & 0x7FFF for picture in pictures] == list(range(8))


def test_who_asks_for_a_keyframe_gets_one_in_that_layer_at_once(wire: Wire):
    camera = Camera(wire.sending, "1", ("180p", "360p"), "red")
    camera.send(0.0)
    wire.take()
    camera.send(0.04)
    assert not any(keyframes(wire.take()))
    camera.on_rtcp(rtcp.PictureLossIndication(1, camera.layers[1].stream.ssrc))
    camera.send(0.08)
    assert {values(data)[RID_ID] for data in wire.take() if described(data)[1]} == {b"high"}


def test_a_lost_packet_is_sent_again_as_rtx(wire: Wire):
    camera = Camera(wire.sending, "1", ("180p", "360p"), "red")
    camera.send(0.0)
    [lost] = [data for data in wire.take() if values(data)[RID_ID] == b"low"][:1]
    _, _, sequence, timestamp, ssrc, *_, start, end = packet.parse(lost)
    camera.on_rtcp(rtcp.Nack(1, ssrc, (sequence, sequence - 5 & 0xFFFF)))
    [again] = wire.take()
    _, payload_type, _, repeated_timestamp, _, *_, again_start, again_end = packet.parse(again)
    assert (payload_type, repeated_timestamp) == (RTX, timestamp)
    assert again[again_start:again_end] == sequence.to_bytes(2, "big") + lost[start:end]
    assert values(again)[REPAIRED_ID] == b"low"
    assert (camera.asked_again, camera.sent_again) == (2, 1)


def test_layers_that_nobody_wants_are_not_sent_and_come_back_with_a_keyframe(wire: Wire):
    camera = Camera(wire.sending, "1", ("180p", "360p", "720p"), "red")
    camera.send(0.0)
    wire.take()
    camera.want_layers(["low"])
    camera.send(0.04)
    assert {values(data)[RID_ID] for data in wire.take()} == {b"low"}
    camera.want_layers(["low", "medium"])
    camera.send(0.08)
    sent = wire.take()
    assert {values(data)[RID_ID] for data in sent} == {b"low", b"medium"}
    assert {values(data)[RID_ID] for data in sent if described(data)[1]} == {b"medium"}


def test_everything_counts_in_the_transport_wide_numbers(wire: Wire):
    camera = Camera(wire.sending, "1", ("180p", "360p"), "red")
    microphone = Microphone(wire.sending, "0", "loud", 0)
    for number in range(3):
        camera.send(number / 25)
        microphone.send(number / 25)
    numbers = [int.from_bytes(values(data)[TRANSPORT_CC_ID], "big") for data in wire.rtp]
    assert numbers == list(range(1, len(numbers) + 1))


def test_reports_tell_the_clocks_of_all_layers(wire: Wire):
    camera = Camera(wire.sending, "1", ("180p", "360p"), "red")
    camera.send(5.0)
    camera.report("somebody", 6.0)
    reports = [block for data in wire.rtcp for block in rtcp.parse_compound(data) if hasattr(block, "ntp")]
    sent = {packet.parse(data)[4]: packet.parse(data)[3] for data in wire.rtp}
    assert {report.ssrc: report.rtp_timestamp - 90_000 & 0xFFFFFFFF for report in reports} == sent
    assert {packet.parse(data)[1] for data in wire.rtp} == {VP8}


def levels(wire: Wire) -> list[int]:
    return [values(data)[LEVEL_ID][0] & 0x7F for data in wire.take()]


def test_who_speaks_in_turns_murmurs_between(wire: Wire):
    microphone = Microphone(wire.sending, "0", "turns", 0)
    for number in range(400):
        microphone.send(number / 50)
    heard = levels(wire)
    assert len(heard) == 400
    assert (heard.count(level_of(LOUD)), heard.count(level_of(MURMUR))) == (100, 300)


def test_who_is_silent_sends_next_to_nothing_until_told_to_speak(wire: Wire):
    microphone = Microphone(wire.sending, "0", "silent", 0)
    for number in range(100):
        microphone.send(number / 50)
    assert set(levels(wire)) == {SILENT_LEVEL}
    assert microphone.stream.packets == pytest.approx(2 / COMFORT_SECONDS, abs=1)
    microphone.speaking = True
    microphone.send(2.0)
    assert levels(wire) == [level_of(LOUD)]
