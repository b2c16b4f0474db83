"""Sealing and burying: the exact form, the order, and what is refused."""

import hashlib
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils.timezone import now
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import sealing
from audit.certificates import begin_certificate
from audit.chain import BrokenChain, ChainError, Link, UnsealedEvents, bury, event_line, oldest_unsealed, tip
from audit.events import Actor, record_event
from audit.models import AuditEvent, AuditTombstone
from audit.offline.verify import GENESIS
from audit.sealing import alarm_unsealed, seal, seal_all
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.audit.chains import chain_of, findings, make_chain, record
from tests.audit.tampering import unguarded

AT = datetime(2026, 1, 31, 9, 5, tzinfo=UTC)


def events(tenant: Tenant, *numbers: int) -> Any:
    return AuditEvent.objects.for_tenant(tenant).filter(seq__in=numbers)


def test_each_event_is_sealed_over_the_one_before(tenant: Tenant) -> None:
    first, second, third = make_chain(tenant, 3)
    assert [each.seq for each in (first, second, third)] == [1, 2, 3]
    assert (first.prev_hash, second.prev_hash, third.prev_hash) == (GENESIS, first.hash, second.hash)
    assert tip(tenant) == Link(3, third.hash)


def test_hash_is_that_of_the_documented_form(tenant: Tenant) -> None:
    """What docs/audit-log.md says, done by hand: who reads it can check a log without our code."""
    with tenant_context(tenant):
        event = record_event(
            tenant, "user_disabled", actor=Actor("a1", "佐藤", "2001:db8::1"), target_type="user", target_id="b2",
            target_name='Su"zuki', details={"reason": "退職", "n": [1, 2.5, None, True]}, now=AT,
        )  # fmt: skip
    seal(tenant)
    recorded_at = event.recorded_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    line = (
        '{"action":"user_disabled","actor_id":"a1","actor_name":"佐藤",'
        '"details":{"n":[1,2.5,null,true],"reason":"退職"},'
        f'"id":"{event.public_id}","ip_address":"2001:db8::1","occurred_at":"2026-01-31T09:05:00.000000Z",'
        f'"prev_hash":"{"0" * 64}","recorded_at":"{recorded_at}","seq":1,"target_id":"b2",'
        f'"target_name":"Su\\"zuki","target_type":"user","tenant":"{tenant.public_id}","v":1}}'
    )
    assert chain_of(tenant)[0].hash == hashlib.sha256(line.encode()).hexdigest()


text = st.text(max_size=20)
times = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-5))]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=10,
)
contents = st.tuples(
    text, times, times, text, text, text, st.none() | text, text, text, text, st.dictionaries(text, json_values)
)


@settings(max_examples=50, deadline=None)
@given(contents)
def test_a_line_is_one_line_and_says_everything(content: tuple[Any, ...]) -> None:
    line = event_line("tenant", content, seq=7, prev_hash=GENESIS)
    assert b"\n" not in line
    said = json.loads(line)
    assert (said["details"], said["actor_name"], said["ip_address"]) == (content[-1], content[5], content[6])
    assert datetime.fromisoformat(said["occurred_at"]) == content[1]
    assert list(said) == sorted(said)


@settings(max_examples=50, deadline=None)
@given(contents, st.integers(0, 10), st.data())
def test_whatever_is_changed_changes_the_line(content: tuple[Any, ...], place: int, data: st.DataObject) -> None:
    other = data.draw(contents.filter(lambda drawn: drawn[place] != content[place]))
    changed = (*content[:place], other[place], *content[place + 1 :])
    assert event_line("t", content, seq=1, prev_hash=GENESIS) != event_line("t", changed, seq=1, prev_hash=GENESIS)


@settings(max_examples=50, deadline=None)
@given(contents)
def test_an_instant_has_one_form_whatever_the_time_zone(content: tuple[Any, ...]) -> None:
    moved = tuple(each.astimezone(UTC) if isinstance(each, datetime) else each for each in content)
    assert event_line("t", content, seq=1, prev_hash=GENESIS) == event_line("t", moved, seq=1, prev_hash=GENESIS)


def test_tenants_have_chains_of_their_own(tenant: Tenant, other_tenant: Tenant) -> None:
    record(tenant, 2)
    record(other_tenant, 1)
    assert seal_all() == 3
    assert (tip(tenant).seq, tip(other_tenant).seq) == (2, 1)


def test_an_event_that_is_committed_late_is_sealed_late_and_not_skipped(tenant: Tenant) -> None:
    early, late = record(tenant, 2)
    with tenant_context(tenant):
        hidden = AuditEvent.objects.filter(pk=early.pk)
        row = hidden.values().get()
        hidden.delete()  # as a sealer sees it whose transaction began before the other one was committed
    seal(tenant)
    with tenant_context(tenant):
        AuditEvent.objects.create(**row)
    seal(tenant)
    assert [(each.pk, each.seq) for each in chain_of(tenant)] == [(late.pk, 1), (early.pk, 2)]
    assert findings(tenant) == []


