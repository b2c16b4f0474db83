"""Each kind of tampering with the database, by somebody who has its password but not the key, is found and named."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils.timezone import now

from audit.chain import bury
from audit.heads import anchor_text, sign_heads
from audit.models import Attendance, AuditEvent, AuditHead, AuditKey, AuditTombstone, BandwidthSample
from audit.offline.verify import read_anchors
from audit.sealing import seal
from audit.verification import verify_tenant
from tenants.context import system_context, tenant_context
from tenants.models import Tenant
from tests.audit.chains import chain_of, findings, make_chain, make_meeting, recompute, record
from tests.audit.records import NOON, join, make_attendance, make_sample
from tests.audit.tampering import unguarded

pytestmark = pytest.mark.django_db
TOMORROW = timedelta(days=1)

Tamper = Callable[[Tenant], None]


@pytest.fixture
def chain(tenant: Tenant) -> list[AuditEvent]:
    """#1 to #10, with #4 and #5 buried, and the head of today."""
    events = make_chain(tenant)
    with tenant_context(tenant):
        bury(tenant, AuditEvent.objects.filter(seq__in=(4, 5)), certificate=None)
    sign_heads(tenant, now=now() + TOMORROW)
    return events


def at(seq: int) -> Any:
    return AuditEvent.objects.filter(seq=seq)


def tamper(tenant: Tenant, act: Tamper) -> list[str]:
    assert findings(tenant) == []
    with unguarded(), tenant_context(tenant):
        act(tenant)
    return findings(tenant)


def renumber(first: int, by: int) -> None:
    """Move all events from #`first` on; from the far end, because a number may stand only once."""
    seqs = AuditEvent.objects.filter(seq__gte=first).values_list("seq", flat=True).order_by("-seq" if by > 0 else "seq")
    for seq in list(seqs):
        at(seq).update(seq=F("seq") + by)


def edit(tenant: Tenant) -> None:
    at(7).update(target_name="Somebody else")


def edit_and_rehash(tenant: Tenant) -> None:
    edit(tenant)
    recompute(at(7).select_related("tenant"))


def edit_and_rehash_to_the_end(tenant: Tenant) -> None:
    edit(tenant)
    recompute(AuditEvent.objects.filter(seq__gte=7).select_related("tenant").order_by("seq"))


def delete(tenant: Tenant) -> None:
    at(7).delete()


def delete_and_close_the_gap(tenant: Tenant) -> None:
    at(7).delete()
    renumber(8, -1)


def insert(tenant: Tenant) -> None:
    renumber(8, 1)
    before = at(7).get()
    event = AuditEvent.objects.create(
        tenant=tenant, occurred_at=now(), action="forged", seq=8, prev_hash=before.hash, hash="0" * 64
    )
    recompute([event])


def swap(tenant: Tenant) -> None:
    at(7).update(seq=77)
    at(8).update(seq=7)
    at(77).update(seq=8)


def swap_contents(tenant: Tenant) -> None:
    seven, eight = at(7).get(), at(8).get()
    at(7).update(details=eight.details)
    at(8).update(details=seven.details)
    recompute(AuditEvent.objects.filter(seq__in=(7, 8)).select_related("tenant").order_by("seq"))


def truncate(tenant: Tenant) -> None:
    AuditEvent.objects.filter(seq__gte=9).delete()


def truncate_and_go_on(tenant: Tenant) -> None:
    truncate(tenant)
    record(tenant, 3)
    seal(tenant)


def unseal(tenant: Tenant) -> None:
    at(7).update(seq=None, prev_hash="", hash="")


def stand_in_a_buried_range(tenant: Tenant) -> None:
    event = AuditEvent.objects.create(tenant=tenant, occurred_at=now(), action="forged", seq=4)
    recompute([event])


def delete_a_tombstone(tenant: Tenant) -> None:
    AuditTombstone.objects.all().delete()


def widen_a_tombstone(tenant: Tenant) -> None:
    at(6).delete()
    AuditTombstone.objects.update(last_seq=6, last_hash=at(7).get().prev_hash)


