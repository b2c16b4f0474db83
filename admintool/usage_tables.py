"""Usage as charts and as a file."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from audit.models import UsageDay
from audit.reports import Search
from audit.usage import usage_by_room, usage_days, usage_days_of_rooms
from tenants.models import Tenant

MEGABYTE = 1_000_000
SHOWN = timedelta(days=30)
LONGEST = timedelta(days=366)
ROOMS_SHOWN = 10


def charts(days: Iterable[UsageDay], zone: str) -> dict[str, Any]:
    """What `usage.js` draws: `times` (noon of each day) and, for each place on the page, its lines."""
    days = list(days)
    return {
        "times": [int(datetime.combine(each.day, time(12), ZoneInfo(zone)).timestamp()) for each in days],
        "charts": {
            "people-chart": [_line(_("People"), "--accent", [each.people for each in days])],
            "minutes-chart": [_line(_("Participant minutes"), "--info", [each.minutes for each in days])],
            "bytes-chart": [
                _line(_("In (MB)"), "--accent", [_megabytes(each.bytes_in) for each in days]),
                _line(_("Out (MB)"), "--info", [_megabytes(each.bytes_out) for each in days]),
            ],
        },
    }


def usage_of_search(tenant: Tenant, search: Search) -> dict[str, Any]:
    """Charts by day and rooms for a search of days and rooms, of 30 days when it names none; empty for any other."""
    if any((search.login_id, search.name, search.ip, search.stay)):
        return {}
    today = timezone.localdate()
    last = max(min(search.date_to or today, today), date.min + LONGEST)  # at the calendar's beginning is nothing
    first = max(search.date_from or last - SHOWN, last - LONGEST)
    if search.room:
        days = usage_days_of_rooms(tenant, first=first, last=last, room=search.room)
    else:
        days = list(usage_days(tenant, first=first, last=last))
    rooms = usage_by_room(tenant, first=first, last=last, room=search.room)[:ROOMS_SHOWN]
    return {"days": days, "charts": charts(days, tenant.time_zone), "rooms": rooms}


def usage_rows(tenant: Tenant, *, first: date, last: date) -> Iterator[list[object]]:
    """Headings, then a line for each day and room, newest first; the line of a whole day has no room."""
    yield [
        *(_("Day"), _("Room"), _("Meetings"), _("Stays"), _("People"), _("Participant minutes")),
        *(_("Most at the same time"), _("Bytes in"), _("Bytes out")),
    ]
    days = UsageDay.objects.for_tenant(tenant).filter(day__gte=first, day__lte=last).order_by("-day", "room_name")
    columns = ("meetings", "stays", "people", "minutes", "peak", "bytes_in", "bytes_out")
    for day, *figures in days.values_list("day", "room_name", *columns).iterator(chunk_size=1000):
        yield [day.isoformat(), *figures]


def _line(label: str, colour: str, values: list[float]) -> dict[str, Any]:
    return {"label": label, "colour": colour, "values": values}


def _megabytes(count: int) -> float:
    return round(count / MEGABYTE, 2)
