import hashlib
import json
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.certificates import (
    FIRST_LINK,
    add_deleted,
    add_month,
    begin_certificate,
    body_of,
    certificate_document,
    chain,
    deleted_counts,
    is_genuine,
    sign_certificate,
    unfinished_certificate,
)
from audit.models import DeletionCertificate
from audit.signing import canonical_json
from tenants.models import Tenant
from tests.audit.records import NOON

DAY = timedelta(days=1)
RETENTION = DeletionCertificate.Cause.RETENTION
ROWS = [{"id": number, "at": NOON + number * DAY} for number in range(5)]


@pytest.fixture
def certificate(tenant: Tenant) -> DeletionCertificate:
    return begin_certificate(tenant, cause=RETENTION, before=NOON)


@pytest.fixture
def signed(certificate: DeletionCertificate) -> DeletionCertificate:
    add_deleted(certificate, "attendances", ROWS, column="at")
    sign_certificate(certificate)
    return certificate


def test_certificate_says_what_was_deleted_of_whom(signed: DeletionCertificate, tenant: Tenant) -> None:
    body = body_of(signed)
    assert body["tenant"] == {"id": tenant.public_id, "slug": "acme", "name": "Acme"}
    assert (body["certificate"], body["cause"], body["before"]) == (
        signed.public_id,
        "retention",
        "2026-06-15T03:00:00Z",
    )
    assert body["software"].startswith("LiveOn ")
    assert body["begun_at"] <= body["finished_at"]
    deleted = body["deleted"]["attendances"]
    assert (deleted["count"], deleted["oldest"], deleted["newest"]) == (
        5,
        "2026-06-15T03:00:00Z",
        "2026-06-19T03:00:00Z",
    )
    assert is_genuine(signed)


def test_hash_is_the_chain_over_the_rows_wherever_the_batches_ended(certificate: DeletionCertificate) -> None:
    for batch in (ROWS[:2], ROWS[2:3], ROWS[3:]):
        add_deleted(certificate, "attendances", batch, column="at")
    link = bytes(32)
    for row in ROWS:
        link = hashlib.sha256(link + canonical_json(row)).digest()
    entry = body_of(certificate)["deleted"]["attendances"]
    assert entry["sha256"] == link.hex() == chain(FIRST_LINK, ROWS)
    assert (entry["count"], entry["newest"]) == (5, "2026-06-19T03:00:00Z")


def test_events_have_the_range_of_their_places(certificate: DeletionCertificate) -> None:
    add_deleted(certificate, "events", [{"seq": 4, "at": NOON}, {"seq": 5, "at": NOON}], column="at")
    add_deleted(certificate, "events", [{"seq": 9, "at": NOON}], column="at")
    entry = body_of(certificate)["deleted"]["events"]
    assert (entry["first_seq"], entry["last_seq"]) == (4, 9)


def test_months_count_like_batches(certificate: DeletionCertificate) -> None:
    add_deleted(certificate, "attendances", ROWS, column="at")
    add_month(certificate, {"kind": "attendances", "month": "2025-01", "count": 7})
    add_month(certificate, {"kind": "bandwidth_samples", "month": "2025-01", "count": 3})
    assert deleted_counts(certificate) == {"attendances": 12, "bandwidth_samples": 3}


def test_certificate_under_way_is_found_and_is_none_yet(certificate: DeletionCertificate, tenant: Tenant) -> None:
    assert unfinished_certificate(tenant, cause=RETENTION) == certificate
    assert unfinished_certificate(tenant, cause=DeletionCertificate.Cause.OFFBOARDING) is None
    assert not is_genuine(certificate)
    sign_certificate(certificate)
    assert unfinished_certificate(tenant, cause=RETENTION) is None


def test_changed_certificate_does_not_verify(signed: DeletionCertificate) -> None:
    body = body_of(signed)
    body["deleted"]["attendances"]["count"] = 4
    signed.body = json.dumps(body)
    assert not is_genuine(signed)


@pytest.mark.parametrize("field", ["signature", "key_id", "public_id"])
def test_certificate_with_another_signature_key_or_name_does_not_verify(
    signed: DeletionCertificate, field: str
) -> None:
    setattr(signed, field, "ab" * 8)
    assert not is_genuine(signed)


def test_certificate_of_another_tenant_does_not_verify(signed: DeletionCertificate, other_tenant: Tenant) -> None:
    signed.tenant = other_tenant
    assert not is_genuine(signed)


def test_broken_body_does_not_verify(signed: DeletionCertificate) -> None:
    signed.body = signed.body[:-1]
    assert not is_genuine(signed)


def test_document_verifies_with_nothing_but_itself_and_the_key(signed: DeletionCertificate) -> None:
    document = json.loads(json.dumps(certificate_document(signed)))
    body = json.dumps(document["body"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(document["public_key"]))
    key.verify(bytes.fromhex(document["signature"]), body)
    with pytest.raises(InvalidSignature):
        key.verify(bytes.fromhex(document["signature"]), body.replace(b'"count":5', b'"count":6'))
