"""What a synthetic browser sends and receives: Opus-like and VP8-like streams."""

import secrets
import struct
from dataclasses import dataclass, field

from media_sfu.rtp import rtcp
from tests.media_sfu.peer_transport import PeerTransport
from tests.media_sfu.pure.packets import one_byte, rtp, vp8

LEVEL_ID, TRANSPORT_CC_ID, MID_ID, RID_ID, REPAIRED_ID = 1, 3, 4, 10, 11
OPUS, VP8, RTX = 111, 96, 97


@dataclass
class Stream:
    """One outgoing SSRC."""

    transport: PeerTransport
    payload_type: int
    elements: tuple[tuple[int, bytes], ...]
    ssrc: int = field(default_factory=lambda: secrets.randbits(31) | 1)
    sequence: int = field(default_factory=lambda: secrets.randbits(15))
    history: dict[int, tuple[bytes, int, bool]] = field(default_factory=dict)

    def send(self, payload: bytes, *, timestamp: int, marker: bool = True, lost: bool = False) -> int:
        self.sequence = self.sequence + 1 & 0xFFFF
        self.history[self.sequence] = (payload, timestamp, marker)
        if not lost:
            self._send(payload, timestamp, marker)
        return self.sequence

    def _send(self, payload: bytes, timestamp: int, marker: bool) -> None:
        self.transport.send_rtp(
            rtp(
                payload,
                sequence=self.sequence,
                timestamp=timestamp & 0xFFFFFFFF,
                ssrc=self.ssrc,
                payload_type=self.payload_type,
                marker=marker,
                extension=one_byte(*self.elements),
            )
        )


class Microphone:
    """50 packets a second when driven by a test, or by the bench."""

    def __init__(self, transport: PeerTransport, mid: str) -> None:
        self._mid = mid.encode()
        self._timestamp = secrets.randbits(31)
        self.stream = Stream(transport, OPUS, ())

    def send(self, payload: bytes = b"sound" * 16, *, level: int = 20) -> None:
        self._timestamp += 960
        self.stream.elements = ((LEVEL_ID, bytes([level])), (MID_ID, self._mid))
        self.stream.send(payload, timestamp=self._timestamp)

    def pause(self, seconds: float) -> None:
        """Nothing is sent for so long (DTX): the numbers go on, the timestamps jump."""
        self._timestamp += round(seconds * 48_000)


class Camera:
    """A simulcast source: `send_frame` sends one frame per layer, a keyframe where one was asked for."""

    SIZES = {"low": (320, 180), "medium": (640, 360), "high": (1280, 720)}

    def __init__(self, transport: PeerTransport, mid: str, rids: tuple[str, ...]) -> None:
        self._transport, self._mid = transport, mid.encode()
        self._timestamp = secrets.randbits(31)
        self._picture = secrets.randbits(14)
        self.keyframes_asked = 0
        self.nacked: list[int] = []
        self.wanted = set(rids)
        self.active = set(rids)
        self.layers = {rid: Stream(transport, VP8, self._elements(RID_ID, rid)) for rid in rids}
        self.repairs = {rid: Stream(transport, RTX, self._elements(REPAIRED_ID, rid)) for rid in rids}

    def _elements(self, number: int, rid: str) -> tuple[tuple[int, bytes], ...]:
        return ((MID_ID, self._mid), (number, rid.encode()))

    def send_frame(self, *, packets: int = 2, lose: int | None = None, body: bytes = b"v" * 900) -> None:
        """`lose`: index of a packet of the frame that never leaves, in every layer."""
        self._timestamp += 6000
        self._picture = self._picture + 1 & 0x7FFF
        for rid, stream in self._running():
            keyframe = rid in self.wanted
            self.wanted.discard(rid)
            for index in range(packets):
                payload = vp8(
                    starts=not index,
                    keyframe=keyframe and not index,
                    picture=self._picture,
                    level=self._picture & 255,
                    size=self.SIZES[rid],
                    body=rid.encode() + body,
                )
                stream.send(payload, timestamp=self._timestamp, marker=index == packets - 1, lost=index == lose)

    def obey(self, layers: list[str]) -> None:
        """Send these layers only, as `layers_wanted` says; one that comes back begins with a keyframe."""
        self.wanted |= set(layers) - self.active
        self.active = set(layers)

    def _running(self) -> list[tuple[str, Stream]]:
        return [(rid, stream) for rid, stream in self.layers.items() if rid in self.active]

    def on_rtcp(self, blocks: list[rtcp.Block]) -> None:
        """Keyframes on PLI, RTX on NACK."""
        by_ssrc = {stream.ssrc: rid for rid, stream in self.layers.items()}
        for block in blocks:
            rid = by_ssrc.get(getattr(block, "media", 0))
            if rid is None:
                continue
            if isinstance(block, rtcp.PictureLossIndication):
                self.keyframes_asked += 1
                self.wanted.add(rid)
            elif isinstance(block, rtcp.Nack):
                self._repair(rid, block.sequences)

    def _repair(self, rid: str, sequences: tuple[int, ...]) -> None:
        for sequence in sequences:
            self.nacked.append(sequence)
            payload, timestamp, marker = self.layers[rid].history[sequence]
            self.repairs[rid].send(struct.pack("!H", sequence) + payload, timestamp=timestamp, marker=marker)


@dataclass
class Received:
    """What came of one source of one participant."""

    ssrc: int
    repair_ssrc: int
    packets: list[tuple[int, int, bytes]] = field(default_factory=list)  # sequence, timestamp, payload
    repairs: list[bytes] = field(default_factory=list)

    @property
    def sequences(self) -> list[int]:
        return [sequence for sequence, _, _ in self.packets]

    def last_layer(self) -> str:
        payload = self.packets[-1][2] if self.packets else b""
        return next((rid for rid in Camera.SIZES if rid.encode() in payload[:24]), "")