def forge_a_tombstone(tenant: Tenant) -> None:
    gone = at(7).get()
    at(7).delete()
    AuditTombstone.objects.create(
        tenant=tenant, first_seq=7, last_seq=7, prev_hash=gone.prev_hash, last_hash=gone.hash, oldest=now(),
        newest=now(), key_id=AuditKey.objects.get().key_id, signature="0" * 128, signed_at=now(),
    )  # fmt: skip


def lay_a_foreign_tombstone(tenant: Tenant) -> None:
    """A real signature of ours, but of another range."""
    at(7).delete()
    AuditTombstone.objects.update(first_seq=7, last_seq=7)


def forge_a_head(tenant: Tenant) -> None:
    truncate(tenant)
    last = at(8).get()
    AuditHead.objects.update(seq=last.seq, hash=last.hash)


def remove_a_head_from_between(tenant: Tenant) -> None:
    sign_heads(tenant, now=now() + timedelta(days=4))
    AuditHead.objects.order_by("day")[1].delete()


def sign_with_an_own_key(tenant: Tenant) -> None:
    AuditHead.objects.update(key_id="0123456789abcdef")


def exchange_the_key(tenant: Tenant) -> None:
    AuditKey.objects.update(public_key="aa" * 32)


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (edit, ["edited: #7 (user_disabled, {time} UTC): not what was sealed"]),
        (edit_and_rehash, ["changed: #8 was not sealed after this #7: one of them was changed, exchanged or inserted"]),
        (edit_and_rehash_to_the_end, ["rewritten: the head of {day} has another hash at #10"]),
        (delete, ["deleted: #7-#7: missing, without a tombstone"]),
        (delete_and_close_the_gap, ["moved: #7-#9: sealed from #8", "changed: #7", "truncated: the head of {day}"]),
        (insert, ["moved: #9-#11: sealed from #8", "changed: #9", "rewritten: the head of {day}"]),
        (swap, ["moved: #7: sealed at #8", "moved: #8: sealed at #7", "changed: #7", "changed: #8", "changed: #9"]),
        (swap_contents, ["changed: #9 was not sealed after this #8"]),
        (truncate, ["truncated: the head of {day} stands at #10, but the chain ends at #8"]),
        (truncate_and_go_on, ["rewritten: the head of {day} has another hash at #10"]),
        (unseal, ["deleted: #7-#7: missing"]),
        (stand_in_a_buried_range, ["inserted: #4 stands in a range that was deleted with a tombstone"]),
        (delete_a_tombstone, ["deleted: #4-#5: missing, without a tombstone"]),
        (widen_a_tombstone, ["forged_tombstone: the tombstone #4-#6", "deleted: #4-#6: missing"]),
        (forge_a_tombstone, ["forged_tombstone: the tombstone #7-#7", "deleted: #7-#7: missing"]),
        (lay_a_foreign_tombstone, ["forged_tombstone: the tombstone #7-#7", "deleted: #4-#5", "deleted: #7-#7"]),
        (forge_a_head, ["forged_head: the head of {day} does not carry the signature"]),
        (remove_a_head_from_between, ["head_missing: no head for the days between"]),
        (sign_with_an_own_key, ["wrong_key: the head of {day} is signed by key 0123456789abcdef"]),
        (
            exchange_the_key,
            ["wrong_key: key", "wrong_key: the tombstone #4-#5", "wrong_key: the head", "deleted: #4-#5"],
        ),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_tampering_is_found_and_named(
    tenant: Tenant, chain: list[AuditEvent], act: Tamper, expected: list[str]
) -> None:
    found = sorted(tamper(tenant, act))
    words = {"day": f"{now():%Y-%m-%d}", "time": f"{chain[6].occurred_at:%Y-%m-%d %H:%M:%S}"}
    beginnings = sorted(each.format(**words) for each in expected)
    assert len(found) == len(beginnings), found
    for line, beginning in zip(found, beginnings, strict=True):
        assert line.startswith(beginning)


def test_a_clean_log_says_what_stands(tenant: Tenant, chain: list[AuditEvent]) -> None:
    record(tenant, 2)
    report = verify_tenant(tenant)
    assert report.findings.lines() == []
    assert (report.events, report.first_seq, report.last_seq, report.unsealed) == (8, 1, 10, 2)
    assert (report.tombstones, report.buried, report.heads, report.marks) == (1, 2, 1, 1)


