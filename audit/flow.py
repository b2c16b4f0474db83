"""What flowed in the last hour, minute by minute: for charts."""

from datetime import datetime, timedelta
from typing import TypedDict

from django.db.models import Sum

from audit.models import BandwidthSample
from tenants.models import Tenant

SHOWN = timedelta(minutes=60)


class Flow(TypedDict):
    """Columns of equal length: `minutes` as epoch seconds, `kbps_in` and `kbps_out` on average in that minute."""

    minutes: list[int]
    kbps_in: list[float]
    kbps_out: list[float]


def flow_by_minute(tenant: Tenant, *, now: datetime, login_id: str = "", ip: str = "", room: str = "") -> Flow:
    """The sums of the tenant's samples of the last hour, of the people and rooms that match.

    A minute without samples is 0; the present one, which is still filling, is left out.
    """
    end = now.replace(second=0, microsecond=0)
    samples = BandwidthSample.objects.for_tenant(tenant).filter(minute__gte=end - SHOWN, minute__lt=end)
    wanted = {"login_id__istartswith": login_id, "ip_address__istartswith": ip, "room_name__icontains": room}
    samples = samples.filter(**{lookup: value for lookup, value in wanted.items() if value}).order_by()
    sums = samples.values_list("minute").annotate(Sum("bytes_in"), Sum("bytes_out"))
    found = {minute: (bytes_in, bytes_out) for minute, bytes_in, bytes_out in sums}
    minutes = [end - SHOWN + timedelta(minutes=number) for number in range(60)]
    counts = [found.get(minute, (0, 0)) for minute in minutes]
    return {
        "minutes": [int(minute.timestamp()) for minute in minutes],
        "kbps_in": [_kbps(count[0]) for count in counts],
        "kbps_out": [_kbps(count[1]) for count in counts],
    }


def _kbps(count: int) -> float:
    return round(count * 8 / 1000 / 60, 1)
