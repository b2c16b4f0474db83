"""Celery tasks of the conferences."""

import logging

from celery import shared_task
from django.utils import timezone

from audit.locks import exclusive
from audit.usage import count_usage
from conferences.cap_mails import warn_of_caps
from conferences.services.reaping import reap_silent
from tenants.models import Tenant

logger = logging.getLogger(__name__)


@shared_task
def reap() -> int:
    """Every 60 s: close what a crashed web process left open. Returns how much there was."""
    return sum(reap_silent(tenant, now=timezone.now()) for tenant in Tenant.objects.order_by("pk"))


@shared_task
def count_usage_hourly() -> int:
    """Sum up what each tenant uses and warn of its soft caps. Returns of how many caps it warned."""
    with exclusive("count-usage") as held:
        return sum(_count_usage(tenant) for tenant in Tenant.objects.order_by("pk")) if held else 0


def _count_usage(tenant: Tenant) -> int:
    now = timezone.now()
    count_usage(tenant, now=now)
    try:
        return warn_of_caps(tenant, now=now)
    except OSError as error:  # smtplib's errors are OSErrors; the other tenants' mails still go out
        logger.error("Warning of %s not mailed: %s", tenant.slug, error)
        return 0
