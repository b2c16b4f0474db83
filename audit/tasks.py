"""What Celery runs for audit (the schedule is in `liveon/celery.py`)."""

import logging

from celery import shared_task

from audit.partitions import make_partitions
from audit.retention import PurgeRefused, purge_audit

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
