"""Admintool's pages about keeping records."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Approval, Role, SecuritySettings, User
from accounts.services.approvals import approve
from audit.certificates import is_genuine
from audit.events import Actor
from audit.models import AuditEvent, Disclosure, LegalHold
from audit.offline import verify
from audit.sealing import seal
from conferences.models import Room
from tenants.context import tenant_context
from tenants.inventory import ENTRIES
from tenants.models import Tenant
from tests.admintool.conftest import sign_in, url
from tests.admintool.record_rows import make_certificate, make_disclosure, make_hold
from tests.audit.records import make_attendance
from tests.factories import make_admin

DAY = timedelta(days=1)


@pytest.fixture
def others(tenant: Tenant) -> list[Client]:
    """Two more administrators, signed in."""
    return [sign_in(english(), make_admin(tenant, login_id)) for login_id in ("second", "third")]


def english() -> Client:
    client = Client()
    client.cookies["liveon_language"] = "en"
    return client


def text_of(client: Client, name: str, **ids: str) -> str:
    answer = client.get(url(name, **ids))
    assert answer.status_code == 200
    return answer.content.decode()


def said(answer: object) -> str:
    """The messages of the page that a redirect leads to."""
    return " ".join(str(message) for message in answer.context["messages"])


def test_first_page_says_how_long_records_are_kept(admin_client: Client, tenant: Tenant) -> None:
    Tenant.objects.update(retention_days=400)
    make_hold(tenant)
    page = text_of(admin_client, "records")
    assert "kept for 400 days" in page
    assert timezone.localtime(timezone.now() - 400 * DAY).strftime("%Y-%m-%d") in page


def test_events_that_nobody_seals_are_an_alarm_for_the_administrators(admin_client: Client, tenant: Tenant) -> None:
    for page in ("overview", "records"):
        assert "waiting to be sealed" not in text_of(admin_client, page)
    seal(tenant)
    with tenant_context(tenant):
        earlier = timezone.now() - timedelta(minutes=2)
        AuditEvent.objects.create(tenant=tenant, action="user_disabled", occurred_at=earlier, recorded_at=earlier)
    for page in ("overview", "records"):
        assert "waiting to be sealed" in text_of(admin_client, page)


def test_hold_is_placed_on_a_user_a_room_and_days(admin_client: Client, admin: User, member: User, room: Room) -> None:
    values = {"case_number": "2026-17", "reason": "court", "login_id": "MEMBER", "room": room.public_id}
    days = {"date_from": "2026-01-01", "date_to": "2026-01-31"}
    answer = admin_client.post(url("hold-place"), values | days, follow=True)
    assert "2026-17 is in force" in said(answer)
    hold = LegalHold.objects.get()
    assert (hold.user_id, hold.room_id, hold.placed_by) == (member.public_id, room.public_id, "Aoki Admin")
    page = answer.content.decode()
    assert "User: Mori Member" in page
    assert "Until 2026-02-01 00:00" in page


def test_hold_without_conditions_keeps_everything(admin_client: Client) -> None:
    answer = admin_client.post(url("hold-place"), {"case_number": "1"}, follow=True)
    assert "All records" in answer.content.decode()


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "This field is required"),
        ({"case_number": "1", "login_id": "stranger"}, "There is no user"),
        ({"case_number": "1", "room": "nowhere"}, "Select a valid choice"),
        ({"case_number": "1", "date_from": "2026-02-01", "date_to": "2026-01-01"}, "before the beginning"),
        ({"case_number": "1", "date_to": "9999-12-31"}, "century"),
        ({"case_number": "1", "date_to": "soon"}, "Enter a valid date"),
    ],
)
def test_hold_that_makes_no_sense_says_why(
    admin_client: Client, stranger: User, values: dict[str, str], text: str
) -> None:
    answer = admin_client.post(url("hold-place"), values)
    assert text in answer.content.decode()
    assert not LegalHold.objects.exists()


def test_lifting_says_what_will_be_deleted_and_asks(admin_client: Client, tenant: Tenant) -> None:
    hold = make_hold(tenant, user_id="mori", user_name="Mori")
    long_ago = timezone.now() - 400 * DAY
    make_attendance(tenant, user_id="mori", joined_at=long_ago, left_at=long_ago)
    assert "1 stay in a meeting that it keeps is past its time" in text_of(
        admin_client, "hold-lift", hold_id=hold.public_id
    )
    hold.refresh_from_db()
    assert hold.lifted_at is None
    answer = admin_client.post(url("hold-lift", hold_id=hold.public_id), follow=True)
    assert "is lifted" in said(answer)
    hold.refresh_from_db()
    assert hold.lifted_by == "Aoki Admin"
    again = admin_client.post(url("hold-lift", hold_id=hold.public_id), follow=True)
    assert "lifted already" in said(again)


def test_lifting_with_four_eyes_waits_for_another_administrator(
    admin_client: Client, admin: User, tenant: Tenant
) -> None:
    SecuritySettings.objects.create(tenant=tenant, four_eyes=True)
    hold, second = make_hold(tenant), make_admin(tenant, "second")
    answer = admin_client.post(url("hold-lift", hold_id=hold.public_id), follow=True)
    assert "Another administrator must approve" in said(answer)
    hold.refresh_from_db()
    assert hold.lifted_at is None
    approve(Approval.objects.get(), actor=Actor(id=second.public_id, name=second.name), decided_by=second)
    hold.refresh_from_db()
    assert hold.lifted_by == second.name


def test_disclosure_from_request_to_file(
    admin_client: Client, admin: User, member: User, tenant: Tenant, others: list[Client]
) -> None:
    make_attendance(tenant, user_id=member.public_id, name="Mori Member", joined_at=timezone.now() - DAY)
    values = {"case_number": "2026 (wa) 17", "reason": "Order of a court", "login_id": "member"}
    answer = admin_client.post(url("disclosure-request"), values, follow=True)
    assert "Two other administrators must approve" in said(answer)
    ids = {"disclosure_id": Disclosure.objects.get().public_id}
    for client in others:
        assert "Order of a court" in text_of(client, "disclosure", **ids)
        answer = client.post(url("disclosure-decide", **ids), {"decision": "approve"}, follow=True)
        assert "approval is recorded" in said(answer)
    answer = admin_client.get(url("disclosure-download", **ids))
    assert answer["Content-Disposition"] == f'attachment; filename="disclosure-{ids["disclosure_id"]}.zip"'
    assert answer["Cache-Control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as archive:
        assert "Mori Member" in archive.read("attendance.csv").decode()
        assert archive.read("verify.py")
    exported = AuditEvent.objects.get(action="disclosure_exported")
    assert exported.actor_id == admin.public_id
    assert Disclosure.objects.get().sha256 in text_of(admin_client, "disclosure", **ids)


def test_nothing_is_downloaded_once_somebody_who_approved_is_no_administrator(
    admin_client: Client, admin: User, others: list[Client], tenant: Tenant
) -> None:
    ids = {"disclosure_id": make_disclosure(admin).public_id}
    for client in others:
        client.post(url("disclosure-decide", **ids), {"decision": "approve"})
    approver = Disclosure.objects.get().approvals[0]["id"]
    User.objects.for_tenant(tenant).filter(username=approver).update(role=Role.MEMBER)
    answer = admin_client.get(url("disclosure-download", **ids), follow=True)
    assert "no longer an administrator" in said(answer)
    assert not AuditEvent.objects.filter(action="disclosure_exported").exists()


def test_nothing_is_downloaded_before_two_approvals(admin_client: Client, admin: User, others: list[Client]) -> None:
    ids = {"disclosure_id": make_disclosure(admin).public_id}
    others[0].post(url("disclosure-decide", **ids), {"decision": "approve"})
    answer = admin_client.get(url("disclosure-download", **ids), follow=True)
    assert "must approve this request first" in said(answer)
    assert "Download" not in text_of(admin_client, "disclosure", **ids).replace("Downloaded", "")
    assert not AuditEvent.objects.filter(action="disclosure_exported").exists()


def test_who_asked_is_offered_no_approval_and_gets_none(admin_client: Client, admin: User) -> None:
    ids = {"disclosure_id": make_disclosure(admin).public_id}
    assert 'value="approve"' not in text_of(admin_client, "disclosure", **ids)
    answer = admin_client.post(url("disclosure-decide", **ids), {"decision": "approve"}, follow=True)
    assert "other than the one who asked" in said(answer)
    assert Disclosure.objects.get().approvals == []


def test_who_has_approved_is_offered_no_second_approval(admin: User, others: list[Client]) -> None:
    ids = {"disclosure_id": make_disclosure(admin).public_id}
    others[0].post(url("disclosure-decide", **ids), {"decision": "approve"})
    assert 'value="approve"' not in text_of(others[0], "disclosure", **ids)
    answer = others[0].post(url("disclosure-decide", **ids), {"decision": "approve"}, follow=True)
    assert "each of them once" in said(answer)
    assert len(Disclosure.objects.get().approvals) == 1


def test_refused_disclosure_gives_nothing(admin: User, others: list[Client]) -> None:
    ids = {"disclosure_id": make_disclosure(admin).public_id}
    answer = others[0].post(url("disclosure-decide", **ids), {"decision": "refuse"}, follow=True)
    assert "Nothing is disclosed" in said(answer)
    answer = others[1].post(url("disclosure-decide", **ids), {"decision": "approve"}, follow=True)
    assert "decided already" in said(answer)
    assert "must approve" in said(others[1].get(url("disclosure-download", **ids), follow=True))


def test_neither_approval_nor_refusal_changes_nothing(admin: User, others: list[Client]) -> None:
    ids = {"disclosure_id": make_disclosure(admin).public_id}
    assert "Choose" in said(others[0].post(url("disclosure-decide", **ids), follow=True))
    assert Disclosure.objects.get().is_waiting


def test_too_few_administrators_are_told_before_they_ask(admin_client: Client) -> None:
    assert "has 1 active administrator" in text_of(admin_client, "disclosure-request")


def test_certificates_are_listed_and_downloaded(admin_client: Client, tenant: Tenant) -> None:
    certificate = make_certificate(tenant)
    page = text_of(admin_client, "certificates")
    assert certificate.public_id in page
    assert "Valid" in page
    answer = admin_client.get(url("certificate-download", certificate_id=certificate.public_id))
    document = json.loads(answer.content)
    assert verify.is_signature(document["public_key"], document["signature"], document["body"])
    assert AuditEvent.objects.filter(action="certificate_downloaded").count() == 1


def test_changed_certificate_is_shown_as_not_valid(admin_client: Client, tenant: Tenant) -> None:
    certificate = make_certificate(tenant)
    certificate.body = certificate.body.replace('"count":1', '"count":0')
    certificate.save()
    assert not is_genuine(certificate)
    assert "Not valid" in text_of(admin_client, "certificates")


def test_certificate_under_way_is_none_yet(admin_client: Client, tenant: Tenant) -> None:
    certificate = make_certificate(tenant)
    certificate.signature = ""
    certificate.save()
    assert "Nothing has been deleted yet" in text_of(admin_client, "certificates")
    assert admin_client.get(url("certificate-download", certificate_id=certificate.public_id)).status_code == 404


def test_inventory_shows_every_table(admin_client: Client) -> None:
    page = text_of(admin_client, "inventory")
    assert [entry.label for entry in ENTRIES if entry.label not in page] == []


@pytest.mark.parametrize("name", ["records", "holds", "disclosures", "certificates", "inventory", "hold-place"])
def test_pages_speak_japanese(admin_client: Client, name: str) -> None:
    admin_client.cookies["liveon_language"] = "ja"
    page = text_of(admin_client, name)
    assert "記録の保存" in page
    assert "Legal hold" not in page
