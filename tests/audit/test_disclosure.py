import csv
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection

from audit.attendance import close_attendance
from audit.disclosure import (
    approve_disclosure,
    disclose,
    disclosed_rows,
    refuse_disclosure,
    request_disclosure,
)
from audit.errors import DisclosureClosed, NeedsAnotherPerson, NotApproved
from audit.events import Actor
from audit.holds import place_hold
from audit.models import AuditEvent, Disclosure
from audit.offline import verify
from audit.scopes import Wanted
from audit.sealing import seal
from tenants.models import Tenant
from tests.audit.records import NOON, join, make_attendance, make_sample

AOKI, MORI, HARA = (Actor(id=name.lower(), name=name) for name in ("Aoki", "Mori", "Hara"))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOON + DAY, tick=False):
        yield


@pytest.fixture
def disclosure(tenant: Tenant) -> Disclosure:
    wanted = Wanted(user_id="sato", user_name="Sato")
    return request_disclosure(tenant, actor=AOKI, case_number="2026 (wa) 17", reason="Order of a court", wanted=wanted)


@pytest.fixture
def approved(disclosure: Disclosure) -> Disclosure:
    approve_disclosure(disclosure, actor=MORI)
    approve_disclosure(disclosure, actor=HARA)
    return disclosure


def stay(tenant: Tenant, **fields: Any) -> None:
    attendance = join(tenant, **fields)
    make_sample(attendance, attendance.joined_at)
    close_attendance(attendance.participant_id, left_at=attendance.joined_at + HOUR, reason="left")


def contents(disclosure: Disclosure) -> dict[str, bytes]:
    with disclose(disclosure, actor=AOKI, language="en") as file, zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_two_others_approve_and_the_file_holds_what_was_asked_for(tenant: Tenant, approved: Disclosure) -> None:
    stay(tenant, user_id="sato", name="Sato", login_id="sato")
    stay(tenant, user_id="ito", name="Ito", login_id="ito")
    seal(tenant)
    files = contents(approved)
    assert [row["Name"] for row in rows_of(files["attendance.csv"])] == ["Sato"]
    assert len(rows_of(files["bandwidth.csv"])) == 1
    events = [json.loads(line) for line in files["events.jsonl"].splitlines()]
    assert [event["action"] for event in events] == ["attendance_opened", "attendance_closed"]
    assert len(rows_of(files["events.csv"])) == 2


def test_manifest_names_case_reason_who_asked_and_who_approved(approved: Disclosure) -> None:
    about = json.loads(contents(approved)["manifest.json"])["document"]["about"]
    assert (about["case_number"], about["reason"], about["requested_by"]) == (
        "2026 (wa) 17",
        "Order of a court",
        "Aoki",
    )
    assert [each["name"] for each in about["approved_by"]] == ["Mori", "Hara"]
    assert about["search"] == {"user_id": "sato", "user_name": "Sato"}


def test_file_verifies_without_the_server_and_a_changed_one_does_not(
    tenant: Tenant, approved: Disclosure, tmp_path: Path
) -> None:
    stay(tenant, user_id="sato", name="Sato")
    stay(tenant, user_id="ito")
    seal(tenant)
    files = contents(approved)
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    for path, replaced in ((good, {}), (bad, {"attendance.csv": files["attendance.csv"].replace(b"Sato", b"Goto")})):
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in (files | replaced).items():
                archive.writestr(name, content)
    assert verify.main([str(good)]) == 0
    assert verify.main([str(bad)]) == 1


def test_each_step_is_an_event(tenant: Tenant, approved: Disclosure) -> None:
    contents(approved)
    events = AuditEvent.objects.order_by("pk")
    assert [(event.action, event.actor_name) for event in events] == [
        ("disclosure_requested", "Aoki"),
        ("disclosure_approved", "Mori"),
        ("disclosure_approved", "Hara"),
        ("disclosure_exported", "Aoki"),
    ]
    exported = events.last()
    approved.refresh_from_db()
    assert exported is not None
    assert exported.details["sha256"] == approved.sha256 != ""
    assert exported.details["rows"] == {"attendance": 0, "bandwidth": 0, "events": 0}
    assert exported.target_name == "2026 (wa) 17"


def test_nothing_can_be_had_before_two_approvals(disclosure: Disclosure) -> None:
    for approver in (None, MORI):
        if approver:
            approve_disclosure(disclosure, actor=approver)
        with pytest.raises(NotApproved):
            disclose(disclosure, actor=AOKI, language="en")
    assert not AuditEvent.objects.filter(action="disclosure_exported").exists()


def test_who_asked_cannot_approve(disclosure: Disclosure) -> None:
    with pytest.raises(NeedsAnotherPerson):
        approve_disclosure(disclosure, actor=AOKI)
    assert disclosure.approvals == []


