"""What Celery runs for accounts (the schedule is in `liveon/celery.py`)."""

from celery import shared_task
from django.utils import timezone

from accounts import approval_mails
from accounts.services.approvals import expire_approvals
from accounts.services.logins import forget_expired_logins
from tenants.models import Tenant


@shared_task
def forget_expired_logins_nightly() -> int:
    """Delete logins whose time has run out. Returns how many."""
    return forget_expired_logins()


@shared_task
def mail_approval(tenant_pk: int, approval_pk: int) -> int:
    """Tell the other administrators of a request. Returns how many were told."""
    return approval_mails.mail_approval(Tenant.objects.get(pk=tenant_pk), approval_pk)


@shared_task
def expire_approvals_hourly() -> int:
    """Close the requests that nobody decided in time, of all tenants. Returns how many."""
    return sum(expire_approvals(tenant, now=timezone.now()) for tenant in Tenant.objects.order_by("pk"))
