"""Rules reach the meetings that are going on: who waits may enter, a host is found, guests go who may not be there."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone

from accounts.signals import settings_changed
from audit.events import Actor
from conferences.models import Meeting, Participant, Room
from conferences.services.classes import room_rules
from conferences.services.commands import order_ends
from conferences.services.meetings import live_meeting, lock_room, settle
from tenants.models import Tenant

ROOM_SETTINGS = frozenset(("guests_allowed", "lobby_forced", "entry_password_forced"))


def apply_rules(room: Room, *, actor: Actor) -> None:
    """The room's running meeting follows its rules. The caller's transaction holds the room's row."""
    meeting = live_meeting(room)
    if meeting is None:
        return
    settle(meeting, now=timezone.now())
    if not room_rules(room).guests_allowed:
        guests = Participant.objects.filter(meeting=meeting, left_at=None, guest_pass__isnull=False)
        order_ends(meeting, guests.values_list("public_id", flat=True), actor=actor, cause="guests_not_allowed")


@transaction.atomic
def apply_rules_to(rooms: Iterable[Room], *, actor: Actor) -> None:
    """The running meetings of all these rooms follow their rules."""
    live = Meeting.objects.filter(room__in=rooms, ended_at=None).order_by("room_id")
    for room_pk in list(live.values_list("room_id", flat=True)):
        apply_rules(lock_room(room_pk), actor=actor)


@receiver(settings_changed, dispatch_uid="conferences.enforcing")
def follow_settings(sender: object, *, tenant: Tenant, changed: Iterable[str], actor: Actor, **more: Any) -> None:
    """The organisation's settings changed: its running meetings follow in the same transaction."""
    if ROOM_SETTINGS.intersection(changed):
        apply_rules_to(Room.objects.for_tenant(tenant), actor=actor)