def test_batches_join_up(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SQLITE_BATCH", "POSTGRESQL_BATCH"):
        monkeypatch.setattr(sealing, name, 3)
    make_chain(tenant, 10)
    assert findings(tenant) == []


def test_sealing_again_does_nothing(tenant: Tenant) -> None:
    before = [(each.pk, each.hash) for each in make_chain(tenant, 3)]
    assert seal(tenant) == 0
    assert [(each.pk, each.hash) for each in chain_of(tenant)] == before


def test_a_crash_in_the_middle_of_a_batch_leaves_nothing_half_sealed(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tenant, 3)
    with monkeypatch.context() as crashing, pytest.raises(ZeroDivisionError):
        crashing.setattr(sealing, "_write", lambda seals: [sealing.Link(1, ""), 1 / 0])
        seal(tenant)
    assert chain_of(tenant) == []
    assert seal(tenant) == 3
    assert findings(tenant) == []


def test_a_place_is_given_once(tenant: Tenant) -> None:
    make_chain(tenant, 2)
    with tenant_context(tenant), pytest.raises(IntegrityError), transaction.atomic():
        AuditEvent.objects.create(tenant=tenant, occurred_at=AT, action="forged", seq=2)


def test_one_damaged_log_does_not_keep_others_from_sealing(
    tenant: Tenant, other_tenant: Tenant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    record(tenant, 1)
    record(other_tenant, 1)

    def damaged(each: Tenant) -> Link:
        if each == tenant:
            raise ChainError("damaged")
        return tip(each)

    monkeypatch.setattr(sealing, "tip", damaged)
    assert seal_all() == 1
    assert "seal_failed" in caplog.text
    assert (chain_of(tenant), len(chain_of(other_tenant))) == ([], 1)


def test_unsealed_events_are_noticed_after_a_minute(
    tenant: Tenant, other_tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    assert oldest_unsealed(tenant) is None
    event = record(tenant, 1)[0]
    assert oldest_unsealed(tenant) == event.recorded_at
    assert alarm_unsealed(now=now()) == 0
    assert alarm_unsealed(now=now() + timedelta(seconds=61)) == 1
    assert "audit_unsealed" in caplog.text
    assert "acme" in caplog.text
    seal(tenant)
    assert oldest_unsealed(tenant) is None
    assert alarm_unsealed(now=now() + timedelta(seconds=61)) == 0


def test_a_buried_range_leaves_a_tombstone_and_the_chain_verifies(tenant: Tenant) -> None:
    links = make_chain(tenant, 10)
    (stone,) = bury(tenant, events(tenant, 1, 2, 3), certificate=None)
    assert (stone.first_seq, stone.last_seq, stone.prev_hash, stone.last_hash) == (1, 3, GENESIS, links[2].hash)
    assert [each.seq for each in chain_of(tenant)] == [4, 5, 6, 7, 8, 9, 10]
    assert findings(tenant) == []


def test_what_is_held_stays_between_tombstones(tenant: Tenant) -> None:
    make_chain(tenant, 10)
    stones = bury(tenant, events(tenant, 1, 2, 4, 6, 7, 10).order_by("-pk"), certificate=None)
    assert [(each.first_seq, each.last_seq) for each in stones] == [(1, 2), (4, 4), (6, 7), (10, 10)]
    assert findings(tenant) == []


def test_a_tombstone_grows_with_the_purge_that_laid_it(tenant: Tenant) -> None:
    make_chain(tenant, 6)
    with tenant_context(tenant):
        certificate = begin_certificate(tenant, cause="retention", before=now())
        for numbers in ((1, 2), (3, 4), (6,)):
            bury(tenant, events(tenant, *numbers), certificate=certificate)
        bury(tenant, events(tenant, 5), certificate=None)
        ranges = AuditTombstone.objects.order_by("first_seq").values_list("first_seq", "last_seq", "certificate")
        assert list(ranges) == [(1, 4, certificate.pk), (5, 5, None), (6, 6, certificate.pk)]
    assert findings(tenant) == []


def test_the_chain_goes_on_where_everything_is_buried(tenant: Tenant) -> None:
    links = make_chain(tenant, 3)
    bury(tenant, events(tenant, 1, 2, 3), certificate=None)
    assert tip(tenant) == Link(3, links[-1].hash)
    record(tenant, 1)
    seal(tenant)
    assert [(each.seq, each.prev_hash) for each in chain_of(tenant)] == [(4, links[-1].hash)]
    assert findings(tenant) == []


def test_an_unsealed_event_cannot_be_buried(tenant: Tenant) -> None:
    make_chain(tenant, 2)
    record(tenant, 1)
    with pytest.raises(UnsealedEvents, match="not sealed"):
        bury(tenant, AuditEvent.objects.for_tenant(tenant), certificate=None)
    with tenant_context(tenant):
        assert AuditEvent.objects.count() == 3
        assert not AuditTombstone.objects.exists()


@pytest.mark.parametrize("change", [{"action": "forged"}, {"hash": "f" * 64}, {"prev_hash": "f" * 64}], ids=str)
def test_evidence_of_tampering_is_not_buried(tenant: Tenant, change: dict[str, str]) -> None:
    make_chain(tenant, 4)
    with unguarded(), tenant_context(tenant):
        events(tenant, 3).update(**change)
    with pytest.raises(BrokenChain, match="#3"):
        bury(tenant, events(tenant, 2, 3, 4), certificate=None)
    assert len(chain_of(tenant)) == 4


def test_events_of_another_tenant_are_not_buried(tenant: Tenant, other_tenant: Tenant) -> None:
    """SQLite: refused. PostgreSQL: row-level security does not even show them."""
    make_chain(other_tenant, 2)
    with tenant_context(other_tenant), suppress(ValueError):
        assert bury(tenant, AuditEvent.objects.for_tenant(other_tenant), certificate=None) == []
    assert [each.seq for each in chain_of(other_tenant)] == [1, 2]
