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


def require_published(router: "Router", peer_id: str, sources: Collection[str]) -> None:
    """Whether the peer may send these sources, and nothing else any more. Muted ones do not count.

    Raises RequestRefused (`too_many_publishers`, `bitrate_limit`).
    """
    on = _shown(router)
    others = {entry for entry in on if entry[0] != peer_id}
    _require(router, on, others | ({(peer_id, source) for source in sources} - router.muted))


def require_unmuted(router: "Router", peer_id: str, source: str) -> None:
    """Whether the peer may show a source that it publishes and that is muted. Raises like `require_published`."""
    on = _shown(router)
    _require(router, on, on | {(peer_id, source)})


def _require(router: "Router", on: set[Shown], shown: set[Shown]) -> None:
    """What does not become more is never refused: a limit that was lowered switches nobody off."""
    limits, shown = router.limits, {entry for entry in shown if KINDS[entry[1]] == "video"}
    if len(shown) > max(len(on), limits.get("publishers", len(shown))):
        raise RequestRefused("too_many_publishers")
    bits = _bits(shown)
    if bits > max(_bits(on), limits.get("bits_per_second", bits)):
        raise RequestRefused("bitrate_limit")


def _bits(shown: set[Shown]) -> int:
    return sum(BITS_PER_SECOND[source] for _, source in shown)


def _shown(router: "Router") -> set[Shown]:
    video = [publication for publication in router.publications() if publication.kind == "video"]
    return {(each.peer.id, each.source) for each in video if not each.muted}
