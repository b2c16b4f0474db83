"""What Celery runs for accounts (the schedule is in `liveon/celery.py`)."""

from celery import shared_task

from accounts.services.logins import forget_expired_logins


@shared_task
def forget_expired_logins_nightly() -> int:
    """Delete logins whose time has run out. Returns how many."""
    return forget_expired_logins()
