"""`GET /metrics` in Prometheus' text format, for this machine or whoever shows the token.

It stands before Django: a scraper has no session, no language and no host name of ours. Everybody else gets what Django
says about an unknown address.
"""

import asyncio
import hmac
import ipaddress
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import structlog
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error
from django.utils import timezone
from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from audit.lookups import EVENTS_UNSEALED
from conferences import metrics, runtime
from conferences.errors import MeetingError
from conferences.sfu import Workers
from conferences.worker_metrics import Json, WorkerFamilies

log = structlog.get_logger(__name__)

PATH = "/metrics"
KEEP_SECONDS = 1.0  # the workers are asked at most so often, however many scrape
ASK_SECONDS = 2.0
UNSEALED_AFTER = timedelta(seconds=10)
FORWARDED = frozenset((b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via"))

Application = Callable[..., Awaitable[None]]

HTTP = Counter("liveon_http_requests", "Finished requests.", ["method", "status"], registry=metrics.REGISTRY)
UNSEALED = Gauge(
    "liveon_audit_unsealed_events",
    "Audit events that have waited for their seal for over 10 s.",
    registry=metrics.REGISTRY,
)
ProcessCollector(namespace="liveon_web", registry=metrics.REGISTRY)


class MetricsEndpoint:
    """Around the application that answers everything else."""

    def __init__(self, others: Application) -> None:
        self._others = others

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != PATH or scope["method"] != "GET" or not may_read(scope):
            await self._others(scope, receive, send)
            return
        body = await exposition()
        headers = [(b"content-type", CONTENT_TYPE_LATEST.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def may_read(scope: Any) -> bool:
    """The token, or a connection from this machine that no proxy has passed on."""
    headers = dict(scope["headers"])
    if settings.METRICS_TOKEN:
        wanted = f"Bearer {settings.METRICS_TOKEN}".encode()
        if hmac.compare_digest(headers.get(b"authorization", b""), wanted):
            return True
    return _is_loopback((scope.get("client") or ("",))[0]) and FORWARDED.isdisjoint(headers)


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


async def exposition() -> bytes:
    """Everything that this process knows, and what the workers tell it."""
    await _look_for_unsealed()
    now_and_here = CollectorRegistry()
    hub, workers = runtime.hub(), runtime.workers()
    if hub is not None and workers is not None:
        stages = [connection.stage.name.lower() for connection in hub.sockets()]
        now_and_here.register(metrics.Sockets(lambda: stages, lambda: hub.meetings))
        now_and_here.register(WorkerFamilies(await _answers.of(workers)))
    return generate_latest(metrics.REGISTRY) + generate_latest(now_and_here)


async def _look_for_unsealed() -> None:
    try:
        [[count]] = await database_sync_to_async(EVENTS_UNSEALED.rows)(timezone.now() - UNSEALED_AFTER)
    except Error:
        log.warning("metrics_database_failed")
        UNSEALED.set(float("nan"))
    else:
        UNSEALED.set(count)


class Answers:
    """The workers' latest answers, a second long. A worker that was there once and is not now is told as down."""

    def __init__(self) -> None:
        self._known: dict[str, Json | None] = {}
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def of(self, workers: Workers) -> dict[str, Json | None]:
        async with self._asking:
            if time.monotonic() - self._asked_at >= KEEP_SECONDS:
                names = sorted({*self._known, *workers.live})
                found = await asyncio.gather(*(_ask(workers, name) for name in names))
                self._known = dict(zip(names, found, strict=True))
                self._asked_at = time.monotonic()
            return dict(self._known)


async def _ask(workers: Workers, name: str) -> Json | None:
    try:
        async with asyncio.timeout(ASK_SECONDS):
            return await workers.request(name, "get_metrics")
    except (MeetingError, TimeoutError):
        return None


_answers = Answers()
