"""Rows of the records' pages for tests: a hold, a request for a disclosure, a signed certificate."""

from typing import Any

from django.utils import timezone

from accounts.models import User
from audit.certificates import add_deleted, begin_certificate, sign_certificate
from audit.models import DeletionCertificate, Disclosure, LegalHold
from tenants.models import Tenant


def make_hold(tenant: Tenant, **fields: Any) -> LegalHold:
    values = {"case_number": "2026-17", "placed_at": timezone.now(), "placed_by": "Aoki Admin", **fields}
    return LegalHold.objects.create(tenant=tenant, **values)


def make_disclosure(asking: User, **fields: Any) -> Disclosure:
    """What `asking` asks for."""
    values = {"case_number": "2026 (wa) 17", "reason": "Order of a court", "requested_at": timezone.now(), **fields}
    return Disclosure.objects.create(
        tenant=asking.tenant, requested_by_id=asking.public_id, requested_by_name=asking.name, **values
    )


def make_certificate(tenant: Tenant) -> DeletionCertificate:
    """Of a purge that deleted one attendance."""
    now = timezone.now()
    certificate = begin_certificate(tenant, cause=DeletionCertificate.Cause.RETENTION, before=now)
    add_deleted(certificate, "attendances", [{"id": 1, "joined_at": now}], column="joined_at")
    sign_certificate(certificate)
    return certificate
