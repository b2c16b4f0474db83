"""Daily heads: one a day, missed days caught up, and anchors that survive a mail program."""

import json
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage

import pytest

from audit.chain import bury
from audit.heads import anchor_text, mark_mailed, sign_heads, unmailed_heads
from audit.models import AuditEvent, AuditHead
from audit.offline.verify import read_anchors
from audit.sealing import seal
from audit.tasks import sign_heads_daily
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.audit.chains import chain_of, findings, make_chain, record

pytestmark = pytest.mark.django_db
MIDNIGHT = datetime(2026, 6, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)


def write(tenant: Tenant, at: datetime, count: int = 1) -> None:
    """Events that were written at `at`, sealed."""
    for event in record(tenant, count):
        with tenant_context(tenant):
            row = AuditEvent.objects.filter(pk=event.pk)
            values = row.values().get() | {"recorded_at": at}
            row.delete()
            AuditEvent.objects.create(**values)
    seal(tenant)


def heads(tenant: Tenant) -> list[tuple[date, int]]:
    with tenant_context(tenant):
        return list(AuditHead.objects.for_tenant(tenant).order_by("day").values_list("day", "seq"))


def test_a_head_says_where_the_chain_stood_at_the_end_of_the_day(tenant: Tenant) -> None:
    write(tenant, MIDNIGHT - HOUR, 3)
    write(tenant, MIDNIGHT, 2)
    (head,) = sign_heads(tenant, now=MIDNIGHT + HOUR)
    assert (head.day, head.seq, head.hash) == (date(2026, 6, 15), 3, chain_of(tenant)[2].hash)
    assert findings(tenant) == []


def test_a_day_has_one_head_however_often_it_is_signed(tenant: Tenant) -> None:
    write(tenant, MIDNIGHT - HOUR)
    assert len(sign_heads(tenant, now=MIDNIGHT + HOUR)) == 1
    assert sign_heads(tenant, now=MIDNIGHT + 5 * HOUR) == []


def test_missed_days_are_caught_up_and_a_quiet_day_repeats_the_head(tenant: Tenant) -> None:
    write(tenant, MIDNIGHT - HOUR, 2)
    sign_heads(tenant, now=MIDNIGHT + HOUR)
    write(tenant, MIDNIGHT + 50 * HOUR, 2)
    sign_heads(tenant, now=MIDNIGHT + 73 * HOUR)
    assert heads(tenant) == [(date(2026, 6, 15 + n), seq) for n, seq in enumerate((2, 2, 2, 4))]
    assert findings(tenant) == []


def test_a_first_head_is_that_of_yesterday(tenant: Tenant) -> None:
    write(tenant, MIDNIGHT - timedelta(days=100))
    sign_heads(tenant, now=MIDNIGHT + HOUR)
    assert heads(tenant) == [(date(2026, 6, 15), 1)]


def test_an_empty_chain_has_no_head(tenant: Tenant) -> None:
    assert sign_heads(tenant, now=MIDNIGHT) == []


def test_a_head_of_what_is_all_buried_stands_on_the_tombstone(tenant: Tenant) -> None:
    links = make_chain(tenant, 3)
    with tenant_context(tenant):
        bury(tenant, AuditEvent.objects.for_tenant(tenant), certificate=None)
    (head,) = sign_heads(tenant, now=links[-1].occurred_at + timedelta(days=1))
    assert (head.seq, head.hash) == (3, links[-1].hash)
    assert findings(tenant) == []


def test_the_task_signs_for_every_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    for each in (tenant, other_tenant):
        write(each, MIDNIGHT)
    assert sign_heads_daily() == 2
    assert sign_heads_daily() == 0


def test_heads_are_to_be_mailed_once_and_within_a_week(tenant: Tenant) -> None:
    write(tenant, MIDNIGHT)
    sign_heads_daily()
    (head,) = unmailed_heads(tenant, now=datetime.now(UTC))
    assert unmailed_heads(tenant, now=datetime.now(UTC) + timedelta(days=8)) == []
    mark_mailed(tenant, [head], now=MIDNIGHT)
    assert unmailed_heads(tenant, now=datetime.now(UTC)) == []


@pytest.fixture
def anchor(tenant: Tenant) -> str:
    make_chain(tenant, 2)
    (head,) = sign_heads(tenant, now=datetime.now(UTC) + timedelta(days=1))
    return anchor_text(head)


def as_mail(text: str, encoding: str) -> bytes:
    mail = EmailMessage()
    mail["Subject"] = "監査ログの証明"
    mail.set_content(f"大切に保管してください。\n\n{text}\n", charset="utf-8", cte=encoding)
    return mail.as_bytes()


@pytest.mark.parametrize(
    "broken",
    [
        lambda text: text.encode(),
        lambda text: f"Dear all,\r\n\r\n{text}\r\n-- \r\nAoki".replace("\n", "\r\n").encode(),
        lambda text: "\n".join(f"> {line}" for line in text.splitlines()).encode(),
        lambda text: text.replace('": "', '":\n    "').encode(),
        lambda text: text[:-60].encode() + b"\n" + text[-60:].encode(),
        lambda text: as_mail(text, "base64"),
        lambda text: as_mail(text, "quoted-printable"),
        lambda text: as_mail(text, "8bit"),
    ],
    ids=["text", "crlf", "quoted", "spaced", "wrapped", "base64", "quoted-printable", "8bit"],
)
def test_an_anchor_survives_a_mail_program(tenant: Tenant, anchor: str, broken) -> None:
    (read,) = read_anchors(broken(anchor))
    assert read == json.loads(anchor)
    assert findings(tenant, anchors=[read]) == []


def test_several_anchors_of_one_mail_are_read(anchor: str) -> None:
    other = anchor.replace('"seq": 2', '"seq": 1')
    assert [each["seq"] for each in read_anchors(f"{anchor}\n\n{other}".encode())] == [2, 1]


@pytest.mark.parametrize("content", [b"", b"Good morning", b"{}", b'{"liveon": 1}', b"\xff\xfe\x00"])
def test_a_file_without_an_anchor_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="no head"):
        read_anchors(content)
