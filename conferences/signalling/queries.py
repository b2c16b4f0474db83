"""What the hub asks of the database: each function runs on the database thread, in its tenant's context."""

from collections.abc import Collection, Iterable
from datetime import datetime

from audit.events import Actor
from audit.models import LeaveReason
from conferences.errors import LoginRequired, Restricted
from conferences.models import Participant
from conferences.services import presence, restricting
from conferences.services.identity import Visitor, still_welcome
from conferences.services.joining import Entrance, issue_resume_token, join_meeting
from conferences.services.meetings import leave_meeting
from conferences.services.restricting import record_restricted
from conferences.services.revocation import revoke_presence
from conferences.signalling.messages.client import Join
from conferences.signalling.roster import Roster, read_rosters
from tenants.context import tenant_context
from tenants.models import Tenant


def enter(visitor: Visitor, join: Join, *, now: datetime) -> Entrance:
    """Let a visitor into the meeting, or into the lobby. Raises MeetingError; a restriction's refusal is recorded."""
    try:
        return _enter(visitor, join, now=now)
    except Restricted as refusal:
        with tenant_context(visitor.tenant):
            record_restricted(visitor.room, actor=_actor(visitor), rule=refusal.rule, is_guest=visitor.user is None)
        raise


def _enter(visitor: Visitor, join: Join, *, now: datetime) -> Entrance:
    with tenant_context(visitor.tenant):
        # Seconds may lie between the socket's opening and its `join`. A guest's pass is looked at by `join_meeting`.
        if visitor.user is not None and not still_welcome(visitor):
            raise LoginRequired
        return join_meeting(visitor, resume=join.resume, microphone=join.microphone, camera=join.camera, now=now)


def _actor(visitor: Visitor) -> Actor:
    user_id = visitor.user.public_id if visitor.user is not None else ""
    return Actor(id=user_id, name=visitor.name, ip_address=visitor.ip_address)


def enforce_by_the_clock(tenant: Tenant, *, now: datetime) -> None:
    with tenant_context(tenant):
        restricting.enforce_by_the_clock(tenant, now=now)


def new_token(tenant: Tenant, entrance: Entrance) -> str:
    with tenant_context(tenant):
        return issue_resume_token(entrance.participant)


def rosters(tenant: Tenant, meeting_ids: Collection[str], known: Collection[str]) -> dict[str, Roster]:
    with tenant_context(tenant):
        return read_rosters(tenant, meeting_ids, known=known)


def lose_socket(tenant: Tenant, participant_id: str, *, now: datetime) -> None:
    with tenant_context(tenant):
        presence.note_lost_socket(participant_id, now=now)


def leave(tenant: Tenant, participant_id: str, *, now: datetime) -> None:
    with tenant_context(tenant):
        participant = Participant.objects.for_tenant(tenant).select_related("meeting").get(public_id=participant_id)
        leave_meeting(participant, reason=LeaveReason.LEFT, left_at=now)


def regain_socket(tenant: Tenant, participant_id: str) -> None:
    with tenant_context(tenant):
        presence.note_regained_socket(participant_id)


def see(tenant: Tenant, participant_ids: Iterable[str], *, now: datetime) -> None:
    with tenant_context(tenant):
        presence.note_seen(participant_ids, now=now)


def check_welcome(visitor: Visitor, participant_id: str) -> None:
    """End the presence when its login or grant no longer holds."""
    with tenant_context(visitor.tenant):
        if not still_welcome(visitor):
            revoke_presence(participant_id)


def fail_media(tenant: Tenant, participant_id: str) -> None:
    """The participant's media failed for good: they have left."""
    with tenant_context(tenant):
        people = Participant.objects.for_tenant(tenant).select_related("meeting")
        participant = people.filter(public_id=participant_id).first()
        if participant is not None:
            leave_meeting(participant, reason=LeaveReason.MEDIA_FAILED)
