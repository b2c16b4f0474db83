"""The head of the audit log goes to the administrators, in their language, as an anchor that verify_audit takes."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils.timezone import now

from accounts.models import User
from accounts.tasks import mail_heads_hourly
from audit.heads import sign_heads
from audit.models import AuditHead
from audit.offline.verify import read_anchors
from audit.verification import verify_tenant
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.audit.chains import make_chain
from tests.factories import make_admin, make_user


@pytest.fixture
def head(tenant: Tenant) -> AuditHead:
    make_chain(tenant, 3)
    return sign_heads(tenant, now=now() + timedelta(days=1))[0]


@pytest.fixture
def admins(tenant: Tenant) -> list[User]:
    make_user(tenant, "member1", email="member@example.org")
    make_admin(tenant, "gone", email="gone@example.org", is_active=False)
    make_admin(tenant, "without")
    return [
        make_admin(tenant, "aoki", email="aoki@example.org", language="ja"),
        make_admin(tenant, "smith", email="smith@example.org", language="en"),
    ]


def mailed_at(tenant: Tenant) -> list[object]:
    with tenant_context(tenant):
        return list(AuditHead.objects.for_tenant(tenant).values_list("mailed_at", flat=True))


def test_every_administrator_with_an_address_gets_the_head(tenant: Tenant, head: AuditHead, admins: list[User]) -> None:
    assert mail_heads_hourly() == 2
    japanese, english = mail.outbox
    assert (japanese.to, english.to) == (["aoki@example.org"], ["smith@example.org"])
    assert "証拠" in japanese.body
    assert "This mail is evidence" in english.body
    assert "Acme" in english.subject
    assert None not in mailed_at(tenant)


def test_the_mail_as_it_is_saved_is_an_anchor(tenant: Tenant, head: AuditHead, admins: list[User]) -> None:
    mail_heads_hourly()
    for message in mail.outbox:
        (anchor,) = read_anchors(message.message().as_bytes())
        assert (anchor["seq"], anchor["hash"]) == (3, head.hash)
        report = verify_tenant(tenant, anchors=[anchor])
        assert (report.findings.lines(), report.anchors, report.marks) == ([], 1, 2)


def test_a_head_is_mailed_once(tenant: Tenant, head: AuditHead, admins: list[User]) -> None:
    mail_heads_hourly()
    assert mail_heads_hourly() == 0
    assert len(mail.outbox) == 2


def test_missed_heads_come_in_one_mail(tenant: Tenant, head: AuditHead, admins: list[User]) -> None:
    sign_heads(tenant, now=now() + timedelta(days=3))
    assert mail_heads_hourly() == 2
    assert len(read_anchors(mail.outbox[0].message().as_bytes())) == 3


def test_a_head_waits_for_an_administrator_with_an_address(tenant: Tenant, head: AuditHead) -> None:
    assert mail_heads_hourly() == 0
    assert mailed_at(tenant) == [None]
    make_admin(tenant, "late", email="late@example.org")
    assert mail_heads_hourly() == 1


def test_a_mail_server_that_refuses_is_tried_again(
    tenant: Tenant,
    head: AuditHead,
    admins: list[User],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_words: object) -> int:
        raise ConnectionRefusedError("no mail server")

    with monkeypatch.context() as broken:
        broken.setattr(EmailBackend, "send_messages", refuse)
        assert mail_heads_hourly() == 0
    assert "no mail server" in caplog.text
    assert mailed_at(tenant) == [None]
    assert mail_heads_hourly() == 2


def test_nobody_is_mailed_another_tenant_s_head(
    tenant: Tenant, head: AuditHead, admins: list[User], other_tenant: Tenant
) -> None:
    make_admin(other_tenant, "spy", email="spy@example.org")
    mail_heads_hourly()
    assert not any("spy@example.org" in message.to for message in mail.outbox)
