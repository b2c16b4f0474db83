"""Counters on their way from the workers to the audit rows: gathered in memory, written a minute at a time.

Regular samples (every 10 s) only replace the one before; when the minute is over the last ones are written in one
transaction per tenant. Final ones, of a participant who left, are written at once.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels.db import database_sync_to_async
from django.utils import timezone

from conferences.services.bandwidth import PeerCounters, flush_bandwidth
from conferences.services.placement import Placement
from tenants.context import tenant_context
from tenants.models import Tenant


@dataclass
class _Minute:
    """The latest sample of each (participant, start) of one minute, by tenant."""

    moment: datetime
    by_tenant: dict[Tenant, dict[tuple[str, str], PeerCounters]] = field(default_factory=dict)


class Tally:
    def __init__(self) -> None:
        self._minutes: list[_Minute] = []  # the last one is still filling
        self._has_final = False

    def take(
        self, tenant: Tenant, router: Placement, participant_id: str, counts: dict[str, Any], *, final: bool = False
    ) -> None:
        """Note a participant's counters as that router's worker has just told them; empty ones tell nothing."""
        if counts:
            sample = PeerCounters(f"{router.worker_epoch}/{router.epoch}", counts, final)
            self._note(tenant, participant_id, sample, now=timezone.now())

    def _note(self, tenant: Tenant, participant_id: str, sample: PeerCounters, *, now: datetime) -> None:
        if not self._minutes or self._minutes[-1].moment.replace(second=0, microsecond=0) != _minute_of(now):
            self._minutes.append(_Minute(now))
        minute = self._minutes[-1]
        minute.moment = now
        samples = minute.by_tenant.setdefault(tenant, {})
        earlier = samples.get((participant_id, sample.start))
        if earlier is None or not earlier.final:
            samples[participant_id, sample.start] = sample
        self._has_final = self._has_final or sample.final

    async def flush(self, *, now: datetime, everything: bool = False) -> None:
        """Write the minutes that are over; with a final sample, or when asked, the present one too.

        What could not be written stays for the next time: counters are cumulative, so nothing is counted twice.
        """
        everything = everything or self._has_final
        while self._minutes and (everything or _minute_of(self._minutes[0].moment) < _minute_of(now)):
            minute = self._minutes[0]
            for tenant in list(minute.by_tenant):
                samples = minute.by_tenant.pop(tenant)
                try:
                    await database_sync_to_async(_write)(tenant, samples, minute.moment)
                except BaseException:
                    minute.by_tenant[tenant] = samples | minute.by_tenant.get(tenant, {})
                    raise
            if self._minutes[0] is minute and not minute.by_tenant:
                self._minutes.pop(0)
        self._has_final = False


def _minute_of(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _write(tenant: Tenant, samples: dict[tuple[str, str], PeerCounters], moment: datetime) -> None:
    in_order = [(participant_id, sample) for (participant_id, _), sample in samples.items()]
    with tenant_context(tenant):
        flush_bandwidth(in_order, now=moment)
