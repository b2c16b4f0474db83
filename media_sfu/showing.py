"""How many cameras and screens of a meeting may be on at once, and how much they may send together.

The web process decides who may (docs/control-protocol.md, `limits`); this holds for whatever it lets through.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from media_sfu.errors import RequestRefused
from media_sfu.publication import BITS_PER_SECOND, KINDS

if TYPE_CHECKING:
    from media_sfu.router import Router

Shown = tuple[str, str]
"""Peer and source."""


def require_showing(router: "Router", peer_id: str, sources: Collection[str], *, unmuted: bool = False) -> None:
    """Whether the peer may send these sources besides what is on already. Muted ones do not count, unless they are
    about to be `unmuted`.

    Raises RequestRefused (`too_many_publishers`, `bitrate_limit`).
    """
    wanted = {(peer_id, source) for source in sources if unmuted or (peer_id, source) not in router.muted}
    on = _shown(router)
    shown = on | {entry for entry in wanted if KINDS[entry[1]] == "video"}
    if shown == on:
        return
    if len(shown) > router.limits.get("publishers", len(shown)):
        raise RequestRefused("too_many_publishers")
    bits = sum(BITS_PER_SECOND[source] for _, source in shown)
    if bits > router.limits.get("bits_per_second", bits):
        raise RequestRefused("bitrate_limit")


def _shown(router: "Router") -> set[Shown]:
    video = [publication for publication in router.publications() if publication.kind == "video"]
    return {(each.peer.id, each.source) for each in video if not each.muted}
