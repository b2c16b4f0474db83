"""Losing access ends running meetings: `accounts` announces, the order is written in the same transaction."""

from typing import Any

from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import User
from accounts.signals import access_changed
from audit.events import SYSTEM, Actor
from audit.models import LeaveReason
from conferences.models import Meeting, MeetingCommand, Participant
from conferences.services.commands import order_revocation
from conferences.services.meetings import leave_meeting, lock_room, present_in, settle, take_out

ENDING = ("disabled", "password_changed", "logged_out", "restricted")


@receiver(access_changed, dispatch_uid="conferences.revocation")
def end_presence(sender: object, *, user: User, reason: str, login_key: str, actor: Actor, **more: Any) -> None:
    """Order the end of the user's presence in each meeting, for one login or (`login_key` empty) for all."""
    if reason not in ENDING:
        return
    present = Participant.objects.for_tenant(user.tenant).filter(user=user, left_at=None)
    for meeting in Meeting.objects.filter(pk__in=present.values("meeting")).order_by("pk"):
        whose = {"user": user.public_id, "login_key": login_key}
        order_revocation(meeting, whose, actor=actor, cause=reason)
    if reason == "disabled":
        _end_guests_of(user, actor=actor)


@transaction.atomic
def carry_out_revocation(command: MeetingCommand) -> list[str]:
    """End the presences that a REVOKE command names. Returns their ids, those of people who left before too."""
    payload = command.payload
    actor = Actor(id=payload.get("by_id", ""), name=payload.get("by", ""))
    lock_room(command.meeting.room_id)
    meeting = Meeting.objects.select_related("room__tenant").get(pk=command.meeting_id)
    now = timezone.now()
    for participant in present_in(meeting):
        if participant.public_id in payload["participants"]:
            take_out(participant, reason=LeaveReason.REVOKED, actor=actor, left_at=now)
    settle(meeting, now=now)
    return list(payload["participants"])


def revoke_presence(participant_id: str) -> None:
    """The minute's check found that the login or the grant of an open socket no longer holds."""
    participant = Participant.objects.select_related("meeting").filter(public_id=participant_id).first()
    if participant is not None:
        leave_meeting(participant, reason=LeaveReason.REVOKED, actor=SYSTEM)


def _end_guests_of(user: User, *, actor: Actor) -> None:
    """A disabled user's guest passes work no longer: who came in with one goes too."""
    guests = Participant.objects.for_tenant(user.tenant).filter(guest_pass__created_by=user, left_at=None)
    for guest in guests.select_related("meeting", "guest_pass").order_by("pk"):
        assert guest.guest_pass is not None
        whose = {"guest_pass": guest.guest_pass.public_id}
        order_revocation(guest.meeting, whose, actor=actor, cause="inviter_disabled")
