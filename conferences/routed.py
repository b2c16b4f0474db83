"""What this web process keeps of the meetings that it has media for, and whom the media side tells."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from conferences.services.limits import RouterLimits
from conferences.services.placement import Placement
from tenants.models import Tenant

Json = dict[str, Any]

PUBLICATIONS_PER_PEER = 4
SPARE_PEERS = 10  # above the room's limit: a stay that was replaced is closed a moment after its successor is made


@dataclass
class Peer:
    """A participant's place on a worker. `epoch`: of the last placement; `offers`: what the client has to answer;
    `standing`: by type and source, the events that hold until the next of their kind; `muted`: the sources of which a
    worker forwards nothing. `awaits_rebuild`: the client has gone without media, and is told when they are back, even
    where the worker still has the peer.
    """

    participant_id: str
    subjects: list[str]
    is_placed: bool = False
    epoch: int = 0
    rebuilds: int = 0
    offers: dict[str, Json] = field(default_factory=dict)
    standing: dict[tuple[str, str], Json] = field(default_factory=dict)
    muted: set[str] = field(default_factory=set)
    awaits_rebuild: bool = False

    def note_muted(self, source: str, *, muted: bool) -> None:
        if muted:
            self.muted.add(source)
        else:
            self.muted.discard(source)


@dataclass
class Departure:
    """A meeting has moved: its router of before carries these participants' media until the new one does (`until`)."""

    router: Placement
    until: float  # steady clock, s
    participants: set[str]


@dataclass
class RoutedMeeting:
    """A meeting with peers of ours. `router` is where this process last saw to it that the router exists."""

    tenant: Tenant
    pk: int
    public_id: str
    peers: dict[str, Peer] = field(default_factory=dict)
    router: Placement | None = None
    departure: Departure | None = None
    told_unavailable: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def goes_without(self) -> bool:
        """Note that there are no media. Returns whether that is news, to be told to everybody."""
        if self.told_unavailable:
            return False
        self.told_unavailable = True
        for peer in self.peers.values():
            peer.awaits_rebuild = True
        return True


@dataclass(frozen=True)
class MediaEvents:
    """Whom the media side tells. None of them blocks."""

    tell: Callable[[str, Json], None]  # participant, an event of its peer that the client is to hear
    speakers: Callable[[str, Json], None]  # meeting, event
    quality: Callable[[str, str, str], None]  # meeting, participant, level
    rebuild: Callable[[list[str], int, bool], None]  # participants, epoch, whether the old connections go on a while
    unavailable: Callable[[list[str]], None]  # participants
    failed: Callable[[Tenant, str], None]  # participant


def worker_limits(limits: RouterLimits) -> Json:
    """Of `create_router`; what is not there is not limited."""
    found = {"participants": limits.participants + SPARE_PEERS, "publications_per_peer": PUBLICATIONS_PER_PEER}
    more = {"publishers": limits.publishers, "bits_per_second": limits.bits_per_second}
    return found | {name: limit for name, limit in more.items() if limit}
