"""Codecs the SFU can relay, by the encoding name of SDP."""

from media_sfu.codecs import opus, vp8
from media_sfu.codecs.codec import Codec, CodecError, Description

__all__ = ["CODECS", "Codec", "CodecError", "Description"]

CODECS = {codec.name.lower(): codec for codec in (opus.CODEC, vp8.CODEC)}
"""By encoding name in lower case; SDP writes it in any case (RFC 8866 section 6.6)."""
