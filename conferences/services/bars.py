"""Bars: the rows that keep a removed person out of a room."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from conferences.models import Bar, GuestPass, Participant, Room
from tenants.models import Tenant

AT_LEAST = timedelta(hours=12)


def tenant_bars_in_force(tenant: Tenant, *, now: datetime | None = None) -> QuerySet[Bar]:
    """Not lifted, and either the meeting of the removal goes on or its 12 hours are not over."""
    in_force = Q(meeting__ended_at=None) | Q(until__gt=now or timezone.now())
    bars = Bar.objects.for_tenant(tenant).filter(in_force, lifted_at=None)
    return bars.select_related("room", "user", "guest_pass").order_by("pk")


def bars_in_force(room: Room, *, now: datetime | None = None) -> QuerySet[Bar]:
    """The bars of one room."""
    return tenant_bars_in_force(room.tenant, now=now).filter(room=room)


def bars_on(room: Room, *, user_pk: int | None, guest_pass_pk: int | None, device: str) -> QuerySet[Bar]:
    """The bars in force that keep this person out: a member by user, a guest by pass or by device."""
    if user_pk is not None:
        return bars_in_force(room).filter(user_id=user_pk)
    by_pass = Q(guest_pass_id=guest_pass_pk)
    return bars_in_force(room).filter(by_pass | Q(device=device) if device else by_pass)


def bars_on_participant(participant: Participant) -> QuerySet[Bar]:
    return bars_on(
        participant.meeting.room,
        user_pk=participant.user_id,
        guest_pass_pk=participant.guest_pass_id,
        device=participant.device,
    )


def is_named(participant: Participant, bar: Bar) -> bool:
    """Whether the bar keeps this participant out: the same rule as `bars_on`."""
    if participant.user_id is not None:
        return bool(participant.user_id == bar.user_id)
    by_pass = participant.guest_pass_id == bar.guest_pass_id
    return bool(by_pass or (participant.device and participant.device == bar.device))


def bar_subjects(bar: Bar) -> list[str]:
    """Whom the bar names, in the words of docs/control-protocol.md.

    A removed member's device is named too: they cannot come back as a guest on the same browser. Members' peers carry
    no device, so a bar never keeps a colleague out who signs in there.
    """
    kind, person = barred_person(bar)
    who = f"{'pass' if kind == 'guest_pass' else kind}:{person.public_id}"
    return [who, f"device:{bar.device}"] if bar.device else [who]


def barred_person(bar: Bar) -> tuple[str, User | GuestPass]:
    """Who is kept out: `user` or `guest_pass`, and the row."""
    if bar.user is not None:
        return "user", bar.user
    assert bar.guest_pass is not None
    return "guest_pass", bar.guest_pass


def barred_subjects(room: Room) -> list[str]:
    """What goes to a worker with every router creation and take-over."""
    return sorted({subject for bar in bars_in_force(room) for subject in bar_subjects(bar)})