def test_nobody_approves_twice(disclosure: Disclosure) -> None:
    approve_disclosure(disclosure, actor=MORI)
    with pytest.raises(NeedsAnotherPerson):
        approve_disclosure(disclosure, actor=MORI)
    assert len(disclosure.approvals) == 1


def test_nobody_in_particular_cannot_approve(disclosure: Disclosure) -> None:
    with pytest.raises(NeedsAnotherPerson):
        approve_disclosure(disclosure, actor=Actor())


def test_refused_request_stays_refused(disclosure: Disclosure) -> None:
    approve_disclosure(disclosure, actor=MORI)
    refuse_disclosure(disclosure, actor=HARA)
    assert disclosure.refused_by == "Hara"
    for act in (approve_disclosure, refuse_disclosure):
        with pytest.raises(DisclosureClosed):
            act(disclosure, actor=Actor(id="ito", name="Ito"))
    with pytest.raises(NotApproved):
        disclose(disclosure, actor=AOKI, language="en")


def test_approved_request_takes_no_third_approval_and_no_refusal(approved: Disclosure) -> None:
    for act in (approve_disclosure, refuse_disclosure):
        with pytest.raises(DisclosureClosed):
            act(approved, actor=Actor(id="ito", name="Ito"))


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"case_number": " "}, "case_number"),
        ({"reason": ""}, "reason"),
        ({"wanted": Wanted(range_from=NOON, range_to=NOON)}, "range_to"),
    ],
)
def test_request_that_makes_no_sense_is_refused(tenant: Tenant, fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValidationError) as raised:
        request_disclosure(tenant, actor=AOKI, **{"case_number": "1", "reason": "r", "wanted": Wanted(), **fields})
    assert list(raised.value.message_dict) == [wrong]
    assert not AuditEvent.objects.exists()


def test_range_and_room_narrow_it(tenant: Tenant) -> None:
    make_attendance(tenant, room_id="board", joined_at=NOON, left_at=NOON + HOUR)
    make_attendance(tenant, room_id="board", joined_at=NOON - DAY, left_at=NOON - DAY + HOUR)
    make_attendance(tenant, room_id="hall", joined_at=NOON, left_at=NOON + HOUR)
    wanted = Wanted(room_id="board", range_from=NOON, range_to=NOON + HOUR)
    disclosure = request_disclosure(tenant, actor=AOKI, case_number="1", reason="r", wanted=wanted)
    (found,) = disclosed_rows(disclosure, "attendance")
    assert (found.room_id, found.joined_at) == ("board", NOON)


def test_what_is_older_than_the_horizon_is_shown_only_when_it_is_held(tenant: Tenant) -> None:
    long_ago = datetime(2024, 1, 1, tzinfo=UTC)
    for user in ("sato", "ito"):
        make_attendance(tenant, user_id=user, joined_at=long_ago, left_at=long_ago + HOUR)
    place_hold(tenant, actor=AOKI, case_number="1", user_id="ito")
    disclosure = request_disclosure(tenant, actor=AOKI, case_number="1", reason="r", wanted=Wanted())
    assert [row.user_id for row in disclosed_rows(disclosure, "attendance")] == ["ito"]


def test_other_tenants_are_not_in_it(tenant: Tenant, other_tenant: Tenant) -> None:
    make_attendance(other_tenant, user_id="sato")
    disclosure = request_disclosure(tenant, actor=AOKI, case_number="1", reason="r", wanted=Wanted(user_id="sato"))
    assert not disclosed_rows(disclosure, "attendance").exists()


@pytest.mark.django_db(transaction=True)
def test_same_person_twice_at_once_is_one_approval(disclosure: Disclosure) -> None:
    outcomes = at_once([MORI, MORI, MORI], disclosure)
    assert sorted(outcomes) == ["NeedsAnotherPerson", "NeedsAnotherPerson", "approved"]
    assert len(Disclosure.objects.get().approvals) == 1


@pytest.mark.django_db(transaction=True)
def test_three_people_at_once_are_two_approvals(disclosure: Disclosure) -> None:
    outcomes = at_once([MORI, HARA, Actor(id="ito", name="Ito")], disclosure)
    assert sorted(outcomes) == ["DisclosureClosed", "approved", "approved"]
    assert len(Disclosure.objects.get().approvals) == 2


def at_once(actors: list[Actor], disclosure: Disclosure) -> list[str]:
    """Each approves in a thread of its own; what became of it."""
    together, outcomes = threading.Barrier(len(actors)), []

    def approve(actor: Actor) -> None:
        try:
            own = Disclosure(**{field.attname: getattr(disclosure, field.attname) for field in Disclosure._meta.fields})
            own.tenant = disclosure.tenant
            together.wait(10)
            approve_disclosure(own, actor=actor)
            outcomes.append("approved")
        except ValidationError as error:
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=approve, args=(actor,)) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes
