"""What the bench sends is what a browser might send."""

from media_sfu.codecs import vp8
from media_sfu.rtp import extensions, packet
from tests.bench.packets import (
    AUDIO,
    AUDIO_LEVEL_ID,
    FRAME_PACKETS,
    FRAME_SECONDS,
    MID_ID,
    TRANSPORT_SEQUENCE_ID,
    VIDEO,
    Publisher,
    read_stamp,
)


def sent_in(seconds: float) -> list[tuple[packet.Header, bytes]]:
    sent: list[bytes] = []
    publisher = Publisher(sent.append)
    publisher.start(100.0)
    for step in range(round(seconds * 1000)):
        publisher.send_due(100.0 + step / 1000)
    return [(packet.parse(data), data) for data in sent]


def test_a_second_has_fifty_audio_and_some_hundred_and_ten_video_packets():
    payload_types = [header[1] for header, _ in sent_in(1)]
    assert payload_types.count(AUDIO) == 50
    assert payload_types.count(VIDEO) == 28 * FRAME_PACKETS


def test_payloads_have_the_stated_sizes():
    sizes = {header[1]: header[9] - header[8] for header, _ in sent_in(0.1)}
    assert sizes == {AUDIO: 100, VIDEO: 1100}


def test_every_packet_carries_its_send_time():
    assert all(read_stamp(data, header[8]) for header, data in sent_in(0.1))


def test_a_foreign_payload_has_no_send_time():
    assert read_stamp(bytes(200), 0) is None
    assert read_stamp(b"short", 0) is None


def test_video_starts_with_a_keyframe_and_has_another_when_asked() -> None:
    sent: list[bytes] = []
    publisher = Publisher(sent.append)
    publisher.start(0.0)
    publisher.audio.due = 1000.0
    for frame in range(4):
        publisher.keyframe_wanted |= frame == 2
        publisher.send_due(frame * FRAME_SECONDS + 0.001)
    keyframes = [vp8.describe(data, *packet.parse(data)[8:])[1] for data in sent]
    assert [index // FRAME_PACKETS for index, keyframe in enumerate(keyframes) if keyframe] == [0, 2]
    assert vp8.frame_size(sent[0], *packet.parse(sent[0])[8:]) == (640, 360)


def test_only_the_last_packet_of_a_frame_has_the_marker():
    video = [header for header, _ in sent_in(0.2) if header[1] == VIDEO]
    assert [bool(header[0]) for header in video[:8]] == [False, False, False, True] * 2


def test_transport_wide_numbers_count_all_packets():
    numbers = []
    for header, data in sent_in(0.2):
        values = extensions.read_all(data, *header[5:8])
        assert values[MID_ID] == (b"0" if header[1] == AUDIO else b"1")
        assert (AUDIO_LEVEL_ID in values) == (header[1] == AUDIO)
        numbers.append(int.from_bytes(values[TRANSPORT_SEQUENCE_ID], "big"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_generator_that_fell_behind_does_not_catch_up_in_a_burst() -> None:
    sent: list[bytes] = []
    publisher = Publisher(sent.append)
    publisher.start(0.0)
    publisher.send_due(10.0)
    assert len(sent) <= 2 * FRAME_PACKETS
