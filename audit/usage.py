"""Summing up what was used: day by day and room by room, month by month and user by user.

What is counted once is not counted again, except for the last three days (late counters, open stays). Times are the
tenant's: a day is one of its time zone.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Case, CharField, Count, F, Max, Min, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, Concat, TruncMonth

from audit.models import Attendance, BandwidthSample, UsageDay, UsageMonth
from audit.retention import view_horizon
from tenants.context import tenant_context
from tenants.models import Tenant

RECOUNTED = 3  # days
ALL_ROOMS = ""

PERSON = Case(When(user_id="", then=Concat(Value("guest "), "name")), default=F("user_id"), output_field=CharField())


@dataclass
class _Day:
    """What one room, or all together, used on a day."""

    room_name: str = ""
    meetings: int = 0
    stays: int = 0
    people: int = 0
    minutes: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    in_minute: dict[datetime, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, minute: datetime, people: int, bytes_in: int, bytes_out: int) -> None:
        self.minutes += people
        self.bytes_in += bytes_in
        self.bytes_out += bytes_out
        self.in_minute[minute] += people

    @property
    def peak(self) -> int:
        return max(self.in_minute.values(), default=0)


def count_usage(tenant: Tenant, *, now: datetime) -> int:
    """Bring the tenant's sums up to `now`; how many days were counted. May be interrupted and repeated at any time."""
    days = _days_to_count(tenant, now=now)
    for day in days:
        _count_day(tenant, day)
    for month in sorted({day.replace(day=1) for day in days}):
        _count_month(tenant, month)
    horizon = _day_of(tenant, view_horizon(tenant, now=now))
    with tenant_context(tenant):
        UsageDay.objects.for_tenant(tenant).filter(day__lt=horizon).delete()
        UsageMonth.objects.for_tenant(tenant).filter(month__lt=horizon.replace(day=1)).delete()
    return len(days)


def usage_days(tenant: Tenant, *, first: date, last: date) -> QuerySet[UsageDay]:
    """The sums of each day from `first` to `last`, of all rooms together, oldest first."""
    days = UsageDay.objects.for_tenant(tenant).filter(day__gte=first, day__lte=last)
    return days.filter(room_id=ALL_ROOMS).order_by("day")


def usage_days_of_rooms(tenant: Tenant, *, first: date, last: date, room: str) -> list[UsageDay]:
    """As `usage_days`, of the rooms whose name has `room` in it, not saved; who was in two of them counts twice."""
    days = UsageDay.objects.for_tenant(tenant).filter(day__gte=first, day__lte=last, room_name__icontains=room)
    sums = {name: Sum(name) for name in ("meetings", "stays", "people", "minutes", "bytes_in", "bytes_out")}
    rows = days.exclude(room_id=ALL_ROOMS).values("day").annotate(**sums, peak=Max("peak")).order_by("day")
    return [UsageDay(tenant=tenant, **row) for row in rows]


def usage_months(tenant: Tenant) -> QuerySet[UsageDay, dict[str, object]]:
    """The sums of each month, of all rooms together, newest first; `month` is its first day."""
    days = UsageDay.objects.for_tenant(tenant).filter(room_id=ALL_ROOMS)
    sums = {name: Sum(name) for name in ("meetings", "stays", "minutes", "bytes_in", "bytes_out")}
    months = days.values(month=TruncMonth("day")).annotate(peak=Max("peak"), **sums)
    return months.order_by("-month")


def usage_by_room(tenant: Tenant, *, first: date, last: date, room: str = "") -> QuerySet[UsageDay, dict[str, object]]:
    """What each room used from `first` to `last`, the busiest first; `name` is its latest, and has `room` in it."""
    days = UsageDay.objects.for_tenant(tenant).filter(day__gte=first, day__lte=last, room_name__icontains=room)
    days = days.exclude(room_id=ALL_ROOMS)
    sums = {name: Sum(name) for name in ("meetings", "stays", "minutes", "bytes_in", "bytes_out")}
    rooms = days.values("room_id").annotate(name=Max("room_name"), peak=Max("peak"), **sums)
    return rooms.order_by("-minutes", "name")


def peak_of_month(tenant: Tenant, *, now: datetime) -> int:
    today = _day_of(tenant, now)
    peak = usage_days(tenant, first=today.replace(day=1), last=today).aggregate(Max("peak"))["peak__max"]
    return int(peak or 0)


