"""Browsers without a browser, for tests and the bench: both transports of a participant, steered over a control link.

person = Person(link, "router-id", "peer-id")
await person.publish(camera=("low", "high"))
await person.subscribe()
...                                   # pass its `subscribe_offer` events to person.on_offer
person.camera.send_frame()            # one frame of each layer
person.received["camera", "other"]    # what came of somebody's camera
"""

import asyncio
import re
import secrets
from collections import defaultdict
from typing import Any

from media_sfu.control.client import WorkerLink
from media_sfu.rtp import packet, rtcp
from tests.media_sfu.peer_media import (
    LEVEL_ID,
    MID_ID,
    OPUS,
    REPAIRED_ID,
    RID_ID,
    RTX,
    TRANSPORT_CC_ID,
    VP8,
    Camera,
    Microphone,
    Received,
)
from tests.media_sfu.peer_transport import CERTIFICATE, PeerTransport, Remote

EXTENSIONS = {
    LEVEL_ID: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    TRANSPORT_CC_ID: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    MID_ID: "urn:ietf:params:rtp-hdrext:sdes:mid",
    RID_ID: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    REPAIRED_ID: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
}


def new_id() -> str:
    return secrets.token_hex(6)


class Person:
    """A browser in a meeting, with both transports, steered over a control link."""

    def __init__(self, link: WorkerLink, router: str, peer: str) -> None:
        self.link, self.router, self.peer = link, router, peer
        self.publishing = PeerTransport()
        self.receiving = PeerTransport()
        self.publish_id, self.subscribe_id = new_id(), new_id()
        self.microphone: Microphone | None = None
        self.camera: Camera | None = None
        self.received: dict[tuple[str, str], Received] = {}
        self.offers: list[dict[str, Any]] = []
        self.reports: dict[int, list[rtcp.SenderReport]] = defaultdict(list)
        self._by_ssrc: dict[int, Received] = {}
        self._answering = asyncio.Lock()

    async def request(self, kind: str, **fields: object) -> dict[str, Any]:
        return await self.link.request(kind, router=self.router, peer=self.peer, **fields)

    async def publish(
        self, *, microphone: bool = True, camera: tuple[str, ...] = ("low", "high"), tcp: bool = False
    ) -> list[dict[str, Any]]:
        """Offer, connect, and give what the worker says of the publications."""
        sources = {"0": "microphone"} if microphone else {}
        if camera:
            sources["1"] = "camera"
        answer = await self.request(
            "publish", transport_id=self.publish_id, sdp=self.offer(microphone, camera), sources=sources
        )
        self.microphone = Microphone(self.publishing, "0") if microphone else None
        self.camera = Camera(self.publishing, "1", camera) if camera else None
        if self.camera is not None:
            self.publishing.on_rtcp = self.camera.on_rtcp
        await self.publishing.connect(Remote.of(answer["sdp"]), tcp=tcp)
        return list(answer["publications"])

    async def subscribe(self) -> None:
        self.receiving.on_rtp = self._receive
        self.receiving.on_rtcp = self._note_reports
        await self.request("subscribe", transport_id=self.subscribe_id)

    async def on_offer(self, event: dict[str, Any]) -> None:
        """Answer a `subscribe_offer`; the first one also connects."""
        async with self._answering:
            self.offers.append(event)
            self._read_tracks(event)
            await self.request(
                "subscribe_answer",
                transport_id=self.subscribe_id,
                revision=event["revision"],
                sdp=self.answer(event["sdp"]),
            )
            if self.receiving.remote is None:
                await self.receiving.connect(Remote.of(event["sdp"]))

    def offer(self, microphone: bool, camera: tuple[str, ...]) -> str:
        lines = self._session(self.publishing, [mid for mid, wanted in (("0", microphone), ("1", camera)) if wanted])
        if microphone:
            lines += [f"m=audio 9 UDP/TLS/RTP/SAVPF {OPUS}", *self._transport(self.publishing, "actpass")]
            lines += ["a=mid:0", "a=sendonly", f"a=rtpmap:{OPUS} opus/48000/2", *self._extmap(LEVEL_ID, MID_ID)]
        if camera:
            lines += [f"m=video 9 UDP/TLS/RTP/SAVPF {VP8} {RTX}", *self._transport(self.publishing, "actpass")]
            lines += ["a=mid:1", "a=sendonly", f"a=rtpmap:{VP8} VP8/90000", f"a=rtpmap:{RTX} rtx/90000"]
            lines += [f"a=fmtp:{RTX} apt={VP8}", *self._extmap(MID_ID, RID_ID, REPAIRED_ID)]
            lines += [f"a=rid:{rid} send" for rid in camera] + [f"a=simulcast:send {';'.join(camera)}"]
        return "\r\n".join(lines) + "\r\n"

    def answer(self, offer: str) -> str:
        """Receive whatever is offered."""
        sections = re.findall(r"(m=(audio|video) .*?)(?=m=|\Z)", offer, re.DOTALL)
        lines = self._session(self.receiving, [str(index) for index in range(len(sections))])
        for index, (text, _) in enumerate(sections):
            lines += [text.split("\r\n")[0], *self._transport(self.receiving, "active"), f"a=mid:{index}"]
            lines.append("a=recvonly" if "a=sendonly" in text else "a=inactive")
            lines += re.findall(r"a=extmap:\S+ \S+", text)
        return "\r\n".join(lines) + "\r\n"

    async def close(self) -> None:
        await self.publishing.close()
        await self.receiving.close()

    def _session(self, transport: PeerTransport, mids: list[str]) -> list[str]:
        return ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(mids)}"]

    def _transport(self, transport: PeerTransport, setup: str) -> list[str]:
        fingerprint = CERTIFICATE.getFingerprints()[0].value
        return [
            "c=IN IP4 0.0.0.0",
            f"a=ice-ufrag:{transport.ufrag}",
            f"a=ice-pwd:{transport.password}",
            f"a=fingerprint:sha-256 {fingerprint}",
            f"a=setup:{setup}",
            "a=rtcp-mux",
        ]

    def _extmap(self, *numbers: int) -> list[str]:
        return [f"a=extmap:{number} {EXTENSIONS[number]}" for number in numbers]

    def _read_tracks(self, event: dict[str, Any]) -> None:
        sections = {
            re.search(r"a=mid:(\S+)", text).group(1): [int(ssrc) for ssrc in re.findall(r"a=ssrc:(\d+) cname", text)]
            for text in event["sdp"].split("m=")[1:]
        }
        for track in event["tracks"]:
            ssrcs = sections[track["mid"]]
            key = (track["source"], track["participant"])
            if key not in self.received or self.received[key].ssrc != ssrcs[0]:
                self.received[key] = Received(ssrcs[0], ssrcs[-1])
            self._by_ssrc.update(dict.fromkeys(ssrcs, self.received[key]))

    def _receive(self, plain: bytes) -> None:
        _, _, sequence, timestamp, ssrc, *_, start, end = packet.parse(plain)
        received = self._by_ssrc[ssrc]
        if ssrc == received.ssrc:
            received.packets.append((sequence, timestamp, plain[start:end]))
        else:
            received.repairs.append(plain[start:end])

    def _note_reports(self, blocks: list[rtcp.Block]) -> None:
        for block in blocks:
            if isinstance(block, rtcp.SenderReport):
                self.reports[block.ssrc].append(block)
