"""Liveness and readiness."""

from datetime import timedelta

import structlog
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from redis.exceptions import RedisError

from conferences.models import MediaWorker

log = structlog.get_logger(__name__)
WORKER_SILENT_AFTER = timedelta(seconds=5)


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        log.warning("readiness_database_failed", exc_info=True)
        return False
    return True


def _cache_answers() -> bool:
    try:
        cache.set("readyz", "1", 5)
        return cache.get("readyz") == "1"
    except RedisError as error:
        log.warning("readiness_cache_failed", error=str(error))
        return False


def _worker_lives() -> bool:
    return MediaWorker.objects.filter(heartbeat_at__gte=timezone.now() - WORKER_SILENT_AFTER, draining=False).exists()


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Database, cache (Redis when configured) and at least one SFU worker answer; 503 names what does not."""
    database = _database_answers()
    parts = {"database": database, "cache": _cache_answers(), "media_worker": database and _worker_lives()}
    return JsonResponse(parts, status=200 if all(parts.values()) else 503)