def test_a_restored_old_database_is_found_with_an_anchor_only(tenant: Tenant) -> None:
    """The attacker removes the heads too: nothing within the database is left to tell."""
    make_chain(tenant)
    (head,) = sign_heads(tenant, now=now() + TOMORROW)
    anchors = read_anchors(anchor_text(head).encode())
    with unguarded(), tenant_context(tenant):
        truncate(tenant)
        AuditHead.objects.all().delete()
    assert findings(tenant) == []
    (found,) = findings(tenant, anchors=anchors)
    assert "stands at #10, but the chain ends at #8" in found
    assert "an older database was restored" in found


def test_an_anchor_that_was_tampered_with_is_no_evidence(tenant: Tenant) -> None:
    make_chain(tenant)
    (head,) = sign_heads(tenant, now=now() + TOMORROW)
    (anchor,) = read_anchors(anchor_text(head).encode())
    (found,) = findings(tenant, anchors=[anchor | {"seq": 11}])
    assert found.startswith("forged_head: the anchor of")


def test_an_anchor_within_a_buried_range_is_no_finding(tenant: Tenant) -> None:
    make_chain(tenant, 3)
    (head,) = sign_heads(tenant, now=now() + TOMORROW)
    anchors = read_anchors(anchor_text(head).encode())
    record(tenant, 3)
    seal(tenant)
    with tenant_context(tenant):
        bury(tenant, AuditEvent.objects.filter(seq__lte=5), certificate=None)
    assert findings(tenant, anchors=anchors) == []


def test_events_that_were_moved_to_another_tenant_are_found_in_both(tenant: Tenant, other_tenant: Tenant) -> None:
    make_chain(tenant, 3)
    with unguarded(), system_context():
        AuditEvent.objects.filter(seq=2).update(tenant=other_tenant)
    assert findings(tenant) == ["deleted: #2-#2: missing, without a tombstone"]
    assert any(line.startswith("edited: #2") for line in findings(other_tenant))


def test_only_a_hundred_of_a_kind_are_listed(tenant: Tenant) -> None:
    make_chain(tenant, 250)
    with unguarded(), tenant_context(tenant):
        AuditEvent.objects.filter(seq__in=range(1, 250, 2)).update(action="forged")
    lines = findings(tenant)
    assert len(lines) == 101
    assert lines[-1] == "edited: 25 more"


def rename(tenant: Tenant, stays: list[Attendance]) -> None:
    Attendance.objects.filter(pk=stays[1].pk).update(name="Forged")


def reopen(tenant: Tenant, stays: list[Attendance]) -> None:
    Attendance.objects.filter(pk=stays[0].pk).update(left_at=None, leave_reason="")


def close(tenant: Tenant, stays: list[Attendance]) -> None:
    Attendance.objects.filter(pk=stays[1].pk).update(left_at=now())


def remove(tenant: Tenant, stays: list[Attendance]) -> None:
    BandwidthSample.objects.filter(attendance=stays[1]).delete()
    Attendance.objects.filter(pk=stays[1].pk).delete()


def add(tenant: Tenant, stays: list[Attendance]) -> None:
    make_attendance(tenant, joined_at=now())


def edit_sample(tenant: Tenant, stays: list[Attendance]) -> None:
    BandwidthSample.objects.filter(attendance=stays[1]).update(bytes_out=7)


def delete_sample(tenant: Tenant, stays: list[Attendance]) -> None:
    BandwidthSample.objects.filter(attendance=stays[1]).order_by("minute")[0].delete()


def add_sample(tenant: Tenant, stays: list[Attendance]) -> None:
    make_sample(make_attendance(tenant, joined_at=NOON), BandwidthSample.objects.latest("minute").minute)


