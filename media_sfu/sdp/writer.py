"""Write the publish answer and the subscribe offer. Nothing of a browser's text is echoed but checked tokens: mids,
rids, payload types and extension numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from media_sfu import codecs
from media_sfu.rtp.extensions import TRANSPORT_SEQUENCE
from media_sfu.sdp.model import Codec, Section

TRANSPORT_SEQUENCE_ID = 1
TRANSPORT_WIDE = ("transport-cc",)
_MULTIPLEXED = ["c=IN IP4 0.0.0.0", "a=rtcp-mux", "a=rtcp-rsize"]
_SPEECH = "minptime=10;useinbandfec=1;usedtx=1"  # RFC 7587 §6.1: what the other side is to send
_MUSIC = "minptime=10;useinbandfec=1;stereo=1;maxaveragebitrate=128000"  # a quiet passage is no silence
_UDP_PRIORITY, _TCP_PRIORITY = 126 << 24, 90 << 24  # RFC 8445 §5.1.2.1: type preference of a host; ICE-TCP comes after


@dataclass(frozen=True, slots=True)
class TransportParameters:
    """What a description says of our side of the transport. `candidates` are (address, port, "udp" or "tcp")."""

    ice_ufrag: str
    ice_pwd: str
    fingerprint: str
    candidates: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True)
class AnsweredSection:
    """One m-line of a publish answer; `codec` None answers it inactive."""

    offered: Section
    codec: Codec | None
    repair: int | None
    extensions: tuple[tuple[int, str], ...]
    stereo: bool = False


@dataclass(frozen=True, slots=True)
class ForwardedTrack:
    """What an m-line of a subscribe offer carries, in `codec`."""

    codec: codecs.Codec
    stream: str
    track: str
    ssrc: int
    repair_ssrc: int
    cname: str


def write_answer(transport: TransportParameters, revision: int, sections: list[AnsweredSection]) -> str:
    """The answer to a publish offer: we receive, on a DTLS server (`passive`) behind an ICE-lite agent."""
    mids = [section.offered.mid for section in sections if _is_bundled(section)]
    lines = _session(transport, revision, "passive", mids)
    for section in sections:
        if _is_bundled(section):
            lines += _answer_section(section)
            lines += _candidates(transport) if section.offered.mid == mids[0] else []
        else:
            lines += _refused(section.offered)
    return "\r\n".join(lines) + "\r\n"


def write_offer(
    transport: TransportParameters,
    revision: int,
    slots: list[tuple[str, ForwardedTrack | None]],
    feedback: Sequence[str] = TRANSPORT_WIDE,
) -> str:
    """The offer of a subscribe transport; `slots` are (kind, track or None for an inactive m-line), their index is the
    mid. `feedback` is what is asked for of congestion.
    """
    lines = _session(transport, revision, "actpass", [str(index) for index in range(len(slots))])
    for index, (kind, track) in enumerate(slots):
        lines += _offer_section(str(index), kind, track, feedback)
        lines += _candidates(transport) if index == 0 else []
    return "\r\n".join(lines) + "\r\n"


def _session(transport: TransportParameters, revision: int, setup: str, mids: list[str]) -> list[str]:
    """What holds for the whole bundle is said once: an offer to a large room must fit a signalling frame."""
    return [
        "v=0",
        f"o=- 1 {revision} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=group:BUNDLE {' '.join(mids)}",
        "a=msid-semantic: WMS *",
        f"a=ice-ufrag:{transport.ice_ufrag}",
        f"a=ice-pwd:{transport.ice_pwd}",
        f"a=fingerprint:sha-256 {transport.fingerprint}",
        f"a=setup:{setup}",
    ]


def _is_bundled(section: AnsweredSection) -> bool:
    return section.offered.kind != "application" and not section.offered.refused


def _refused(offered: Section) -> list[str]:
    """An m-line we do not take, a data channel above all: its protocol and format as constants, port 0."""
    if offered.kind == "application":
        return ["m=application 0 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", f"a=mid:{offered.mid}"]
    payload_type = next(iter(offered.codecs), 0)
    return [
        f"m={offered.kind} 0 UDP/TLS/RTP/SAVPF {payload_type}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{offered.mid}",
        "a=inactive",
    ]


def _answer_section(section: AnsweredSection) -> list[str]:
    offered, codec = section.offered, section.codec
    payload_types = [codec.payload_type] if codec else [next(iter(offered.codecs), 0)]
    if section.repair is not None:
        payload_types.append(section.repair)
    lines = [f"m={offered.kind} 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, payload_types))}"]
    lines += _MULTIPLEXED
    lines += [f"a=mid:{offered.mid}", "a=recvonly" if codec and offered.sends else "a=inactive"]
    lines += [f"a=extmap:{number} {uri}" for number, uri in section.extensions]
    if codec is None:
        return [*lines, *(_rtpmap(next(iter(offered.codecs.values()))) if offered.codecs else [])]
    lines += _codec(codec, section.repair, ["transport-cc"], opus=_MUSIC if section.stereo else _SPEECH)
    if offered.sends and offered.rids:
        lines += [f"a=rid:{rid} recv" for rid in offered.rids]
        lines.append(f"a=simulcast:recv {';'.join(offered.rids)}")
    return lines


def _offer_section(mid: str, kind: str, track: ForwardedTrack | None, feedback: Sequence[str]) -> list[str]:
    listed = _listed(kind, track)
    numbers = [number for codec, repair in listed for number in (codec.payload_type, repair) if number is not None]
    lines = [f"m={kind} 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, numbers))}", *_MULTIPLEXED, f"a=mid:{mid}"]
    lines.append(f"a=extmap:{TRANSPORT_SEQUENCE_ID} {TRANSPORT_SEQUENCE}")
    for codec, repair in listed:
        lines += _codec(codec, repair, [*feedback], opus=f"{_SPEECH};stereo=1")
    if track is None:
        return [*lines, "a=inactive"]
    lines += ["a=sendonly", f"a=msid:{track.stream} {track.track}"]
    # libwebrtc takes the first a=ssrc for the media whatever the group says: media first, RTX second.
    ssrcs = [track.ssrc, track.repair_ssrc] if kind == "video" else [track.ssrc]
    if kind == "video":
        lines.append(f"a=ssrc-group:FID {track.ssrc} {track.repair_ssrc}")
    return [*lines, *(f"a=ssrc:{ssrc} cname:{track.cname}" for ssrc in ssrcs)]


def _listed(kind: str, track: ForwardedTrack | None) -> list[tuple[Codec, int | None]]:
    """Codecs of an m-line with the payload types of their repairs: the one in use, and the one to fall back to."""
    if kind == "audio":
        return [(Codec(codecs.CODECS["opus"].payload_type, "opus", 48000, 2), None)]
    used = [track.codec] if track is not None and track.codec is not codecs.FALLBACK else []
    return [
        (Codec(codec.payload_type, codec.name, codec.clock_rate), codec.repair_payload_type)
        for codec in (*used, codecs.FALLBACK)
    ]


def _candidates(transport: TransportParameters) -> list[str]:
    lines = [_candidate(index, *candidate) for index, candidate in enumerate(transport.candidates)]
    return [*lines, "a=end-of-candidates"]


def _candidate(index: int, address: str, port: int, protocol: str) -> str:
    preference = _UDP_PRIORITY if protocol == "udp" else _TCP_PRIORITY
    priority = preference | (65535 - index) << 8 | 255
    passive = " tcptype passive" if protocol == "tcp" else ""
    return f"a=candidate:{index + 1} 1 {protocol} {priority} {address} {port} typ host{passive}"


def _codec(codec: Codec, repair: int | None, feedback: list[str], *, opus: str) -> list[str]:
    lines = _rtpmap(codec)
    if codec.name.lower() == "opus":
        lines.append(f"a=fmtp:{codec.payload_type} {opus}")
    else:
        parameters = codecs.CODECS[codec.name.lower()].parameters
        lines += [f"a=fmtp:{codec.payload_type} {parameters}"] if parameters else []
        feedback = [*feedback, "nack", "nack pli", "ccm fir"]
    lines += [f"a=rtcp-fb:{codec.payload_type} {kind_of}" for kind_of in feedback]
    if repair is not None:
        lines += [f"a=rtpmap:{repair} rtx/{codec.clock_rate}", f"a=fmtp:{repair} apt={codec.payload_type}"]
    return lines


def _rtpmap(codec: Codec) -> list[str]:
    if not codec.name:
        return []
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    return [f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock_rate}{channels}"]
