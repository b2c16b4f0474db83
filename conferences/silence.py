"""What is muted at a worker: brought to what the web process wants, for a peer that was just made or taken over, and
for one whose participant has no socket.
"""

import structlog

from conferences.errors import MediaRefused, MediaUnavailable
from conferences.moving import Departures
from conferences.routed import Peer, RoutedMeeting
from conferences.services.placement import Placement
from conferences.sfu import Workers
from conferences.signalling.data import SOURCES

log = structlog.get_logger(__name__)


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


async def mute_absent(
    workers: Workers, departures: Departures, meeting: RoutedMeeting, peer: Peer, sources: list[str]
) -> None:
    """Mute these sources of somebody whose socket is lost.

    A peer that is not there now hears it from `tell_muted`. One that another process has is left to it: its participant
    has come back there.
    """
    for source in sources:
        peer.note_muted(source, muted=True)
    for source in sources:
        mute = {"source": source, "muted": True}
        where = {"router": meeting.public_id, "peer": peer.participant_id}
        try:
            if meeting.router is not None and peer.is_placed:
                await workers.request(meeting.router.worker, "set_muted", **where, **mute)
        except (MediaRefused, MediaUnavailable) as error:
            log.info("absent_not_muted", participant=peer.participant_id, code=error.code)
        await departures.tell(meeting, peer.participant_id, "set_muted", **mute)
