"""A key that somebody put into the database signs nothing that counts, and no purge buries what a head contradicts."""

import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils.timezone import now

from audit.certificates import begin_certificate, body_of, is_genuine, sign_certificate
from audit.chain import BrokenChain, bury, tombstone_document
from audit.heads import sign_heads
from audit.models import AuditEvent, AuditKey, AuditTombstone, BandwidthSample
from audit.offline.verify import canonical, key_id_of
from audit.signing import canonical_json, public_hex
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.audit.chains import findings, make_chain, make_meeting, recompute
from tests.audit.tampering import unguarded

pytestmark = pytest.mark.django_db


def tampered(act: Any, tenant: Tenant) -> list[str]:
    """What is found after somebody with the database's password did `act`."""
    assert findings(tenant) == []
    with unguarded(), tenant_context(tenant):
        act()
    return findings(tenant)


def sign_as_stranger(document: dict[str, Any]) -> tuple[str, str]:
    """With a key of one's own, which is then put among the known ones."""
    key = Ed25519PrivateKey.generate()
    public = public_hex(key)
    AuditKey.objects.create(key_id=key_id_of(public), public_key=public, created_at=now())
    return key_id_of(public), key.sign(canonical(json.loads(canonical_json(document)))).hex()


def test_a_certificate_that_a_stranger_signed_excuses_nothing(tenant: Tenant) -> None:
    """Whoever can write to the database can add a key to it, but not to the folder with the keys."""
    [first, *_others] = make_meeting(tenant)

    def delete_with_certificate() -> None:
        certificate = begin_certificate(tenant, cause="retention", before=now())
        sign_certificate(certificate)
        certificate.key_id, certificate.signature = sign_as_stranger(body_of(certificate))
        certificate.save()
        assert not is_genuine(certificate)
        BandwidthSample.objects.filter(attendance=first).delete()
        first.delete()

    assert any("attendance_deleted" in line for line in tampered(delete_with_certificate, tenant))


def test_a_purge_signs_no_tombstone_that_a_stranger_laid(tenant: Tenant) -> None:
    make_chain(tenant)
    certificate = begin_certificate(tenant, cause="retention", before=now())

    def delete_with_tombstone() -> None:
        first, last = (AuditEvent.objects.get(seq=seq) for seq in (2, 4))
        stone = AuditTombstone(tenant=tenant, first_seq=2, last_seq=4, prev_hash=first.prev_hash, last_hash=last.hash)
        stone.oldest, stone.newest, stone.signed_at = first.occurred_at, last.occurred_at, now()
        stone.certificate = certificate
        stone.key_id, stone.signature = sign_as_stranger(tombstone_document(stone))
        stone.save()
        AuditEvent.objects.filter(seq__in=(2, 3, 4)).delete()

    before = tampered(delete_with_tombstone, tenant)
    assert any("wrong_key" in line for line in before)
    with tenant_context(tenant):
        bury(tenant, AuditEvent.objects.filter(seq__in=(5, 6)), certificate=certificate)
    assert [line for line in before if "wrong_key" in line] == [
        line for line in findings(tenant) if "wrong_key" in line
    ]


def test_what_was_rewritten_before_a_head_is_not_buried(tenant: Tenant) -> None:
    make_chain(tenant)
    sign_heads(tenant, now=now() + timedelta(days=1))

    def edit_and_rehash_to_the_end() -> None:
        AuditEvent.objects.filter(seq=7).update(target_name="Somebody else")
        recompute(AuditEvent.objects.filter(seq__gte=7).select_related("tenant").order_by("seq"))

    tampered(edit_and_rehash_to_the_end, tenant)
    with tenant_context(tenant), pytest.raises(BrokenChain, match="#10 is not what a head says"):
        bury(tenant, AuditEvent.objects.for_tenant(tenant), certificate=None)
    assert any("rewritten" in line for line in findings(tenant))
