import io
import json

import pytest
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit import deletion
from audit.certificates import begin_certificate, body_of, deleted_counts, is_genuine
from audit.errors import HoldInForce
from audit.events import SYSTEM
from audit.holds import lift_hold, place_hold
from audit.models import Attendance, AuditEvent, AuditTombstone, DeletionCertificate
from audit.sealing import seal
from conferences.models import GuestPass, Meeting, Participant, ParticipantRole, ParticipantState, Room
from liveon.tenant_erasure import ErasureRefused, end_contract, erase_tenant, erasure_order
from liveon.tenant_export import exported_rows
from tenants.inventory import tenant_entries
from tenants.models import Tenant
from tests.audit.records import join, make_sample
from tests.factories import ADMINTOOL_KEY, make_room, make_user
from tests.killing import kill_until_done


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "SQLITE_PAUSE", 0)


def sign_in(user: User) -> str:
    """A login of the user's; its session key."""
    client = Client()
    client.force_login(user, backend="accounts.backends.TenantBackend")
    session_key = client.session.session_key
    UserSession.objects.get_or_create(
        session_key=session_key, defaults={"user": user, "ip": "192.0.2.1", "user_agent": "Browser"}
    )
    return str(session_key)


@pytest.fixture
def full(tenant: Tenant, admin: User, member: User, room: Room, guest_pass: GuestPass) -> Tenant:
    """A tenant with something in most tables, and somebody who is signed in."""
    sign_in(admin)
    stay = join(tenant, user_id=member.public_id)
    make_sample(stay, stay.joined_at.replace(second=0))
    now = timezone.now()
    meeting = Meeting.objects.create(tenant=tenant, room=room, started_at=now, ended_at=now)
    Participant.objects.create(
        tenant=tenant, meeting=meeting, user=member, name="Mori", role=ParticipantRole.MEMBER,
        state=ParticipantState.LEFT, joined_at=now, last_seen_at=now, left_at=now,
    )  # fmt: skip
    return tenant


@pytest.fixture
def ended(full: Tenant) -> Tenant:
    end_contract(full)
    return full


def what_is_left(tenant: Tenant) -> dict[str, int]:
    counts = {entry.label: exported_rows(tenant, entry).count() for entry in tenant_entries()}
    return {label: count for label, count in counts.items() if count}


def without_terms(counts: dict[str, int]) -> dict[str, int]:
    """PostgreSQL's triggers note the names in every event, also in the one that is left."""
    return {label: count for label, count in counts.items() if label != "audit.LogTerm"}


def proof_only(tenant: Tenant) -> bool:
    proof = {"audit.AuditEvent": 1, "audit.AuditTombstone": 1, "audit.DeletionCertificate": 1}
    return without_terms(what_is_left(tenant)) == proof


def test_end_of_the_contract_shuts_everybody_out_and_keeps_everything(full: Tenant) -> None:
    before = what_is_left(full)
    end_contract(full)
    full.refresh_from_db()
    assert full.ended_at is not None
    assert not full.is_active
    after = what_is_left(full)
    for label in set(before) - {"usersessions.UserSession", "audit.AuditEvent", "audit.LogTerm"}:
        assert after[label] == before[label]
    assert AuditEvent.objects.filter(action="tenant_ended").count() == 1


def test_contract_ends_once(ended: Tenant) -> None:
    at = ended.ended_at
    end_contract(ended)
    ended.refresh_from_db()
    assert ended.ended_at == at
    assert AuditEvent.objects.filter(action="tenant_ended").count() == 1


def test_erasure_leaves_the_proof_and_nothing_else(ended: Tenant, admin: User) -> None:
    session_key = sign_in(admin)
    certificate = erase_tenant(ended)
    assert proof_only(ended)
    assert AuditEvent.objects.get().action == "tenant_erased"
    ended.refresh_from_db()
    assert ended.erased_at is not None
    assert not Session.objects.filter(session_key=session_key).exists()
    assert is_genuine(certificate)
    assert deleted_counts(certificate)["accounts.User"] == 3
    assert body_of(certificate)["cause"] == "offboarding"


def test_erasure_counts_every_row(ended: Tenant) -> None:
    before = what_is_left(ended)
    counts = deleted_counts(erase_tenant(ended))
    before["audit.AuditEvent"] += 1  # that it began
    assert without_terms(counts) == without_terms(before)


def test_chain_goes_on_over_the_tombstone(ended: Tenant) -> None:
    erase_tenant(ended)
    seal(ended)
    tombstone, event = AuditTombstone.objects.get(), AuditEvent.objects.get()
    assert (tombstone.first_seq, tombstone.last_seq + 1) == (1, event.seq)
    assert event.prev_hash == tombstone.last_hash


def test_other_tenants_keep_everything(ended: Tenant, stranger: User) -> None:
    join(stranger.tenant)
    before = what_is_left(stranger.tenant)
    erase_tenant(ended)
    assert what_is_left(stranger.tenant) == before


def test_name_stays_taken_and_the_old_address_is_dead(ended: Tenant) -> None:
    erase_tenant(ended)
    assert Tenant.objects.filter(slug="acme").exists()
    Tenant.objects.update(is_active=True)
    assert Client().get(f"/admintool/{ADMINTOOL_KEY}acme/").status_code == 404


