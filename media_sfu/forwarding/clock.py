"""The clock of one incoming SSRC: its latest sender report relates RTP timestamps to the sender's NTP time."""


def signed32(value: int) -> int:
    """Read a 32-bit difference as the nearer of forward and backward."""
    return (value + 0x80000000 & 0xFFFFFFFF) - 0x80000000


class SenderClock:
    """`ntp` is 64-bit fixed point, `arrived_at` monotonic seconds; not `known` before the first sender report."""

    __slots__ = ("arrived_at", "known", "ntp", "rate", "rtp_timestamp")

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.known = False
        self.ntp = self.rtp_timestamp = 0
        self.arrived_at = 0.0

    def update(self, ntp: int, rtp_timestamp: int, now: float) -> None:
        """Take the values of a sender report; a zero NTP time means that the sender has none (RFC 3550 6.4.1)."""
        if ntp:
            self.known = True
            self.ntp, self.rtp_timestamp, self.arrived_at = ntp, rtp_timestamp, now

    def ntp_at(self, timestamp: int) -> int:
        """The NTP time of an RTP timestamp of this SSRC."""
        return self.ntp + (signed32(timestamp - self.rtp_timestamp) << 32) // self.rate

    def timestamp_at(self, ntp: int) -> int:
        """The RTP timestamp, not reduced to 32 bits, of this SSRC at an NTP time."""
        return self.rtp_timestamp + ((ntp - self.ntp) * self.rate >> 32)

    def extrapolate(self, now: float) -> tuple[int, int]:
        """The pair (NTP time, RTP timestamp) at `now`."""
        elapsed = now - self.arrived_at
        ntp = self.ntp + int(elapsed * 4294967296) & 0xFFFFFFFFFFFFFFFF
        return ntp, self.rtp_timestamp + round(elapsed * self.rate) & 0xFFFFFFFF
