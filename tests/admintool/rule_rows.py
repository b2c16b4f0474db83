"""Rows of rules for tests: a class, a request that waits."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Approval, User
from conferences.models import MeetingClass
from tenants.models import Tenant


def make_class(tenant: Tenant, name: str = "Confidential", **fields: Any) -> MeetingClass:
    return MeetingClass.objects.create(tenant=tenant, name=name, **fields)


def make_approval(asking: User, **fields: Any) -> Approval:
    """What `asking` asks for: that no guests are allowed."""
    now = timezone.now()
    values = {"kind": "security_settings", "summary": "No guests.", "payload": {"guests_allowed": False}, **fields}
    return Approval.objects.create(
        tenant=asking.tenant,
        requested_by=asking,
        requested_at=now,
        expires_at=now + timedelta(hours=72),
        **values,
    )
