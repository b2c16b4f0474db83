"""Reading offers of real browsers within limits, and what our own descriptions say."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media_sfu.codecs import FALLBACK
from media_sfu.errors import SdpError
from media_sfu.sdp.reader import read_description
from media_sfu.sdp.writer import AnsweredSection, ForwardedTrack, TransportParameters, write_answer, write_offer
from tests.media_sfu.pure.fuzzing import CASES, cpu_seconds

SDP_CPU_LIMIT = 0.02
FINGERPRINT = ":".join(["AB"] * 32)
OURS = TransportParameters("ourufrag", "p" * 32, FINGERPRINT, (("192.0.2.1", 40000, "udp"), ("fd00::2", 40000, "tcp")))

FIREFOX = f"""v=0
o=mozilla...THIS_IS_SDPARTA-99.0 7641940744574802126 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 {FINGERPRINT}
a=group:BUNDLE 0 1
a=ice-options:trickle
m=audio 37214 UDP/TLS/RTP/SAVPF 109 9 0 8 101
c=IN IP4 192.0.2.2
a=candidate:0 1 UDP 2122187007 192.0.2.2 37214 typ host
a=sendonly
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
a=ice-pwd:efb77de7a99f690a0ee9944969f8fd84
a=ice-ufrag:14daea55
a=mid:0
a=rtpmap:109 opus/48000/2
a=setup:actpass
a=ssrc:2949652275 cname:{{b966e7b4}}
m=video 0 UDP/TLS/RTP/SAVPF 120 124 121 125
c=IN IP4 0.0.0.0
a=bundle-only
a=sendonly
a=extmap:9/sendonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=fmtp:124 apt=120
a=fmtp:125 apt=121
a=ice-pwd:efb77de7a99f690a0ee9944969f8fd84
a=ice-ufrag:14daea55
a=mid:1
a=rid:low send
a=rid:high send
a=rtpmap:120 VP8/90000
a=rtpmap:124 rtx/90000
a=rtpmap:121 VP9/90000
a=rtpmap:125 rtx/90000
a=setup:actpass
a=simulcast:send low;~high
a=ssrc:3769170406 cname:x
a=ssrc-group:FID 3769170406 2153725044
""".replace("\n", "\r\n")


def test_offer_of_firefox_is_read():
    offer = read_description(FIREFOX)
    audio, video = offer.sections
    assert (offer.ice_ufrag, offer.setup) == ("14daea55", "actpass")
    assert offer.fingerprints == [("sha-256", FINGERPRINT)]
    assert (audio.mid, audio.sends, audio.codec("OPUS").payload_type) == ("0", True, 109)
    assert audio.extensions["urn:ietf:params:rtp-hdrext:ssrc-audio-level"] == 1
    assert (video.bundle_only, video.refused, video.sends) == (True, False, True)
    assert video.rids == ["low", "high"]
    assert video.repair_of(120) == 124
    assert video.repairs == {3769170406: 2153725044}


def test_answer_follows_the_offer_and_echoes_no_line():
    audio, video = read_description(FIREFOX).sections
    answer = write_answer(
        OURS,
        1,
        [
            AnsweredSection(audio, audio.codec("opus"), None, ((3, "urn:ietf:params:rtp-hdrext:sdes:mid"),)),
            AnsweredSection(video, video.codec("vp8"), 124, ()),
        ],
    )
    assert "m=audio 9 UDP/TLS/RTP/SAVPF 109\r\n" in answer
    assert "m=video 9 UDP/TLS/RTP/SAVPF 120 124\r\n" in answer
    assert "a=simulcast:recv low;high\r\n" in answer
    assert answer.count("a=setup:passive") == 1
    assert answer.count("a=ice-lite") == 1
    assert "a=candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host\r\n" in answer
    assert "fd00::2 40000 typ host tcptype passive\r\n" in answer
    assert answer.count("a=end-of-candidates") == 1
    assert "mozilla" not in answer
    assert len(read_description(answer).sections) == 2


def test_unwanted_sections_are_answered_inactive_and_data_channels_refused():
    data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\na=sctp-port:5000\r\n"
    audio, _, channel = read_description(FIREFOX + data).sections
    answer = write_answer(OURS, 1, [AnsweredSection(audio, None, None, ()), AnsweredSection(channel, None, None, ())])
    assert "a=inactive" in answer
    assert "m=application 0 UDP/DTLS/SCTP webrtc-datachannel" in answer
    assert "a=group:BUNDLE 0\r\n" in answer


def test_offer_names_media_before_its_repair_and_keeps_ended_lines():
    track = ForwardedTrack(FALLBACK, "stream", "track", 111, 222, "name")
    offer = write_offer(OURS, 3, [("video", track), ("audio", None)])
    assert offer.index("a=ssrc:111 ") < offer.index("a=ssrc:222 ")
    assert "a=msid:stream track\r\n" in offer
    assert "a=setup:actpass" in offer
    assert offer.count("a=inactive") == 1
    assert "a=group:BUNDLE 0 1\r\n" in offer


def test_speech_pauses_in_silence_and_music_does_not():
    audio = read_description(FIREFOX).sections[0]
    codec = audio.codec("opus")
    speech, music = (
        write_answer(OURS, 1, [AnsweredSection(audio, codec, None, (), stereo=stereo)]) for stereo in (False, True)
    )
    assert "a=fmtp:109 minptime=10;useinbandfec=1;usedtx=1\r\n" in speech
    assert "a=fmtp:109 minptime=10;useinbandfec=1;stereo=1;maxaveragebitrate=128000\r\n" in music
    assert ";usedtx=1;stereo=1\r\n" in write_offer(OURS, 1, [("audio", None)])  # we forward whatever comes


def with_lines(*lines: str) -> str:
    return FIREFOX + "".join(line + "\r\n" for line in lines)


@pytest.mark.parametrize(
    "sdp",
    [
        with_lines(*["a=x"] * 12000),
        with_lines(*[f"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:m{number}" for number in range(63)]),
        with_lines(*[f"a=ssrc:{number} cname:x" for number in range(32)]),
        with_lines("a=x:" + "y" * 2000),
        with_lines(*[f"m=audio 9 X 111\r\na=mid:{m}\r\n" + "a=ssrc:1 c\r\n" * 31 for m in range(2, 12)]),
        "v=0\r\n" + "あ" * 11000,
    ],
)
def test_oversized_descriptions_are_refused(sdp):
    with pytest.raises(SdpError) as refused:
        read_description(sdp)
    assert refused.value.code == "sdp_too_large"


@pytest.mark.parametrize(
    "sdp",
    [
        "",
        "v=0",
        "hello",
        FIREFOX.replace("a=mid:1", "a=mid:0"),
        FIREFOX.replace("a=mid:1", "a=mid:<script>"),
        FIREFOX.replace("a=ice-ufrag", "a=x"),
        FIREFOX.replace("a=fingerprint", "a=x"),
        FIREFOX.replace("m=audio", "m=text"),
        FIREFOX.replace("m=audio 37214", "m=audio port"),
        FIREFOX.replace(" 109 9 0", " 300 9 0"),
        FIREFOX.replace("a=ssrc:2949652275", "a=ssrc:99999999999"),
        FIREFOX.replace("low;~high", "a;b;c;d"),
        FIREFOX.replace("low;~high", ""),
        FIREFOX.replace("a=extmap:1 urn", "a=extmap:x urn"),
    ],
)
def test_wrong_descriptions_are_refused(sdp):
    with pytest.raises(SdpError) as refused:
        read_description(sdp)
    assert refused.value.code == "bad_sdp"


def read(sdp: str) -> None:
    try:
        read_description(sdp)
    except SdpError as refused:
        assert refused.code in ("bad_sdp", "sdp_too_large")


_lines = st.lists(st.sampled_from(FIREFOX.split("\r\n")), max_size=200).map("\r\n".join)
_words = st.sampled_from(
    ["a=ssrc:", "m=audio 9 X 1", "a=simulcast:send ", "a=fmtp:", "a=extmap:", ";", "/", " ", "0", ":"]
)
_noise = st.lists(st.one_of(_words, st.text(max_size=8), st.sampled_from(FIREFOX.split("\r\n"))), max_size=300)


@pytest.mark.fuzz
@given(st.one_of(_lines, _noise.map("\r\n".join), _noise.map("".join), st.text(max_size=2000)))
@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_descriptions_cost_little_and_raise_only_their_own_error(noise):
    for sdp in (noise, "v=0\r\n" + noise, FIREFOX + noise):
        assert cpu_seconds(lambda sdp=sdp: read(sdp)) < SDP_CPU_LIMIT


@pytest.mark.parametrize(
    "line", ["a=ssrc:1 x", "a=fmtp:109 " + "a=b;" * 200, "a=extmap:1 u", "a=rtpmap:109 a/1", "a=fingerprint:sha-256 AB"]
)
def test_largest_descriptions_cost_little(line):
    sdp = with_lines(*[line] * ((32 * 1024 - len(FIREFOX)) // (len(line) + 2)))
    assert cpu_seconds(lambda: read(sdp)) < SDP_CPU_LIMIT
