"""What somebody looks for in a log."""

import ipaddress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from audit.retention import view_horizon
from tenants.models import Tenant


@dataclass(frozen=True)
class Search:
    """Empty = everything. Each log uses what it has (`Log.fields`). Dates are days of the tenant, both included."""

    login_id: str = ""  # beginning of the user ID
    name: str = ""  # part of the name
    ip: str = ""  # a whole address, or the beginning of one
    room: str = ""  # part of the room's name
    group: str = ""  # of actions: a key of `audit.reports.actions.GROUPS`
    actor: str = ""  # part of the name
    target: str = ""  # part of the name
    stay: str = ""  # an attendance's public id
    date_from: date | None = None
    date_to: date | None = None
    user_ids: tuple[str, ...] = ()  # users whose ID begins with `login_id`, for logs whose rows keep public ids


def ip_condition(column: str, text: str) -> Q:
    try:
        return Q((column, str(ipaddress.ip_address(text))))
    except ValueError:
        return Q((f"{column}__istartswith", text))


def time_range(search: Search, *, tenant: Tenant, now: datetime) -> tuple[datetime, datetime]:
    """From when to when (exclusive) rows can match: never before the view's horizon.

    Days outside of what can be in the log are no condition: they need no arithmetic at the ends of the calendar.
    Nothing is later than tomorrow: said so that PostgreSQL leaves out the partition of all other times, which has no
    order.
    """
    zone = ZoneInfo(tenant.time_zone)
    since, until = view_horizon(tenant, now=now), now + timedelta(days=1)
    if search.date_from and search.date_from > since.astimezone(zone).date():
        since = datetime.combine(search.date_from, time.min, zone)
    if search.date_to and search.date_to <= now.astimezone(zone).date():
        until = datetime.combine(search.date_to + timedelta(days=1), time.min, zone)
    return since, until
