import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from audit.events import Actor
from audit.holds import place_hold
from audit.models import Attendance, AuditEvent, DeletionCertificate
from audit.sealing import seal
from tenants.models import Tenant
from tests.audit.records import NOON, make_attendance
from tests.audit.tampering import unguarded

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
        "stay": {},
    }
    assert of_acme["certificates"] == [DeletionCertificate.objects.get().public_id]
    assert of_acme["deleted"] == {"bandwidth_samples": 0, "attendances": 1, "events": 0}


def test_before_is_the_start_of_a_day(old_stay: Attendance) -> None:
    purge("--before", "2025-05-12")
    assert Attendance.objects.exists()  # it ended at noon of the 12th
    purge("--before", "2025-05-13")
    assert not Attendance.objects.exists()


def test_tenant_limits_the_purge(old_stay: Attendance, other_tenant: Tenant) -> None:
    assert "acme" not in purge("--tenant", "globex")
    assert Attendance.objects.exists()


def test_dry_run_says_what_stays_and_why(old_stay: Attendance) -> None:
    make_attendance(old_stay.tenant, joined_at=OLD)
    place_hold(
        old_stay.tenant, actor=Actor(name="Aoki"), case_number="2026-17", room_id="room", room_name="Board room",
        range_to=OLD + DAY,
    )  # fmt: skip
    printed = purge("--dry-run")
    assert "acme: 0 attendances would be deleted" in printed
    assert "acme:   2 older ones stay: kept by a legal hold" in printed
    assert "acme: legal hold 2026-17 by Aoki: room Board room, until 2025-05-12 12:00 JST" in printed
    (of_acme,) = json.loads(purge("--dry-run", "--json"))["tenants"]
    assert of_acme["found"]["attendances"]["stay"] == {"held": 2}
    assert of_acme["holds"][0]["case_number"] == "2026-17"


def test_dry_run_names_a_retention_of_the_organisation_s_own(old_stay: Attendance) -> None:
    Tenant.objects.update(retention_days=730)
    assert "acme: its own retention is 730 days: before 2024-06-15 12:00 JST" in purge("--dry-run")
    purge()
    assert Attendance.objects.exists()


@pytest.mark.parametrize("answer", ["", "n", "Y"])
def test_terminal_is_shown_what_would_go_and_asked(
    old_stay: Attendance, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr("builtins.input", lambda _question: answer)
    terminal = Terminal()
    if answer == "Y":
        call_command("purge_audit", stdout=terminal, stderr=io.StringIO())
    else:
        with pytest.raises(CommandError, match="Nothing was deleted"):
            call_command("purge_audit", stdout=terminal, stderr=io.StringIO())
    assert "1 attendances (2025-05-11 to 2025-05-11) would be deleted" in terminal.getvalue()
    assert Attendance.objects.exists() == (answer != "Y")


def test_yes_is_not_asked(old_stay: Attendance) -> None:
    call_command("purge_audit", "--yes", stdout=Terminal(), stderr=io.StringIO())
    assert not Attendance.objects.exists()


def test_events_that_must_stay_as_evidence_are_an_error(tenant: Tenant) -> None:
    AuditEvent.objects.create(tenant=tenant, action="login", occurred_at=OLD)
    seal(tenant)
    with unguarded():
        AuditEvent.objects.update(action="logged_out")
    with pytest.raises(CommandError, match="does not verify"):
        purge()


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
