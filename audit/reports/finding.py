"""Which rows of a log match a search.

On PostgreSQL a text is looked up among the names that occur (`LogTerm`): the rows are then found by whole names, in the
order of an index. SQLite, which is small, compares every row.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from audit.models import LogTerm
from audit.reports.logs import Condition, Log
from audit.reports.search import Search, time_range
from tenants.models import Tenant

MOST_NAMES = 500  # more than that match much: reading the log from its newest row soon fills a page


@dataclass(frozen=True)
class Wanted:
    """`exact` is the condition on rows; `values` are what `column` can hold in them, None when they are unknown."""

    column: str
    exact: Q
    values: list[str] | None = None

    @property
    def leads(self) -> bool:
        """Whether there is an index that goes from value to value."""
        return self.values is not None and len(self.values) <= MOST_NAMES

    @property
    def condition(self) -> Q:
        return self.exact & Q((f"{self.column}__in", self.values)) if self.leads else self.exact


@dataclass(frozen=True)
class Found:
    """The rows of `log` that match: those of `base` that fulfil all of `wanted`. None is of `until` or later."""

    log: Log
    tenant: Tenant
    base: QuerySet[Any]
    wanted: list[Wanted]
    until: datetime

    @property
    def rows(self) -> QuerySet[Any]:
        """All of them, newest first."""
        rows = self.base.none() if self.is_empty else self.base
        for each in self.wanted:
            rows = rows.filter(each.condition)
        return rows.order_by(f"-{self.log.time}", "-pk")

    @property
    def is_empty(self) -> bool:
        return any(each.values == [] for each in self.wanted)


def find(log: Log, tenant: Tenant, *, search: Search, now: datetime) -> Found:
    """What of the tenant's log matches, never older than the view's horizon. In the tenant's context."""
    base = log.model._default_manager.filter(tenant=tenant)
    since, until = time_range(search, tenant=tenant, now=now)
    base = base.filter((f"{log.time}__gte", since), (f"{log.time}__lt", until))
    if search.stay:
        base = base.filter(attendance__public_id=search.stay)
    return Found(log, tenant, base, [_wanted(tenant, each) for each in log.conditions(search)], until)


def _wanted(tenant: Tenant, condition: Condition) -> Wanted:
    subject = condition.subject
    exact = condition.matches(subject.key, subject.text)
    if connection.vendor != "postgresql":
        return Wanted(subject.leads, exact)
    terms = LogTerm.objects.for_tenant(tenant).filter(kind=subject.kind).filter(condition.matches("key", "text"))
    part = "key" if subject.leads == subject.key else "text"
    values = terms.order_by().values_list(part, flat=True).distinct()[: MOST_NAMES + 1]
    return Wanted(subject.leads, exact, list(values))
