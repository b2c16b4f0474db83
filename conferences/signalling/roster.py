"""Reading a meeting from the database as the clients see it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime

from conferences.models import Bar, Meeting, Participant, ParticipantState
from conferences.services.bars import tenant_bars_in_force
from conferences.signalling.data import BarredPerson, ParticipantView, WaitingGuest
from tenants.models import Tenant


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
    people: dict[int, list[Participant]] = {pk: [] for pk in meetings}
    rows = Participant.objects.filter(meeting__in=meetings, left_at=None).order_by("joined_at", "pk")
    for participant in rows:
        people[participant.meeting_id].append(participant)
    present = {participant.public_id for group in people.values() for participant in group}
    gone = Participant.objects.filter(public_id__in=set(known) - present, meeting__in=meetings)
    left = dict(gone.values_list("public_id", "leave_reason"))
    bars = list(tenant_bars_in_force(tenant).filter(room__in=[each.room_id for each in meetings.values()]))
    return {meeting.public_id: _roster(meeting, people[pk], bars, left) for pk, meeting in meetings.items()}


def _roster(meeting: Meeting, people: list[Participant], bars: list[Bar], left: dict[str, str]) -> Roster:
    return Roster(
        is_live=meeting.is_live,
        epoch=meeting.epoch,
        is_frozen=meeting.is_frozen,
        participants={each.public_id: _view(each) for each in people if each.state == ParticipantState.JOINED},
        waiting=tuple(_waiting(each) for each in people if each.state == ParticipantState.WAITING),
        barred=tuple(_barred(bar) for bar in bars if bar.room_id == meeting.room_id),
        left=left,
    )


def _view(participant: Participant) -> ParticipantView:
    hand = participant.hand_raised_at
    return ParticipantView(
        id=participant.public_id,
        name=participant.name,
        role=participant.role,
        is_guest=participant.is_guest,
        hand_raised_at=iso(hand) if hand is not None else None,
        muted=participant.muted,
        quality="good" if participant.disconnected_at is None else "lost",
        connected=participant.disconnected_at is None,
    )


def _waiting(participant: Participant) -> WaitingGuest:
    return WaitingGuest(id=participant.public_id, name=participant.name, since=iso(participant.joined_at))


def _barred(bar: Bar) -> BarredPerson:
    return BarredPerson(
        id=bar.public_id,
        name=bar.name,
        is_guest=bar.guest_pass_id is not None,
        by_admin=bar.by_admin,
        since=iso(bar.created_at),
    )
