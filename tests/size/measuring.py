"""Asking the pages: server time of each, and the memory that a download takes."""

import asyncio
import resource
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from django.db import connection
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.usage import count_usage
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import ADMINTOOL_KEY, make_admin, make_tenant
from tests.size.filling import USERS

DAY = timedelta(days=1)
PAGES = ("attendance", "bandwidth-log", "bandwidth-minutes")


def make_tenants(count: int) -> list[Tenant]:
    """The first has an administrator, and the users that its records name."""
    tenants = [make_tenant(f"size-{number}") for number in range(count)]
    with tenant_context(tenants[0]):
        make_admin(tenants[0], "admin", name="Aoki Admin")
        numbers = range(1, USERS + 1)
        User.objects.bulk_create(
            User(tenant=tenants[0], username=f"user{n:08}", login_id=f"u{n:05}", name=f"User {n}", password="!")
            for n in numbers
        )
    return tenants


def sizes() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()) / 1048576")
        return {"database_mb": cursor.fetchone()[0]}


def sums(tenant: Tenant) -> dict[str, Any]:
    """Seconds to sum up the whole year once, and then the last three days again, as every hour does."""
    took = []
    for _time in range(2):
        begun = time.perf_counter()
        days = count_usage(tenant, now=timezone.now())
        took.append(round(time.perf_counter() - begun, 1))
    return {"count_year_s": took[0], "count_again_s": took[1], "days_again": days}


def pages(tenant: Tenant, *, repeat: int) -> Iterator[dict[str, Any]]:
    """Milliseconds of every page and search, medians of `repeat` requests after a first one: by the clock (`ms`), and
    of processors' time, this process's and PostgreSQL's together (`cpu_ms`), which a busy machine tells nothing of."""
    client = _admin_client(tenant)
    for name, search in _visits():
        answer = client.get(_url(tenant, name), search)
        assert answer.status_code == 200, (name, search, answer.status_code)
        found = len(answer.context["page"].rows) if "page" in answer.context else len(answer.context["days"])
        took = [_took(client, _url(tenant, name), search) for _request in range(repeat)]
        wall, cpu = (round(median(each)) for each in zip(*took, strict=True))
        yield {"page": name, "search": search, "ms": wall, "cpu_ms": cpu, "rows": found}


def _took(client: Client, url: str, search: dict[str, str]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), _cpu_s()
    client.get(url, search)
    return (time.perf_counter() - wall) * 1000, (_cpu_s() - cpu) * 1000


def _cpu_s() -> float:
    """Of this process, and of PostgreSQL's for our connection (the kernel's schedstat, nanoseconds)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ran = Path(f"/proc/{cursor.fetchone()[0]}/schedstat").read_text().split()[0]
    return time.process_time() + int(ran) / 1e9


def exports(tenant: Tenant) -> Iterator[dict[str, Any]]:
    """A month of each log, as CSV and (the samples) as Excel: seconds, and by how many MB the process grew."""
    client = _admin_client(tenant)
    today = timezone.localdate()
    month = {"date_from": f"{today - 40 * DAY}", "date_to": f"{today - 10 * DAY}"}
    for name, file in (
        ("attendance", "csv"),
        ("bandwidth-minutes", "csv"),
        ("bandwidth-minutes", "xlsx"),
        ("events", "csv"),
    ):
        answer = client.get(_url(tenant, f"{name}-export"), {**month, "file": file})
        assert isinstance(answer, StreamingHttpResponse)
        before, begun = _rss_mb(), time.perf_counter()
        size, peak = asyncio.run(_read(answer))
        took = round(time.perf_counter() - begun, 1)
        yield {
            "export": name,
            "file": file,
            "s": took,
            "zip_mb": round(size / 1e6, 1),
            "rss_growth_mb": round(peak - before, 1),
        }


def _visits() -> Iterator[tuple[str, dict[str, str]]]:
    today = timezone.localdate()
    days = {"date_from": f"{today - 200 * DAY}", "date_to": f"{today - 170 * DAY}"}
    presence: list[dict[str, str]] = [
        {},
        days,
        {"login_id": "u00042"},
        {"login_id": "u0004"},
        {"login_id": "u"},
        {"login_id": "u04990"},  # not seen for months
        {"login_id": "nobody"},
        {"name": "佐藤"},
        {"name": "佐藤 花"},
        {"name": "Visitor"},
        {"name": "来客 7777"},
        {"name": "西園寺"},
        {"room": "会議室"},
        {"room": "Board room 197"},  # closed months ago
        {"room": "no such room"},
        {"ip": "203.0.113.1"},
        {"ip": "10.42."},
        {"ip": "10.42.7.43"},
        {"ip": "198.51.100.1"},
        {"name": "佐藤", "room": "開発部", **days},
        {"name": "鈴木", "room": "営業部 2", "ip": "203.0.113."},
        {"login_id": "u04990", "room": "営業部"},
        {"name": "林", "ip": "198.51.100.1"},
        {"room": "会議室", "ip": "10.42.7.43"},
    ]
    for name in PAGES:
        yield from ((name, search) for search in presence)
    events: list[dict[str, str]] = [
        {},
        days,
        {"group": "meetings"},
        {"group": "logins"},
        {"group": "keeping"},
        {"actor": "佐藤"},
        {"actor": "西園寺"},
        {"target": "会議室"},
        {"target": "Board room 197"},
        {"ip": "10.42.7.43"},
        {"ip": "198.51.100.1"},
        {"group": "logins", "actor": "鈴木", **days},
        {"group": "meetings", "actor": "来客 7777", "target": "開発部"},
        {"group": "keeping", "actor": "佐藤"},
    ]
    yield from (("events", search) for search in events)
    logins: list[dict[str, str]] = [
        {},
        days,
        {"login_id": "u00042"},
        {"login_id": "nobody"},
        {"name": "佐藤"},
        {"name": "西園寺"},
        {"ip": "10.42.7.43"},
        {"name": "佐藤", "ip": "203.0.113.1", **days},
    ]
    yield from (("logins-log", search) for search in logins)
    yield from (("usage", {}), ("usage", {"month": f"{today - 200 * DAY:%Y-%m}"}))


def _admin_client(tenant: Tenant) -> Client:
    with tenant_context(tenant):
        admin = User.objects.for_tenant(tenant).get(login_id="admin")
        client = Client()
        client.force_login(admin, backend="accounts.backends.TenantBackend")
    return client


def _url(tenant: Tenant, name: str) -> str:
    return reverse(f"admintool:{name}", kwargs={"admintool_key": ADMINTOOL_KEY + tenant.slug})


async def _read(answer: StreamingHttpResponse) -> tuple[int, float]:
    """Bytes in all, and the largest memory on the way."""
    size, peak = 0, _rss_mb()
    async for piece in answer.streaming_content:
        size += len(piece)
        peak = max(peak, _rss_mb())
    return size, peak


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6
