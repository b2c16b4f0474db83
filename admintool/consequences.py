"""Whom a change of rules hits, in sentences, before it takes effect."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import MfaDemand, Role, User
from audit.models import Attendance, AuditEvent, BandwidthSample
from conferences.models import MeetingClass, Participant, Room
from tenants.models import Tenant

Differences = Mapping[str, tuple[Any, Any]]


def consequences(tenant: Tenant, differences: Differences) -> list[str]:
    """What follows from these changes of security settings: one sentence for each that hits somebody."""
    return [
        sentence
        for name, (was, to) in differences.items()
        if name in FOLLOWS
        for sentence in FOLLOWS[name](tenant, was, to)
    ]


def consequences_for_class(found: MeetingClass, values: Mapping[str, Any]) -> list[str]:
    """What follows for the rooms of a class when it takes these values."""
    rooms = Room.objects.for_tenant(found.tenant).filter(meeting_class=found, closed_at=None)
    count = rooms.count()
    sentence = ngettext("%(count)s room has this class.", "%(count)s rooms have this class.", count)
    found_ones = [sentence % {"count": count}]
    if found.guests_allowed and not values["guests_allowed"]:
        found_ones += _guests_out(rooms)
    if not found.entry_password_forced and values["entry_password_forced"]:
        found_ones += _rooms_shut(rooms)
    if not found.lobby_forced and values["lobby_forced"]:
        found_ones += _lobbies(rooms)
    return found_ones


def _open_rooms(tenant: Tenant) -> QuerySet[Room]:
    rooms: QuerySet[Room] = Room.objects.for_tenant(tenant).filter(closed_at=None)
    return rooms


def _guests(tenant: Tenant, was: Any, to: Any) -> list[str]:
    return [] if to else _guests_out(_open_rooms(tenant))


def _guests_out(rooms: QuerySet[Room]) -> list[str]:
    allowing = rooms.filter(guests_allowed=True)
    inside = Participant.objects.filter(
        meeting__room__in=allowing, meeting__ended_at=None, guest_pass__isnull=False, left_at=None
    ).count()
    count = allowing.count()
    first = ngettext("%(count)s room allows guests now.", "%(count)s rooms allow guests now.", count)
    second = ngettext(
        "%(count)s guest is in a meeting now and will be put out.",
        "%(count)s guests are in a meeting now and will be put out.",
        inside,
    )
    return [first % {"count": count}, second % {"count": inside}]


def _passwords_forced(tenant: Tenant, was: Any, to: Any) -> list[str]:
    return _rooms_shut(_open_rooms(tenant)) if to else []


def _rooms_shut(rooms: QuerySet[Room]) -> list[str]:
    count = rooms.filter(entry_password="").count()
    sentence = ngettext(
        "%(count)s room has no entry password: nobody new can enter it until one is set.",
        "%(count)s rooms have no entry password: nobody new can enter them until one is set.",
        count,
    )
    return [sentence % {"count": count}]


def _lobby_forced(tenant: Tenant, was: Any, to: Any) -> list[str]:
    return _lobbies(_open_rooms(tenant)) if to else []


def _lobbies(rooms: QuerySet[Room]) -> list[str]:
    count = rooms.filter(lobby=False).count()
    sentence = ngettext(
        "In %(count)s room more, new guests wait until a host admits them.",
        "In %(count)s rooms more, new guests wait until a host admits them.",
        count,
    )
    return [sentence % {"count": count}]


def _mfa(tenant: Tenant, was: str, to: str) -> list[str]:
    if to == MfaDemand.NOBODY:
        return []
    whom = Q() if to == MfaDemand.EVERYBODY else Q(role=Role.ADMIN)
    users = User.objects.for_tenant(tenant).filter(whom, is_active=True)
    count = users.exclude(pk__in=Authenticator.objects.values("user")).count()
    sentence = ngettext(
        "%(count)s user has no second factor and must set one up at the next login.",
        "%(count)s users have no second factor and must set one up at the next login.",
        count,
    )
    return [sentence % {"count": count}]


def _password_age(tenant: Tenant, was: int, to: int) -> list[str]:
    if not to:
        return []
    users = User.objects.for_tenant(tenant).filter(is_active=True)
    count = users.filter(password_changed_at__lt=timezone.now() - timedelta(days=to)).count()
    sentence = ngettext(
        "%(count)s user has an older password and must change it at the next login.",
        "%(count)s users have an older password and must change it at the next login.",
        count,
    )
    return [sentence % {"count": count}]


def _retention(tenant: Tenant, was: int, to: int) -> list[str]:
    if to > was:
        return [_("Records that are erased already do not come back.")]
    horizon = timezone.now() - timedelta(days=to)
    count = sum(rows.count() for rows in _older(tenant, horizon))
    sentence = ngettext(
        "%(count)s record is older and goes tonight, unless a legal hold keeps it.",
        "%(count)s records are older and go tonight, unless a legal hold keeps them.",
        count,
    )
    return [_("Retention cannot be shortened to less than one year."), sentence % {"count": count}]


def _older(tenant: Tenant, horizon: datetime) -> list[QuerySet[Any]]:
    return [
        Attendance.objects.for_tenant(tenant).filter(joined_at__lt=horizon, left_at__isnull=False),
        BandwidthSample.objects.for_tenant(tenant).filter(minute__lt=horizon),
        AuditEvent.objects.for_tenant(tenant).filter(occurred_at__lt=horizon),
    ]


def _sso_only(tenant: Tenant, was: Any, to: Any) -> list[str]:
    if not to:
        return []
    users = User.objects.for_tenant(tenant).filter(is_active=True, is_break_glass=False, sso_identities=None)
    count = users.count()
    sentence = ngettext(
        "%(count)s user has never signed in through single sign-on and can no longer use a password.",
        "%(count)s users have never signed in through single sign-on and can no longer use a password.",
        count,
    )
    return [sentence % {"count": count}]


def _four_eyes(tenant: Tenant, was: Any, to: Any) -> list[str]:
    count = User.objects.for_tenant(tenant).filter(role=Role.ADMIN, is_active=True).count()
    sentence = ngettext("There is %(count)s active administrator.", "There are %(count)s active administrators.", count)
    return [sentence % {"count": count}]


def _shorter_login(tenant: Tenant, was: int, to: int) -> list[str]:
    return [_("Logins that are older than that end within a minute.")] if to < was else []


FOLLOWS: dict[str, Callable[[Tenant, Any, Any], list[str]]] = {
    "guests_allowed": _guests,
    "lobby_forced": _lobby_forced,
    "entry_password_forced": _passwords_forced,
    "mfa": _mfa,
    "password_max_age_days": _password_age,
    "retention_days": _retention,
    "sso_only": _sso_only,
    "four_eyes": _four_eyes,
    "login_hours": _shorter_login,
    "idle_minutes": _shorter_login,
}
