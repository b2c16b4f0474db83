"""Browsers that publish a camera in any codec as a single stream, and browsers that lack decoders."""

import re
import secrets
from typing import Any

from media_sfu.codecs import CODECS
from media_sfu.rtp import packet, rtcp
from tests.media_sfu.conftest import ROUTER, Meeting
from tests.media_sfu.peer_media import MID_ID, Stream
from tests.media_sfu.peers import Person, Remote
from tests.media_sfu.pure.encoded import payloads

NUMBERS = {"vp8": 35, "vp9": 37, "h264": 39, "av1": 41}
"""Payload types of the publisher's own choice; the next one is RTX."""


class EncodedCamera:
    """Sends what a real encoder made, over and over; begins again at a keyframe when one is asked for."""

    def __init__(self, person: Person, mid: str, codec: str) -> None:
        self.frames = payloads(codec)
        self.stream = Stream(person.publishing, NUMBERS[codec], ((MID_ID, mid.encode()),))
        self._timestamp, self._next = secrets.randbits(31), 0
        person.publishing.on_rtcp = self.on_rtcp

    def send_frame(self) -> None:
        self._timestamp += 6000
        frame = self.frames[self._next]
        self._next = (self._next + 1) % len(self.frames)
        for index, payload in enumerate(frame):
            self.stream.send(payload, timestamp=self._timestamp, marker=index == len(frame) - 1)

    def on_rtcp(self, blocks: list[rtcp.Block]) -> None:
        if any(isinstance(block, rtcp.PictureLossIndication) for block in blocks):
            self._next = 0


class CodecPerson(Person):
    """`lacks`: names of the codecs that this browser cannot decode."""

    lacks: tuple[str, ...] = ()

    def __init__(self, *place: Any) -> None:
        super().__init__(*place)
        self.arrived: list[tuple[int, int, int, bytes]] = []  # payload type, sequence, timestamp, payload
        self._mids: list[str] = []
        self.encoded: EncodedCamera | None = None

    async def publish_in(self, *codecs: str) -> dict[str, Any]:
        """Offer the camera in an m-line of its own with these codecs, the best first; the m-lines of before end."""
        self._mids.append(str(len(self._mids)))
        mid = self._mids[-1]
        sdp = self._offer_in(codecs)
        answer = await self.request("publish", transport_id=self.publish_id, sdp=sdp, sources={mid: "camera"})
        self.encoded = EncodedCamera(self, mid, answer["publications"][0]["codec"].lower())
        if self.publishing.remote is None:
            await self.publishing.connect(Remote.of(answer["sdp"]))
        return answer

    def answer(self, offer: str) -> str:
        for name in self.lacks:
            codec = CODECS[name]
            offer = re.sub(rf"(m=video .*?) {codec.payload_type} {codec.repair_payload_type}\b", r"\1", offer)
        return super().answer(offer)

    def _offer_in(self, codecs: tuple[str, ...]) -> str:
        lines = self._session(self.publishing, self._mids)
        numbers = " ".join(f"{NUMBERS[name]} {NUMBERS[name] + 1}" for name in codecs)
        for mid in self._mids:
            lines += [f"m=video 9 UDP/TLS/RTP/SAVPF {numbers}", *self._transport(self.publishing, "actpass")]
            lines += [f"a=mid:{mid}", "a=sendonly" if mid == self._mids[-1] else "a=inactive", *self._extmap(MID_ID)]
            for name in codecs:
                lines += [f"a=rtpmap:{NUMBERS[name]} {CODECS[name].name}/90000"]
                lines += [f"a=fmtp:{NUMBERS[name]} {CODECS[name].parameters}"] if CODECS[name].parameters else []
                lines += [f"a=rtpmap:{NUMBERS[name] + 1} rtx/90000", f"a=fmtp:{NUMBERS[name] + 1} apt={NUMBERS[name]}"]
        return "\r\n".join(lines) + "\r\n"

    def _receive(self, plain: bytes) -> None:
        _, number, sequence, timestamp, ssrc, *_, start, end = packet.parse(plain)
        if ssrc == self._by_ssrc[ssrc].ssrc:
            self.arrived.append((number, sequence, timestamp, plain[start:end]))
        super()._receive(plain)


async def join(meeting: Meeting, peer: str, *, lacks: tuple[str, ...] = ()) -> CodecPerson:
    """Somebody who subscribes, and publishes nothing yet."""
    await meeting.link.request("create_peer", router=ROUTER, epoch=1, peer=peer, subjects=[])
    person = CodecPerson(meeting.link, ROUTER, peer)
    person.lacks = lacks
    meeting.people[peer] = person
    await person.subscribe()
    return person
