"""Codecs the SFU can relay, by the encoding name of SDP."""

from media_sfu.codecs import av1, h264, opus, vp8, vp9
from media_sfu.codecs.codec import Codec, CodecError, Description

__all__ = ["CODECS", "FALLBACK", "Codec", "CodecError", "Description"]

CODECS = {codec.name.lower(): codec for codec in (opus.CODEC, vp8.CODEC, vp9.CODEC, h264.CODEC, av1.CODEC)}
"""By encoding name in lower case; SDP writes it in any case (RFC 8866 section 6.6)."""
FALLBACK = vp8.CODEC
"""The video codec that every browser has (RFC 7742 section 5), and the one with simulcast."""
