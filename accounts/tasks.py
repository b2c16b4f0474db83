"""What Celery runs for accounts (the schedule is in `liveon/celery.py`)."""

import logging

from celery import shared_task
from django.utils import timezone

from accounts import approval_mails, break_glass, head_mails
from accounts.services import imports, resets
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


@shared_task
def run_user_import(tenant_pk: int, upload_pk: int) -> str:
    """A slice of an import of users, and the next one after it. Returns how the slice ended."""
    ended = imports.run_import(Tenant.objects.get(pk=tenant_pk), upload_pk)
    if ended == imports.Run.MORE:
        run_user_import.delay(tenant_pk, upload_pk)
    return ended.value


@shared_task
def continue_user_imports() -> int:
    """Go on with imports that nobody runs because their process died, of all tenants. Returns how many."""
    found = [(tenant, pk) for tenant in Tenant.objects.order_by("pk") for pk in imports.running_imports(tenant)]
    for tenant, pk in found:
        run_user_import(tenant.pk, pk)
    return len(found)


@shared_task
def forget_user_imports_nightly() -> int:
    """Cancel previews of imports that nobody started, of all tenants. Returns how many."""
    return sum(imports.forget_abandoned(tenant, now=timezone.now()) for tenant in Tenant.objects.order_by("pk"))
