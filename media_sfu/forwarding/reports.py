"""Statistics for RTCP: reception reports to a publisher, translated sender reports to a subscriber."""

from media_sfu.forwarding.clock import SenderClock, signed32
from media_sfu.forwarding.rewriter import Rewriter
from media_sfu.rtp import rtcp

REMEMBERED_REPORTS = 16
MAX_ROUND_TRIP = 10.0


class ReceptionStatistics:
    """What RFC 3550 appendix A.3 and A.8 say of one incoming SSRC. Packets repaired by RTX do not count."""

    __slots__ = (
        "_base",
        "_expected_before",
        "_last_timestamp",
        "_received_before",
        "_transit",
        "clock",
        "highest",
        "jitter",
        "octets",
        "received_packets",
        "ssrc",
    )

    def __init__(self, ssrc: int, clock: SenderClock) -> None:
        self.ssrc = ssrc
        self.clock = clock
        self.highest = self._base = -1
        self.received_packets = self.octets = 0
        self.jitter = 0.0
        self._expected_before = self._received_before = 0
        self._last_timestamp = -1
        self._transit = 0.0

    def received(self, sequence: int, timestamp: int, size: int, now: float) -> None:
        """Count one packet: its extended number, RTP timestamp and size in octets."""
        self.received_packets += 1
        self.octets += size
        if sequence <= self.highest:
            return
        if self.highest < 0:
            self._base = sequence
        self.highest = sequence
        # Packets of one frame share a timestamp; their spread is pacing, not jitter.
        if timestamp != self._last_timestamp:
            self._measure_jitter(timestamp, now)

    def _measure_jitter(self, timestamp: int, now: float) -> None:
        transit = now * self.clock.rate - timestamp
        if self._last_timestamp >= 0:
            deviation = abs(signed32(int(transit - self._transit)))
            self.jitter += (deviation - self.jitter) / 16
        self._last_timestamp, self._transit = timestamp, transit

    @property
    def expected_packets(self) -> int:
        return self.highest - self._base + 1 if self.highest >= 0 else 0

    @property
    def lost(self) -> int:
        """Packets expected and not received; negative when duplicates came."""
        return self.expected_packets - self.received_packets

    def report(self, now: float) -> rtcp.ReportBlock | None:
        """Give the report block since the last call; None before the first packet."""
        if self.highest < 0:
            return None
        expected = self.expected_packets - self._expected_before
        received = self.received_packets - self._received_before
        self._expected_before, self._received_before = self.expected_packets, self.received_packets
        fraction = min(255, max(0, expected - received) * 256 // expected) if expected > 0 else 0
        last, delay = self._last_sender_report(now)
        lost = min(max(self.lost, -0x800000), 0x7FFFFF)
        return rtcp.ReportBlock(
            self.ssrc, fraction, lost, self.highest & 0xFFFFFFFF, int(self.jitter) & 0xFFFFFFFF, last, delay
        )

    def _last_sender_report(self, now: float) -> tuple[int, int]:
        if not self.clock.known:
            return 0, 0
        return self.clock.ntp >> 16 & 0xFFFFFFFF, min(int((now - self.clock.arrived_at) * 65536), 0xFFFFFFFF)


class SubscriberReports:
    """Sender reports of one subscription, and the round trip that its receiver reports tell.

    The publisher's NTP time is passed on, so audio and video of one participant stay in step exactly.
    """

    __slots__ = ("_sent_at", "round_trip")

    def __init__(self) -> None:
        self._sent_at: dict[int, float] = {}
        self.round_trip: float | None = None

    def sender_report(self, rewriter: Rewriter, clock: SenderClock, now: float) -> bytes | None:
        """Build the sender report for `now` from that of the forwarded layer; None before it has sent one."""
        if not clock.known:
            return None
        ntp, timestamp = clock.extrapolate(now)
        if len(self._sent_at) >= REMEMBERED_REPORTS:
            del self._sent_at[next(iter(self._sent_at))]
        self._sent_at[ntp >> 16 & 0xFFFFFFFF] = now
        return rtcp.sender_report(
            rewriter.ssrc,
            ntp=ntp,
            rtp_timestamp=timestamp + rewriter.timestamp_offset & 0xFFFFFFFF,
            packets=rewriter.packets,
            octets=rewriter.octets,
        )

    def received(self, report: rtcp.ReportBlock, now: float) -> float | None:
        """Give the round trip in seconds if the block answers a sender report of ours (RFC 3550 section 6.4.1)."""
        sent_at = self._sent_at.get(report.last_sender_report)
        if sent_at is None:
            return None
        round_trip = now - sent_at - report.delay / 65536
        if not 0 <= round_trip <= MAX_ROUND_TRIP:
            return None
        self.round_trip = round_trip
        return round_trip