def bytes_of_month(tenant: Tenant, *, now: datetime) -> int:
    today = _day_of(tenant, now)
    days = usage_days(tenant, first=today.replace(day=1), last=today)
    sums = days.aggregate(Sum("bytes_in"), Sum("bytes_out"))
    return sum(value or 0 for value in sums.values())


def _days_to_count(tenant: Tenant, *, now: datetime) -> list[date]:
    """From three days ago, from the last one that was counted, or from the first record on; none without records."""
    today = _day_of(tenant, now)
    with tenant_context(tenant):
        counted = usage_days(tenant, first=date.min, last=today).aggregate(Max("day"))["day__max"]
        records = Attendance.objects.for_tenant(tenant).filter(joined_at__gte=view_horizon(tenant, now=now))
        oldest = records.aggregate(Min("joined_at"))["joined_at__min"] if counted is None else None
    if counted:
        first = counted - timedelta(days=RECOUNTED - 1)
    elif oldest:
        first = _day_of(tenant, oldest)
    else:
        return []
    return [first + timedelta(days=number) for number in range((today - first).days + 1)]


def _count_day(tenant: Tenant, day: date) -> None:
    begin, end = _instants(tenant, day, day + timedelta(days=1))
    with tenant_context(tenant), transaction.atomic():
        rooms = _rooms_of(tenant, begin, end)
        UsageDay.objects.for_tenant(tenant).filter(day=day).delete()
        UsageDay.objects.bulk_create(_rows(tenant, day, rooms))


def _rooms_of(tenant: Tenant, begin: datetime, end: datetime) -> dict[str, _Day]:
    """By room id, and all together under the empty one."""
    found: dict[str, _Day] = defaultdict(_Day)
    stays = Attendance.objects.for_tenant(tenant).filter(joined_at__gte=begin, joined_at__lt=end).order_by()
    counts = {
        "meetings": Count("meeting_id", distinct=True),
        "stays": Count("pk"),
        "people": Count(PERSON, distinct=True),
    }
    for row in stays.values("room_id").annotate(room_name=Max("room_name"), **counts):
        vars(found[row.pop("room_id")]).update(row)
    vars(found[ALL_ROOMS]).update(stays.aggregate(**counts))
    samples = BandwidthSample.objects.for_tenant(tenant).filter(minute__gte=begin, minute__lt=end).order_by()
    minutes = samples.values_list("room_id", "minute").annotate(
        Count("pk"), Sum("bytes_in"), Sum("bytes_out"), Max("room_name")
    )
    for room_id, minute, people, bytes_in, bytes_out, name in minutes.iterator():
        found[room_id].add(minute, people, bytes_in, bytes_out)
        found[room_id].room_name = found[room_id].room_name or name
        found[ALL_ROOMS].add(minute, people, bytes_in, bytes_out)
    return found


def _rows(tenant: Tenant, day: date, rooms: dict[str, _Day]) -> Iterable[UsageDay]:
    for room_id, used in rooms.items():
        figures = {name: value for name, value in vars(used).items() if name != "in_minute"}
        yield UsageDay(tenant=tenant, day=day, room_id=room_id, peak=used.peak, **figures)


def _count_month(tenant: Tenant, month: date) -> None:
    begin, end = _instants(tenant, month, (month + timedelta(days=31)).replace(day=1))
    stays = Attendance.objects.for_tenant(tenant).filter(Q(joined_at__gte=begin, joined_at__lt=end)).order_by()
    users = stays.values("user_id").annotate(
        stays=Count("pk"),
        time=Sum(Coalesce("left_at", "last_seen_at") - F("joined_at")),
        received=Sum("bytes_in"),
        sent=Sum("bytes_out"),
    )
    with tenant_context(tenant), transaction.atomic():
        rows = [
            UsageMonth(
                tenant=tenant,
                month=month,
                user_id=user["user_id"],
                stays=user["stays"],
                seconds=int(user["time"].total_seconds()),
                bytes_in=user["received"],
                bytes_out=user["sent"],
            )
            for user in users
        ]
        UsageMonth.objects.for_tenant(tenant).filter(month=month).delete()
        UsageMonth.objects.bulk_create(rows, batch_size=500)


def _day_of(tenant: Tenant, instant: datetime) -> date:
    return instant.astimezone(ZoneInfo(tenant.time_zone)).date()


def _instants(tenant: Tenant, *days: date) -> list[datetime]:
    """Midnight in the tenant's time zone."""
    return [datetime.combine(day, time.min, ZoneInfo(tenant.time_zone)) for day in days]
