"""Whose, which room's and which days' records somebody means: from what people type to what audit goes by."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.scopes import Wanted
from conferences.models import Room
from tenants.models import Tenant

FIRST_YEAR, LAST_YEAR = 2000, 2200


def named_scope(
    tenant: Tenant, *, login_id: str = "", room: str = "", date_from: date | None = None, date_to: date | None = None
) -> Wanted:
    """The scope of a user (by user ID), a room (by its id, or its name when only one has it) and days of the tenant's
    time zone, both included. In the tenant's context. Raises ValidationError by argument."""
    user = _user(tenant, login_id.strip()) if login_id.strip() else None
    found = _room(tenant, room.strip()) if room.strip() else None
    range_from, range_to = _range(ZoneInfo(tenant.time_zone), date_from, date_to)
    return Wanted(
        user_id=user.public_id if user else "",
        user_name=user.name if user else "",
        room_id=found.public_id if found else "",
        room_name=found.name if found else "",
        range_from=range_from,
        range_to=range_to,
    )


def _user(tenant: Tenant, login_id: str) -> User:
    user: User | None = User.objects.with_login_id(tenant, login_id)
    if user is None:
        raise ValidationError({"login_id": ValidationError(_("There is no user with this user ID."), code="unknown")})
    return user


def _room(tenant: Tenant, text: str) -> Room:
    rooms = Room.objects.for_tenant(tenant)
    found: list[Room] = list(rooms.filter(public_id=text)) or list(rooms.filter(name=text)[:2])
    if not found:
        raise ValidationError({"room": ValidationError(_("There is no such room."), code="unknown")})
    if len(found) > 1:
        raise ValidationError(
            {"room": ValidationError(_("Several rooms have this name: give the id."), code="several")}
        )
    return found[0]


def _range(zone: ZoneInfo, first: date | None, last: date | None) -> tuple[datetime | None, datetime | None]:
    for name, day in (("date_from", first), ("date_to", last)):
        if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValidationError({name: ValidationError(_("Choose a day of this century."), code="range")})
    if first and last and last < first:
        raise ValidationError(
            {"date_to": ValidationError(_("The end must not be before the beginning."), code="order")}
        )
    begin = datetime.combine(first, time.min, zone) if first else None
    return begin, datetime.combine(last + timedelta(days=1), time.min, zone) if last else None
