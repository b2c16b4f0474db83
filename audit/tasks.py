"""What Celery runs for audit (the schedule is in `liveon/celery.py`)."""

import logging

from celery import shared_task
from django.utils import timezone

from audit.heads import sign_heads
from audit.partitions import make_partitions
from audit.retention import PurgeRefused, purge_audit
from audit.sealing import alarm_unsealed
from audit.terms import forget_terms
from tenants.models import Tenant

logger = logging.getLogger(__name__)


@shared_task
def make_partitions_monthly() -> None:
    """Make the partitions of the months to come (PostgreSQL); `migrate` does it too."""
    make_partitions()


@shared_task
def purge_audit_nightly() -> None:
    """Purge every tenant up to the retention horizon; a run that finds another at work leaves it to that one."""
    try:
        report = purge_audit(dry_run=False)
    except PurgeRefused as refused:
        logger.warning("Nightly purge skipped: %s", refused)
        return
    for purge in report.tenants:
        if purge.problem:
            logger.error("Nightly purge: %s", purge.problem)
    logger.info("Nightly purge: %d rows deleted", sum(sum(each.deleted.values()) for each in report.tenants))


@shared_task
def sign_heads_daily() -> int:
    """Sign the heads of the days (UTC) that have ended, also those missed. Runs hourly. Returns how many."""
    return sum(len(sign_heads(tenant, now=timezone.now())) for tenant in Tenant.objects.order_by("pk"))


@shared_task
def alarm_unsealed_events() -> int:
    """Log an error for each tenant whose events are not sealed: should the sealer itself hang, nobody else would."""
    return alarm_unsealed(now=timezone.now())


@shared_task
def forget_terms_nightly() -> int:
    """Forget the names that no record holds any more. Returns how many."""
    return sum(forget_terms(tenant) for tenant in Tenant.objects.order_by("pk"))
