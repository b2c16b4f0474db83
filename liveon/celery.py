"""The Celery application and its timetable (static: docs/adr/0011)."""

import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liveon.settings")

app = Celery("liveon")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "reap": {"task": "conferences.tasks.reap", "schedule": 60.0, "options": {"expires": 55}},
    "forget-expired-logins": {
        "task": "accounts.tasks.forget_expired_logins_nightly",
        "schedule": crontab(hour=2, minute=45),
    },
    "expire-approvals": {"task": "accounts.tasks.expire_approvals_hourly", "schedule": crontab(minute=20)},
    "make-partitions": {
        "task": "audit.tasks.make_partitions_monthly",
        "schedule": crontab(day_of_month="1,15", hour=2, minute=15),
    },
    # the first run after midnight UTC signs, the others find what it missed
    "sign-heads": {"task": "audit.tasks.sign_heads_daily", "schedule": crontab(minute=5)},
    "mail-heads": {"task": "accounts.tasks.mail_heads_hourly", "schedule": crontab(minute=10)},
    "alarm-unsealed": {"task": "audit.tasks.alarm_unsealed_events", "schedule": 60.0, "options": {"expires": 55}},
    "continue-user-imports": {
        "task": "accounts.tasks.continue_user_imports",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "forget-user-imports": {
        "task": "accounts.tasks.forget_user_imports_nightly",
        "schedule": crontab(hour=2, minute=50),
    },
    "count-usage": {"task": "conferences.tasks.count_usage_hourly", "schedule": crontab(minute=35)},
    "purge-audit": {"task": "audit.tasks.purge_audit_nightly", "schedule": crontab(hour=3, minute=15)},
    "forget-terms": {"task": "audit.tasks.forget_terms_nightly", "schedule": crontab(hour=4, minute=40)},
}


@setup_logging.connect
def _use_django_logging(**_kwargs: Any) -> None:
    """Celery would install handlers of its own; Django's LOGGING is in force already."""


def make_broker_folders() -> None:
    """The filesystem broker's folders (embedded default): Celery does not make them."""
    options = app.conf.broker_transport_options or {}
    for key in ("data_folder_in", "data_folder_out", "control_folder"):
        if key in options:
            Path(options[key]).mkdir(parents=True, exist_ok=True)
    Path(app.conf.beat_schedule_filename).parent.mkdir(parents=True, exist_ok=True)
