"""Whether the attendances and the bandwidth that are shown are still what the sealed events say they were.

An event of an attendance carries what its row said; an event of a minute the hash of the minute's samples. Records that
a signed certificate says were deleted may be missing; what was written before the oldest events went cannot be
compared any more and is only counted.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from audit.certificates import body_of, is_genuine
from audit.chain import CONTENT, Sealed
from audit.minutes import ACTION, MINUTE, ROW, minute_details, recorded_until
from audit.models import Attendance, AuditEvent, BandwidthSample, DeletionCertificate
from audit.offline.verify import Findings
from tenants.models import Tenant

OPENED, CLOSED = "attendance_opened", "attendance_closed"
COMPARED = {OPENED, CLOSED, ACTION}
PAGE = 1_000
MINUTES_AT_ONCE = 30

Facts = dict[str, Any]


def deleted_before(tenant: Tenant, *, keys: Mapping[str, str]) -> datetime | None:
    """Up to when records may be missing: the latest of the tenant's certificates that one of `keys` signed, or None."""
    certificates = DeletionCertificate.objects.for_tenant(tenant).select_related("tenant").exclude(signature="")
    bodies = [body_of(each) for each in certificates.iterator(chunk_size=500) if is_genuine(each, keys=keys)]
    times = [body.get("before") or body["finished_at"] for body in bodies]
    return max((datetime.fromisoformat(time) for time in times), default=None)


