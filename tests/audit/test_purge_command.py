import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from audit.models import Attendance, AuditEvent
from tenants.models import Tenant
from tests.audit.records import NOON, make_attendance

DAY = timedelta(days=1)
OLD = NOON - 400 * DAY


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def old_stay(tenant: Tenant) -> Attendance:
    return make_attendance(tenant, joined_at=OLD, left_at=OLD + DAY, leave_reason="left")


def purge(*arguments: str, stderr: io.StringIO | None = None, **options: Any) -> str:
    stdout = io.StringIO()
    call_command("purge_audit", *arguments, stdout=stdout, stderr=stderr or io.StringIO(), **options)
    return stdout.getvalue()


def test_command_says_what_it_deleted(old_stay: Attendance) -> None:
    assert "acme: 1 attendances (2025-05-11 to 2025-05-11) deleted" in purge()
    assert not Attendance.objects.exists()


def test_dry_run_says_what_it_would_delete(old_stay: Attendance) -> None:
    assert "1 attendances (2025-05-11 to 2025-05-11) would be deleted" in purge("--dry-run")
    assert Attendance.objects.exists()


def test_json_is_one_object(old_stay: Attendance) -> None:
    printed = json.loads(purge("--json"))
    (of_acme,) = printed["tenants"]
    assert (printed["dry_run"], of_acme["tenant"]) == (False, "acme")
    assert of_acme["found"]["attendances"] == {
        "count": 1,
        "oldest": "2025-05-11T03:00:00Z",
        "newest": "2025-05-11T03:00:00Z",
    }
    assert of_acme["deleted"] == {"bandwidth_samples": 0, "attendances": 1, "events": 0}


def test_before_is_the_start_of_a_day(old_stay: Attendance) -> None:
    purge("--before", "2025-05-12")
    assert Attendance.objects.exists()  # it ended at noon of the 12th
    purge("--before", "2025-05-13")
    assert not Attendance.objects.exists()


def test_tenant_limits_the_purge(old_stay: Attendance, other_tenant: Tenant) -> None:
    assert "acme" not in purge("--tenant", "globex")
    assert Attendance.objects.exists()


def test_terminal_gets_a_progress_bar(old_stay: Attendance) -> None:
    terminal = Terminal()
    purge(stderr=terminal)
    assert "[##############################] 1/1 acme\n" in terminal.getvalue()


def test_no_terminal_gets_no_progress_bar(old_stay: Attendance) -> None:
    stderr = io.StringIO()
    purge(stderr=stderr)
    assert stderr.getvalue() == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--before", "2026-06-14"), "kept for 365 days"),
        (("--before", "soon"), "expected a date"),
        (("--before", "2026-02-30"), "expected a date"),
        (("--before", "0001-01-01"), "expected a date"),
        (("--tenant", "nobody"), "no organisation 'nobody'"),
    ],
)
def test_wrong_argument_is_one_clear_line(old_stay: Attendance, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words) as raised:
        purge(*arguments)
    assert "\n" not in str(raised.value)
    assert Attendance.objects.exists()
    assert not AuditEvent.objects.exists()
