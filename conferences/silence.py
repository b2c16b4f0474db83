"""What is muted at a worker: brought to what the web process wants, for a peer that was just made or taken over."""

from conferences.errors import MediaRefused
from conferences.routed import Peer
from conferences.services.placement import Placement
from conferences.sfu import Workers
from conferences.signalling.data import SOURCES


async def tell_muted(
    workers: Workers, meeting_id: str, router: Placement, peer: Peer, *, known: set[str] | None = None
) -> None:
    """Tell the worker what differs from the sources that it is `known` to mute, None: it may be anything.

    Somebody may mute or unmute meanwhile, while the peer counts as not there yet: that is told as well. Raises
    MediaUnavailable, MediaRefused.
    """
    there = set(SOURCES) - peer.muted if known is None else known
    while changed := there ^ peer.muted:
        source = min(changed)
        there = there ^ {source}
        is_muted = source in there
        try:
            await workers.request(
                router.worker, "set_muted", router=meeting_id, peer=peer.participant_id, source=source, muted=is_muted
            )
        except MediaRefused:
            if is_muted:
                raise  # else it is one too many, and stays off
