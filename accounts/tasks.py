"""What Celery runs for accounts (the schedule is in `liveon/celery.py`)."""

import logging

from celery import shared_task
from django.utils import timezone

from accounts import approval_mails, break_glass, head_mails
from accounts.services import resets
from accounts.services.approvals import expire_approvals
from accounts.services.logins import forget_expired_logins
from audit.locks import exclusive
from tenants.models import Tenant

logger = logging.getLogger(__name__)


@shared_task
def forget_expired_logins_nightly() -> int:
    """Delete logins whose time has run out. Returns how many."""
    return forget_expired_logins()


@shared_task
def mail_reset_link(slug: str, login_id: str, ip_address: str) -> bool:
    """Mail a link for a new password, if there is somebody to mail it to. Returns whether there was."""
    return resets.mail_reset_link(slug, login_id=login_id, ip_address=ip_address)


@shared_task
def mail_approval(tenant_pk: int, approval_pk: int) -> int:
    """Tell the other administrators of a request. Returns how many were told."""
    return approval_mails.mail_approval(Tenant.objects.get(pk=tenant_pk), approval_pk)


@shared_task
def mail_break_glass(tenant_pk: int, user_pk: int, at: str, ip_address: str) -> int:
    """Tell the other administrators that a break-glass account was used. Returns how many were told."""
    return break_glass.mail_break_glass(Tenant.objects.get(pk=tenant_pk), user_pk, at, ip_address)


@shared_task
def expire_approvals_hourly() -> int:
    """Close the requests that nobody decided in time, of all tenants. Returns how many."""
    return sum(expire_approvals(tenant, now=timezone.now()) for tenant in Tenant.objects.order_by("pk"))


@shared_task
def mail_heads_hourly() -> int:
    """Mail the heads of the audit logs that nobody was sent yet. Returns how many mails went out."""
    with exclusive("mail-heads") as held:
        return sum(_mail_heads(tenant) for tenant in Tenant.objects.order_by("pk")) if held else 0


def _mail_heads(tenant: Tenant) -> int:
    try:
        return head_mails.mail_heads(tenant, now=timezone.now())
    except OSError as error:  # smtplib's errors are OSErrors; the other tenants' mails still go out
        logger.error("Head of %s not mailed: %s", tenant.slug, error)
        return 0