def test_hold_stops_an_erasure(ended: Tenant) -> None:
    hold = place_hold(ended, actor=SYSTEM, case_number="2026-17")
    with pytest.raises(HoldInForce) as raised:
        erase_tenant(ended)
    assert "2026-17" in raised.value.messages[0]
    assert Attendance.objects.exists()
    lift_hold(hold, actor=SYSTEM)
    erase_tenant(ended)
    assert not Attendance.objects.exists()


def test_hold_that_comes_during_an_erasure_stops_it(ended: Tenant) -> None:
    def hold(table: str, _rows: int) -> None:
        if table == "audit.BandwidthSample":
            place_hold(ended, actor=SYSTEM, case_number="2026-17")

    with pytest.raises(HoldInForce):
        erase_tenant(ended, progress=hold)
    assert Attendance.objects.exists()
    assert DeletionCertificate.objects.get().signature == ""


def test_erasure_before_the_end_of_the_contract_is_refused(full: Tenant) -> None:
    with pytest.raises(ErasureRefused, match="has not ended"):
        erase_tenant(full)
    end_contract(full)
    Tenant.objects.update(is_active=True)  # resumed since
    with pytest.raises(ErasureRefused, match="has not ended"):
        erase_tenant(full)
    assert User.objects.exists()


def test_erasure_while_somebody_is_in_a_meeting_is_refused(ended: Tenant) -> None:
    Participant.objects.update(left_at=None, last_seen_at=timezone.now())
    with pytest.raises(ErasureRefused, match="still in a meeting"):
        erase_tenant(ended)
    assert User.objects.exists()


def test_erased_tenant_is_not_erased_again(ended: Tenant) -> None:
    erase_tenant(ended)
    with pytest.raises(ErasureRefused, match="was erased"):
        erase_tenant(ended)
    assert DeletionCertificate.objects.count() == 1


def test_purge_that_was_interrupted_before_gets_its_certificate(ended: Tenant) -> None:
    begin_certificate(ended, cause=DeletionCertificate.Cause.RETENTION, before=timezone.now())
    erase_tenant(ended)
    assert {is_genuine(each) for each in DeletionCertificate.objects.all()} == {True}
    assert DeletionCertificate.objects.count() == 2


def test_rows_go_before_those_that_they_refer_to() -> None:
    order = [entry.label for entry in erasure_order()]
    assert set(order) == {entry.label for entry in tenant_entries() if entry.is_erased}
    for label in order:
        for field in apps.get_model(label)._meta.concrete_fields:
            if field.is_relation and field.related_model._meta.label in order:
                assert order.index(label) < order.index(field.related_model._meta.label)


def command(*words: str) -> str:
    stdout = io.StringIO()
    call_command("offboard_tenant", *words, stdout=stdout, stderr=io.StringIO())
    return stdout.getvalue()


def test_command_keeps_by_default(full: Tenant) -> None:
    printed = json.loads(command("acme", "--json"))
    assert (printed["tenant"], printed["erased"]) == ("acme", False)
    assert User.objects.exists()


@pytest.mark.parametrize("words", [["--erase"], ["--erase", "--confirm", "globex"]])
def test_command_erases_only_with_the_name_again(full: Tenant, words: list[str]) -> None:
    with pytest.raises(CommandError, match="--confirm acme"):
        command("acme", *words)
    full.refresh_from_db()
    assert full.ended_at is None
    assert User.objects.exists()


def test_command_prints_the_certificate(full: Tenant) -> None:
    printed = json.loads(command("acme", "--erase", "--confirm", "acme", "--json"))
    assert printed["erased"] is True
    assert printed["certificate"]["body"]["tenant"]["slug"] == "acme"
    assert printed["certificate"]["signature"] == DeletionCertificate.objects.get().signature != ""


def test_command_says_in_one_line_that_a_hold_is_in_force(ended: Tenant) -> None:
    place_hold(ended, actor=SYSTEM, case_number="2026-17")
    with pytest.raises((CommandError, ValidationError), match="2026-17") as raised:
        command("acme", "--erase", "--confirm", "acme")
    assert "\n" not in str(raised.value)


@pytest.mark.timeout(180)
@pytest.mark.django_db(transaction=True)
def test_killed_erasure_is_simply_repeated(ended: Tenant, stranger: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "SQLITE_BATCH", 5)
    monkeypatch.setattr(deletion, "POSTGRESQL_BATCH", 5)
    for number in range(12):
        make_room(ended, hosts=(make_user(ended, f"user-{number}"),))
    join(stranger.tenant)
    expected, foreign = what_is_left(ended), what_is_left(stranger.tenant)

    def erase() -> None:
        tenant = Tenant.objects.get(slug="acme")
        if not tenant.erased_at:
            erase_tenant(tenant)

    kill_until_done(erase, statements=400, kills=20)
    assert proof_only(ended)
    certificate = DeletionCertificate.objects.get()
    assert is_genuine(certificate)
    expected["audit.AuditEvent"] += 1  # that it began
    assert without_terms(deleted_counts(certificate)) == without_terms(expected)
    assert what_is_left(stranger.tenant) == foreign
