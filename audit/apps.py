"""The app's configuration."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "audit"

    def ready(self) -> None:
        from audit import lookups  # noqa: F401  (`migrate` has to know them)

        post_migrate.connect(_prepare_tables, sender=self)


def _prepare_tables(*, plan: Any = None, using: str = "default", **_more: Any) -> None:
    """After `migrate` (`flush`, which has no plan, sends the same signal).

    No month is to begin without a partition, and no event is to be changed.
    """
    from audit.guard import guard_events
    from audit.models import Attendance
    from audit.partitions import make_partitions, partition_months

    if plan is None:
        return
    guard_events(using)
    if partition_months(Attendance):  # none before the migration that makes the first ones
        make_partitions()
