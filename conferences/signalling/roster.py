"""Reading a meeting from the database as the clients see it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from conferences.models import Bar, Meeting, Participant, ParticipantState
from conferences.services.bars import tenant_bars_in_force
from conferences.signalling.data import BarredPerson, ParticipantView, WaitingGuest
from tenants.models import Tenant

SHOWN = (
    "public_id", "meeting_id", "state", "name", "role", "guest_pass_id", "hand_raised_at", "muted", "disconnected_at",
    "joined_at",
)  # fmt: skip
"""What is read of each participant: a large meeting is read many times, and whole rows take four times as long."""


@dataclass(frozen=True)
class Roster:
    """One meeting at one moment. `left` holds the leave reason of those who were asked about and are gone."""

    is_live: bool
    epoch: int
    is_frozen: bool = False
    participants: dict[str, ParticipantView] = field(default_factory=dict)
    waiting: tuple[WaitingGuest, ...] = ()
    barred: tuple[BarredPerson, ...] = ()
    left: dict[str, str] = field(default_factory=dict)

    @property
    def host_is_in(self) -> bool:
        return any(participant.role == "host" for participant in self.participants.values())


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def read_rosters(tenant: Tenant, meeting_ids: Collection[str], *, known: Collection[str]) -> dict[str, Roster]:
    """The rosters of meetings of one tenant, by meeting id. `known`: participants whose leave reason is wanted."""
    meetings = {each.pk: each for each in Meeting.objects.filter(public_id__in=meeting_ids).select_related("room")}
    people: dict[int, list[Any]] = {pk: [] for pk in meetings}
    rows = Participant.objects.filter(meeting__in=meetings, left_at=None).order_by("joined_at", "pk")
    for row in rows.values_list(*SHOWN, named=True):
        people[row.meeting_id].append(row)
    present = {row.public_id for group in people.values() for row in group}
    gone = Participant.objects.filter(public_id__in=set(known) - present, meeting__in=meetings)
    left = dict(gone.values_list("public_id", "leave_reason"))
    bars = list(tenant_bars_in_force(tenant).filter(room__in=[each.room_id for each in meetings.values()]))
    return {meeting.public_id: _roster(meeting, people[pk], bars, left) for pk, meeting in meetings.items()}


def _roster(meeting: Meeting, people: list[Any], bars: list[Bar], left: dict[str, str]) -> Roster:
    return Roster(
        is_live=meeting.is_live,
        epoch=meeting.epoch,
        is_frozen=meeting.is_frozen,
        participants={each.public_id: _view(each) for each in people if each.state == ParticipantState.JOINED},
        waiting=tuple(_waiting(each) for each in people if each.state == ParticipantState.WAITING),
        barred=tuple(_barred(bar) for bar in bars if bar.room_id == meeting.room_id),
        left=left,
    )


def _view(row: Any) -> ParticipantView:
    hand = row.hand_raised_at
    return ParticipantView(
        id=row.public_id,
        name=row.name,
        role=row.role,
        is_guest=row.guest_pass_id is not None,
        hand_raised_at=iso(hand) if hand is not None else None,
        muted=row.muted,
        quality="good" if row.disconnected_at is None else "lost",
        connected=row.disconnected_at is None,
    )


def _waiting(row: Any) -> WaitingGuest:
    return WaitingGuest(id=row.public_id, name=row.name, since=iso(row.joined_at))


def _barred(bar: Bar) -> BarredPerson:
    return BarredPerson(
        id=bar.public_id,
        name=bar.name,
        is_guest=bar.guest_pass_id is not None,
        by_admin=bar.by_admin,
        since=iso(bar.created_at),
    )