def add_sample_of_another_minute(tenant: Tenant, stays: list[Attendance]) -> None:
    make_sample(stays[0], BandwidthSample.objects.earliest("minute").minute - timedelta(minutes=3))


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (rename, ["attendance_edited"]),
        (reopen, ["attendance_edited", "attendance_edited"]),
        (close, ["attendance_added"]),
        (remove, ["attendance_deleted", "sample_deleted", "sample_deleted"]),
        (add, ["attendance_added"]),
        (edit_sample, ["sample_edited", "sample_edited"]),
        (delete_sample, ["sample_deleted"]),
        (add_sample, ["attendance_added", "sample_added"]),
        (add_sample_of_another_minute, ["sample_added"]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_records_beside_the_chain_are_compared(tenant: Tenant, act: Any, expected: list[str]) -> None:
    stays = make_meeting(tenant)
    report = verify_tenant(tenant)
    assert (report.findings.lines(), report.attendances, report.minutes) == ([], 3, 2)
    with tenant_context(tenant):
        act(tenant, stays)
    assert sorted(line.split(":")[0] for line in findings(tenant)) == expected


def test_every_field_of_an_attendance_that_people_read_is_compared(tenant: Tenant) -> None:
    stays = make_meeting(tenant)
    changes = {
        "name": "x", "login_id": "x", "ip_address": "192.0.2.99", "room_name": "x", "room_id": "x", "user_id": "x",
        "user_agent": "x", "is_guest": True, "joined_at": NOON, "left_at": NOON, "leave_reason": "removed",
        "ended_by": "x", "reconnects": 9, "meeting_id": "x", "participant_id": "x",
    }  # fmt: skip
    for name, value in changes.items():
        with tenant_context(tenant):
            was = getattr(Attendance.objects.get(pk=stays[0].pk), name)
            Attendance.objects.filter(pk=stays[0].pk).update(**{name: value})
        assert any(f": {name} is" in line for line in findings(tenant)), name
        with tenant_context(tenant):
            Attendance.objects.filter(pk=stays[0].pk).update(**{name: was})
    assert findings(tenant) == []


def test_a_meeting_that_goes_on_is_no_finding(tenant: Tenant) -> None:
    make_meeting(tenant)
    make_meeting_unsealed(tenant)
    report = verify_tenant(tenant)
    assert (report.findings.lines(), report.unsealed) == ([], 1)


def make_meeting_unsealed(tenant: Tenant) -> None:
    with tenant_context(tenant):
        stay = join(tenant, joined_at=now())
        make_sample(stay, now().replace(second=0, microsecond=0))


def test_command_says_what_stands_and_fails_on_a_finding(
    tenant: Tenant, other_tenant: Tenant, chain: list[AuditEvent], tmp_path: Path
) -> None:
    with tenant_context(tenant):
        (tmp_path / "head.txt").write_text(anchor_text(AuditHead.objects.select_related("tenant").get()))
    out = StringIO()
    call_command("verify_audit", "--anchor", str(tmp_path / "head.txt"), stdout=out)
    assert "acme: in order" in out.getvalue()
    assert "8 sealed, #1 to #10" in out.getvalue()
    assert "1 and 1 anchors; the chain passes 2 of them" in out.getvalue()
    with unguarded(), tenant_context(tenant):
        edit(tenant)
    out = StringIO()
    with pytest.raises(CommandError, match="1 findings"):
        call_command("verify_audit", "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert said["ok"] is False
    assert [(each["tenant"], len(each["findings"])) for each in said["tenants"]] == [("acme", 1), ("globex", 0)]
    assert said["tenants"][0]["findings"][0]["seq"] == 7


def test_command_refuses_what_it_cannot_compare(tenant: Tenant, other_tenant: Tenant, tmp_path: Path) -> None:
    make_chain(tenant)
    (head,) = sign_heads(tenant, now=now() + TOMORROW)
    (tmp_path / "head.txt").write_text(anchor_text(head))
    (tmp_path / "empty.txt").write_text("Good morning")
    with pytest.raises(CommandError, match="no head"):
        call_command("verify_audit", "--anchor", str(tmp_path / "empty.txt"))
    with pytest.raises(CommandError, match="not verified here"):
        call_command("verify_audit", "--tenant", "globex", "--anchor", str(tmp_path / "head.txt"))
    with pytest.raises(CommandError, match="no organisation"):
        call_command("verify_audit", "--tenant", "nobody")


def test_the_log_of_one_tenant_is_verified_in_its_own_context(tenant: Tenant, other_tenant: Tenant) -> None:
    make_chain(tenant, 3)
    make_chain(other_tenant, 2)
    assert verify_tenant(tenant).events == 3
    assert len(chain_of(other_tenant)) == verify_tenant(other_tenant).events == 2
