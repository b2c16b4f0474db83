"""What a synthetic participant counts, asks for again and writes into descriptions."""

from collections.abc import Iterator

import pytest

from media_sfu.sdp.reader import read_description
from tests.bench.connection import Connection
from tests.load.camera import Camera
from tests.load.clock import FAR_BEHIND_SECONDS, Rhythm
from tests.load.descriptions import write_answer, write_offer
from tests.load.incoming import GIVEN_UP_SECONDS, IncomingTrack
from tests.load.microphone import Microphone
from tests.load.outgoing import Sending

OFFER = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=ice-ufrag:abcd
a=ice-pwd:0123456789abcdef
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=mid:0
a=rtpmap:111 opus/48000/2
a=sendonly
m=video 9 UDP/TLS/RTP/SAVPF 96 97
a=mid:1
a=extmap:1 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=rtpmap:96 VP8/90000
a=inactive
""".format(fingerprint=":".join(["AB"] * 32)).replace("\n", "\r\n")


@pytest.fixture
def connection() -> Iterator[Connection]:
    found = Connection()
    yield found
    found.udp.close()


@pytest.fixture
def track() -> IncomingTrack:
    return IncomingTrack("somebody", "camera", 1, 2)


def take(track: IncomingTrack, *sequences: int, at: float = 0.0) -> None:
    for sequence in sequences:
        track.take(sequence & 0xFFFF, 100, 0x80, at)


def test_a_gap_is_asked_for_over_the_wrap(track: IncomingTrack):
    take(track, 0xFFFE, 1)
    assert track.due_again(0.05) == [0xFFFF, 0]
    assert track.due_again(0.1) == []
    assert track.due_again(0.16) == [0xFFFF, 0]


def test_what_is_only_late_is_not_asked_for(track: IncomingTrack):
    take(track, 1, 3, 2)
    assert track.due_again(0.05) == []
    assert track.counters()["gaps"] == 0


def test_a_repaired_packet_counts_as_recovered(track: IncomingTrack):
    take(track, 1, 3)
    track.repaired(2)
    track.repaired(2)
    assert track.due_again(0.05) == []
    assert (track.counters()["gaps"], track.counters()["recovered"]) == (1, 1)


def test_what_does_not_come_is_given_up(track: IncomingTrack):
    take(track, 1, 3)
    assert track.due_again(GIVEN_UP_SECONDS + 0.1) == []
    assert (track.given_up, track.missing) == (1, {})


def test_an_offer_names_what_is_sent(connection: Connection):
    sending = Sending(lambda plain: None, lambda plain: None)
    camera = Camera(sending, "1", ("180p", "360p", "720p"), "red")
    audio, video = read_description(write_offer(connection, Microphone(sending, "0", "loud", 0), camera)).sections
    assert (audio.kind, audio.mid, audio.sends, video.mid) == ("audio", "0", True, "1")
    assert video.rids == ["low", "medium", "high"]
    assert video.repair_of(96) == 97


def test_an_offer_without_simulcast_names_its_ssrcs(connection: Connection):
    camera = Camera(Sending(lambda plain: None, lambda plain: None), "1", ("180p",), "red")
    [video] = read_description(write_offer(connection, None, camera)).sections
    stream = camera.layers[0].stream
    assert (video.rids, video.repairs) == ([], {stream.ssrc: stream.repairing.ssrc})


def test_an_answer_takes_what_is_offered(connection: Connection):
    answer = read_description(write_answer(connection, OFFER))
    assert [(each.mid, each.receives, list(each.codecs)) for each in answer.sections] == [
        ("0", True, [111]),
        ("1", False, [96, 97]),
    ]
    assert (answer.setup, answer.ice_ufrag) == ("active", connection.ufrag)


def test_a_rhythm_that_fell_behind_makes_no_burst() -> None:
    acted: list[float] = []
    rhythm = Rhythm(0.02, 0.0, acted.append)
    rhythm.beat(10.0)
    assert len(acted) == 1
    rhythm.beat(10.0 + FAR_BEHIND_SECONDS)
    assert acted[1:] == sorted(acted[1:])
    assert len(acted) <= 2 + FAR_BEHIND_SECONDS / 0.02
