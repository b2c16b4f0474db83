"""What the two calls that no SFU in Python can do without cost here and now: the yardstick for the bench's figures."""

import secrets
import socket
import time
from collections.abc import Callable

import pylibsrtp

from tests.bench.packets import VIDEO_OCTETS

ROUNDS, CALLS, DESTINATIONS = 7, 1000, 50


def calibrate() -> dict[str, float]:
    """CPU µs of pylibsrtp's `protect` (AES-256-GCM) and of `sendto` over loopback to changing destinations, for a
    packet of 1,100 octets of payload; the least of several rounds, since other load only adds.
    """
    return {"protect_us": _least(_protect), "sendto_us": _least(_send)}


def _least(work: Callable[[], float]) -> float:
    return round(min(work() for _ in range(ROUNDS)), 2)


def _protect() -> float:
    key, outbound = secrets.token_bytes(44), pylibsrtp.Policy.SSRC_ANY_OUTBOUND
    profile = pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM
    session = pylibsrtp.Session(pylibsrtp.Policy(key=key, ssrc_type=outbound, srtp_profile=profile))
    packets = [bytes((0x80, 96)) + number.to_bytes(2, "big") + bytes(8 + VIDEO_OCTETS) for number in range(CALLS)]
    return _cpu_us(lambda: [session.protect(packet) for packet in packets])


def _send() -> float:
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receivers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(DESTINATIONS)]
    try:
        for receiver in receivers:
            receiver.bind(("127.0.0.1", 0))
        addresses = [receiver.getsockname() for receiver in receivers] * (CALLS // DESTINATIONS)
        packet = bytes(12 + VIDEO_OCTETS + 16)
        return _cpu_us(lambda: [sender.sendto(packet, address) for address in addresses])
    finally:
        for each in (sender, *receivers):
            each.close()


def _cpu_us(work: Callable[[], object]) -> float:
    """CPU µs of this thread per call."""
    start = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - start) / CALLS / 1000
