"""Which codec an offered m-line is answered with."""

from collections.abc import Callable

from media_sfu.codecs import CODECS, FALLBACK, Codec
from media_sfu.sdp import model

Chosen = tuple[model.Codec, Codec]
"""The payload type as offered, and what we know of its codec."""


def choose_codec(section: model.Section, may_send: Callable[[Codec], bool]) -> Chosen | None:
    """The first that is relayed and that `may_send` allows, in the browser's order of preference; None without one.

    Simulcast is understood of the fallback codec alone.
    """
    for offered in section.codecs.values():
        codec = CODECS.get(offered.name.lower())
        if codec is None or codec.kind != section.kind or not codec.relays(offered.parameters):
            continue
        if may_send(codec) and (len(section.rids) < 2 or codec is FALLBACK):
            return offered, codec
    return None
