"""Opus over RTP (RFC 7587): every packet can be decoded by itself, nothing in the payload is rewritten."""

from media_sfu.codecs.codec import PADDING, Codec, Description

_EVERY_PACKET: Description = (True, True, ())


def describe(_data: bytes, start: int, end: int) -> Description:
    """Each packet is a frame a receiver can start at, so audio passes the same gate as a keyframe."""
    return _EVERY_PACKET if start < end else PADDING


def _no_frame_size(_data: bytes, _start: int, _end: int) -> None:
    return None


CODEC = Codec("opus", "audio", 48000, 111, describe, _no_frame_size)
