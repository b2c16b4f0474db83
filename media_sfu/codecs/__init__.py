"""Codecs the SFU can relay, by the encoding name of SDP."""

from media_sfu.codecs import opus, vp8
from media_sfu.codecs.codec import Codec, CodecError, Description

__all__ = ["CODECS", "Codec", "CodecError", "Description", "find_codec"]

CODECS = {codec.name.lower(): codec for codec in (opus.CODEC, vp8.CODEC)}


def find_codec(name: str) -> Codec | None:
    """Look a codec up by its encoding name in any case (RFC 8866 section 6.6); None if we do not relay it."""
    return CODECS.get(name.lower())
