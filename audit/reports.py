"""Searching the attendance log: filters, and pages by key, newest first."""

import ipaddress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from audit.models import Attendance
from audit.retention import view_horizon
from tenants.models import Tenant

PAGE_SIZE = 50


@dataclass(frozen=True)
class AttendanceFilters:
    """What to look for; empty = everything. Dates are days of the tenant's time zone, both included."""

    login_id: str = ""  # beginning of the user ID
    name: str = ""  # part of the name
    ip: str = ""  # a whole address, or the beginning of one
    room: str = ""  # part of the room's name
    date_from: date | None = None
    date_to: date | None = None


class AttendancePage(NamedTuple):
    """Some rows, and the public id of the last of them when older ones follow (else empty)."""

    rows: list[Attendance]
    next_after: str


def find_attendances(tenant: Tenant, *, filters: AttendanceFilters, now: datetime) -> QuerySet[Attendance]:
    """The tenant's attendances that match, newest first; never one older than the view's horizon."""
    rows = Attendance.objects.for_tenant(tenant).filter(joined_at__gte=view_horizon(tenant, now=now))
    rows = rows.filter(_text_conditions(filters)).filter(_date_conditions(filters, tenant=tenant, now=now))
    return rows.order_by("-joined_at", "-pk")


def attendance_page(rows: QuerySet[Attendance], *, after: str = "", size: int = PAGE_SIZE) -> AttendancePage:
    """The `size` rows that follow the one with public id `after`.

    `rows` comes from `find_attendances`; `Attendance.DoesNotExist` when `after` is not among them.
    """
    if after:
        last = rows.get(public_id=after)
        rows = rows.filter(Q(joined_at__lt=last.joined_at) | Q(joined_at=last.joined_at, pk__lt=last.pk))
    found = list(rows[: size + 1])
    return AttendancePage(found[:size], found[size - 1].public_id if len(found) > size else "")


def _text_conditions(filters: AttendanceFilters) -> Q:
    conditions = Q()
    if filters.login_id:
        conditions &= Q(login_id__istartswith=filters.login_id)
    if filters.name:
        conditions &= Q(name__icontains=filters.name)
    if filters.room:
        conditions &= Q(room_name__icontains=filters.room)
    if filters.ip:
        conditions &= _ip_condition(filters.ip)
    return conditions


def _ip_condition(text: str) -> Q:
    try:
        return Q(ip_address=str(ipaddress.ip_address(text)))
    except ValueError:
        return Q(ip_address__istartswith=text)


def _date_conditions(filters: AttendanceFilters, *, tenant: Tenant, now: datetime) -> Q:
    """Days outside of what can be in the log are no condition: they need no arithmetic at the ends of the calendar."""
    zone = ZoneInfo(tenant.time_zone)
    conditions = Q()
    if filters.date_from and filters.date_from > view_horizon(tenant, now=now).astimezone(zone).date():
        conditions &= Q(joined_at__gte=datetime.combine(filters.date_from, time.min, zone))
    if filters.date_to and filters.date_to <= now.astimezone(zone).date():
        conditions &= Q(joined_at__lt=datetime.combine(filters.date_to + timedelta(days=1), time.min, zone))
    return conditions