class Records:
    """Compares page by page, in the order of the chain; `end` looks for rows that no event speaks of."""

    def __init__(
        self, tenant: Tenant, findings: Findings, *, keys: Mapping[str, str], buried_until: datetime | None
    ) -> None:
        self.tenant, self.findings = tenant, findings
        self.attendances = self.minutes = self.incomparable = 0
        self._may_be_missing_before = deleted_before(tenant, keys=keys)
        self._buried_until = buried_until
        self._opened = self._closed = self._samples = 0  # rows that an event speaks of, later than what is buried
        self._last_minute: datetime | None = None

    def compare(self, page: Sequence[Sealed]) -> None:
        events = [(each, dict(zip(CONTENT, each.content, strict=True))) for each in page if each.content[3] in COMPARED]
        for action, compare in ((OPENED, self._compare_opened), (CLOSED, self._compare_closed)):
            some = [(event, facts) for event, facts in events if facts["action"] == action]
            rows = self._rows(facts["details"].get("attendance") for _event, facts in some)
            for event, facts in some:
                compare(event, facts, rows.get(facts["details"].get("attendance")))
        minutes = iter([facts for _event, facts in events if facts["action"] == ACTION])
        while chunk := list(islice(minutes, MINUTES_AT_ONCE)):
            self._compare_minutes(chunk)

    def end(self) -> None:
        """After the last page, unsealed events included: whatever stands without an event was added."""
        late = self._later(Attendance.objects.for_tenant(self.tenant), "joined_at")
        closed = late.filter(left_at__isnull=False)
        self._find_added(late, self._opened, OPENED, "joined_at")
        self._find_added(closed, self._closed, CLOSED, "left_at")
        self._find_added_samples()

    def _compare_opened(self, event: Sealed, facts: Facts, row: Facts | None) -> None:
        details = facts["details"]
        was = {
            "meeting_id": details.get("meeting"),
            "participant_id": details.get("participant"),
            "room_id": facts["target_id"],
            "room_name": facts["target_name"],
            "user_id": facts["actor_id"],
            "name": facts["actor_name"],
            "ip_address": facts["ip_address"],
            "joined_at": facts["occurred_at"],
        }
        was |= {name: details[name] for name in ("login_id", "is_guest", "user_agent") if name in details}
        if row and self._is_late(row["joined_at"]):
            self._opened += 1
        self.attendances += self._agrees(event, facts, row, was)

    def _compare_closed(self, event: Sealed, facts: Facts, row: Facts | None) -> None:
        details = facts["details"]
        was = {"left_at": facts["occurred_at"], "leave_reason": details.get("reason")}
        was |= {name: details[name] for name in ("name", "login_id", "reconnects", "ended_by") if name in details}
        if row and self._is_late(row["joined_at"]) and row["left_at"]:
            self._closed += 1
        self._agrees(event, facts, row, was)

    def _agrees(self, event: Sealed, facts: Facts, row: Facts | None, was: Facts) -> bool:
        what = f"attendance {facts['details'].get('attendance')} (event #{event.seq})"
        if row is None:
            if not self._may_be_missing(facts["occurred_at"]):
                self.findings.add("attendance_deleted", f"{what} is missing, without a certificate", event.seq)
            return False
        changed = [name for name in was if was[name] != row[name]]
        for name in changed:
            text = f"{what}: {name} is {_shown(row[name])}, sealed was {_shown(was[name])}"
            self.findings.add("attendance_edited", text, event.seq)
        return not changed

    def _compare_minutes(self, events: list[Facts]) -> None:
        times = [facts["occurred_at"] - MINUTE for facts in events]
        samples: dict[datetime, list[tuple[Any, ...]]] = defaultdict(list)
        found = BandwidthSample.objects.for_tenant(self.tenant).filter(minute__in=times).values_list("minute", *ROW)
        for minute, *row in found.iterator(chunk_size=2_000):
            samples[minute].append(tuple(row))
        for minute, facts in zip(times, events, strict=True):
            self._compare_minute(minute, facts["details"], minute_details(minute, samples[minute]))

    def _compare_minute(self, minute: datetime, was: Facts, stands: Facts) -> None:
        if self._is_late(minute) and (self._last_minute is None or minute > self._last_minute):
            self._samples += stands["rows"]
            self._last_minute = minute
        if was == stands:
            self.minutes += 1
        elif self._may_be_missing(minute):
            self.incomparable += stands["rows"]
        else:
            more = (stands["rows"] > was.get("rows", 0)) - (stands["rows"] < was.get("rows", 0))
            kind = {-1: "sample_deleted", 0: "sample_edited", 1: "sample_added"}[more]
            text = f"bandwidth of {minute:%Y-%m-%d %H:%M} UTC: {_sum(stands)} stand, {_sum(was)} were sealed"
            self.findings.add(kind, text)

    def _find_added(self, rows: QuerySet[Attendance], known: int, action: str, column: str) -> None:
        if rows.count() == known:
            return
        for page in _pages(rows.values_list("pk", "public_id", column)):
            events = AuditEvent.objects.for_tenant(self.tenant).filter(
                action=action, occurred_at__in={time for _pk, _id, time in page}
            )
            spoken_of = {details.get("attendance") for details in events.values_list("details", flat=True)}
            for _pk, public_id, time in page:
                if public_id not in spoken_of:
                    text = f"attendance {public_id}: no event says {column} {_shown(time)}"
                    self.findings.add("attendance_added", text)

    def _find_added_samples(self) -> None:
        until = recorded_until(self.tenant, now=timezone.now())
        if until is None:
            return
        rows = self._later(BandwidthSample.objects.for_tenant(self.tenant), "minute").filter(minute__lte=until)
        if rows.count() == self._samples:
            return
        minutes = iter(rows.order_by("minute").values_list("minute", flat=True).distinct().iterator(chunk_size=2_000))
        while some := list(islice(minutes, PAGE)):
            ends = [minute + MINUTE for minute in some]
            events = AuditEvent.objects.for_tenant(self.tenant).filter(action=ACTION, occurred_at__in=ends)
            spoken_of = set(events.values_list("occurred_at", flat=True))
            for minute in (minute for minute in some if minute + MINUTE not in spoken_of):
                self.findings.add("sample_added", f"bandwidth of {minute:%Y-%m-%d %H:%M} UTC: no event speaks of it")

    def _rows(self, public_ids: Iterable[str | None]) -> dict[str, Facts]:
        wanted = [each for each in public_ids if each]
        found: dict[str, Facts] = {}
        for start in range(0, len(wanted), PAGE):
            rows = Attendance.objects.for_tenant(self.tenant).filter(public_id__in=wanted[start : start + PAGE])
            found |= {row["public_id"]: row for row in rows.values()}
        return found

    def _later(self, rows: QuerySet[Any], column: str) -> QuerySet[Any]:
        return rows.filter((f"{column}__gt", self._buried_until)) if self._buried_until else rows

    def _is_late(self, time: datetime) -> bool:
        return self._buried_until is None or time > self._buried_until

    def _may_be_missing(self, time: datetime) -> bool:
        return self._may_be_missing_before is not None and time < self._may_be_missing_before


def _pages(rows: QuerySet[Any, tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    last = 0
    while page := list(rows.filter(pk__gt=last).order_by("pk")[:PAGE]):
        yield page
        last = page[-1][0]


def _shown(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else repr(value)


def _sum(details: Facts) -> str:
    return (
        f"{details.get('rows', 0)} samples ({details.get('bytes_in', 0)} bytes in, {details.get('bytes_out', 0)} out)"
    )
