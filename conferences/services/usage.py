"""Figures of a month for Admintool: what is there, and what each group used."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from accounts.models import User
from audit.models import UsageMonth
from conferences.models import Room
from tenants.models import Tenant


@dataclass(frozen=True)
class Inventory:
    """Counts of now; `signed_in` since the beginning of the month."""

    rooms: int
    active_users: int
    disabled_users: int
    signed_in: int


@dataclass
class GroupUse:
    """What a group's users used in a month. `is_guests`: everybody without an account; no name: users of no group."""

    name: str = ""
    is_guests: bool = False
    users: set[str] = field(default_factory=set)
    stays: int = 0
    minutes: int = 0
    bytes_in: int = 0
    bytes_out: int = 0

    def add(self, month: UsageMonth) -> None:
        self.users.add(month.user_id)
        self.stays += month.stays
        self.minutes += month.seconds // 60
        self.bytes_in += month.bytes_in
        self.bytes_out += month.bytes_out


def inventory(tenant: Tenant, *, now: datetime) -> Inventory:
    zone = ZoneInfo(tenant.time_zone)
    month = datetime.combine(now.astimezone(zone).date().replace(day=1), time.min, zone)
    users = User.objects.for_tenant(tenant)
    return Inventory(
        rooms=Room.objects.for_tenant(tenant).filter(closed_at=None).count(),
        active_users=users.filter(is_active=True).count(),
        disabled_users=users.filter(is_active=False).count(),
        signed_in=users.filter(last_login__gte=month).count(),
    )


def usage_by_group(tenant: Tenant, *, month: date) -> list[GroupUse]:
    """By the groups that users are in now, the busiest first. Who is in two groups counts in both."""
    groups = _groups_of_users(tenant)
    found: dict[tuple[bool, str], GroupUse] = {}
    for row in UsageMonth.objects.for_tenant(tenant).filter(month=month).iterator():
        is_guests = not row.user_id
        for name in groups.get(row.user_id, [""]):
            found.setdefault((is_guests, name), GroupUse(name, is_guests)).add(row)
    return sorted(found.values(), key=lambda group: (-group.minutes, group.name))


def _groups_of_users(tenant: Tenant) -> dict[str, list[str]]:
    members = User.objects.for_tenant(tenant).filter(groups__isnull=False).values_list("username", "groups__name")
    found: dict[str, list[str]] = defaultdict(list)
    for user_id, name in members.order_by("groups__name"):
        found[user_id].append(name)
    return dict(found)
