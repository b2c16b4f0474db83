"""A meeting as one web process has it: its sockets here, and how it looked last."""

from dataclasses import dataclass, field
from dataclasses import replace as altered

from conferences.models import Meeting
from conferences.signalling.connection import Connection, Stage
from conferences.signalling.data import ParticipantView
from conferences.signalling.messages import base
from conferences.signalling.roster import Roster
from tenants.models import Tenant


@dataclass
class LocalMeeting:
    """A meeting of which this process has sockets: those past `NEW`, by participant."""

    tenant: Tenant
    meeting: Meeting
    connections: dict[str, Connection] = field(default_factory=dict)
    roster: Roster | None = None
    quality: dict[str, str] = field(default_factory=dict)
    elsewhere_since: dict[str, float] = field(default_factory=dict)  # steady clock, s

    @property
    def public_id(self) -> str:
        return str(self.meeting.public_id)

    def joined(self) -> list[Connection]:
        return [each for each in self.connections.values() if each.stage is Stage.JOINED]

    def hosts(self) -> list[Connection]:
        return [each for each in self.joined() if role_of(self.roster, each.participant_id) == "host"]

    def view(self, participant_id: str) -> ParticipantView:
        """A participant with the quality mark, which is in no table."""
        assert self.roster is not None
        view = self.roster.participants[participant_id]
        quality = self.quality.get(participant_id, view.quality)
        return altered(view, quality=quality) if view.connected and view.quality != quality else view

    def tell(self, message: base.ServerMessage) -> None:
        for connection in self.joined():
            connection.send(message)


def role_of(roster: Roster | None, participant_id: str) -> str:
    """Empty for somebody who is not in."""
    view = roster.participants.get(participant_id) if roster is not None else None
    return view.role if view is not None else ""
