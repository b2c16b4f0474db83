"""The descriptions that a synthetic participant writes: a browser's publish offer, its answer to a subscribe offer."""

import re

from media_sfu.sdp.reader import read_description
from tests.bench.connection import Connection
from tests.load.camera import Camera
from tests.load.microphone import Microphone
from tests.media_sfu.peer_media import LEVEL_ID, MID_ID, OPUS, REPAIRED_ID, RID_ID, RTX, TRANSPORT_CC_ID, VP8
from tests.media_sfu.peers import EXTENSIONS

_KEPT = re.compile(r"a=(mid|rtpmap|fmtp|rtcp-fb|extmap):")


def write_offer(connection: Connection, microphone: Microphone | None, camera: Camera | None) -> str:
    mids = [each.mid for each in (microphone, camera) if each is not None]
    lines = _session(mids)
    if microphone is not None:
        lines += [f"m=audio 9 UDP/TLS/RTP/SAVPF {OPUS}", *connection.description("actpass"), f"a=mid:{microphone.mid}"]
        lines += ["a=sendonly", f"a=rtpmap:{OPUS} opus/48000/2", f"a=fmtp:{OPUS} minptime=10;useinbandfec=1;usedtx=1"]
        lines += [f"a=rtcp-fb:{OPUS} transport-cc", *_extensions(LEVEL_ID, TRANSPORT_CC_ID, MID_ID)]
    if camera is not None:
        lines += [f"m=video 9 UDP/TLS/RTP/SAVPF {VP8} {RTX}", *connection.description("actpass")]
        lines += [f"a=mid:{camera.mid}", "a=sendonly", *_camera(camera)]
    return "\r\n".join(lines) + "\r\n"


def write_answer(connection: Connection, offer: str) -> str:
    """Take every m-line as it is offered. The transport stands at session level, for the sake of many m-lines."""
    sections = read_description(offer).sections
    texts = re.split(r"^(?=m=)", offer, flags=re.MULTILINE)[1:]
    lines = [*_session([section.mid for section in sections]), *connection.description("active")]
    for section, text in zip(sections, texts, strict=True):
        media, *attributes = text.split("\r\n")
        lines += [media, "c=IN IP4 0.0.0.0", "a=rtcp-mux", *filter(_KEPT.match, attributes)]
        lines.append("a=recvonly" if section.sends else "a=inactive")
    return "\r\n".join(lines) + "\r\n"


def _session(mids: list[str]) -> list[str]:
    return ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(mids)}"]


def _camera(camera: Camera) -> list[str]:
    lines = [f"a=rtpmap:{VP8} VP8/90000", f"a=rtpmap:{RTX} rtx/90000", f"a=fmtp:{RTX} apt={VP8}"]
    lines += [f"a=rtcp-fb:{VP8} {kind}" for kind in ("transport-cc", "ccm fir", "nack", "nack pli")]
    rids = [layer.rid for layer in camera.layers if layer.rid]
    if rids:
        lines += _extensions(TRANSPORT_CC_ID, MID_ID, RID_ID, REPAIRED_ID)
        return [*lines, *(f"a=rid:{rid} send" for rid in rids), f"a=simulcast:send {';'.join(rids)}"]
    stream = camera.layers[0].stream
    ssrcs = stream.ssrc, stream.repairing.ssrc
    lines += [*_extensions(TRANSPORT_CC_ID, MID_ID), f"a=ssrc-group:FID {ssrcs[0]} {ssrcs[1]}"]
    return [*lines, *(f"a=ssrc:{ssrc} cname:crowd" for ssrc in ssrcs)]


def _extensions(*numbers: int) -> list[str]:
    return [f"a=extmap:{number} {EXTENSIONS[number]}" for number in numbers]
