"""What runs beside the parent: the web process, the SFU workers, Celery's worker and its beat."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings

from liveon.supervisor import Child


def announced_addresses(worker_index: int, port: int) -> list[dict[str, Any]]:
    """What the worker's SDP names: LIVEON_MEDIA_ANNOUNCE's word for this worker, else its own address.

    One word (`host:port`, IPv6 in brackets) per worker, in order.
    """
    if worker_index >= len(settings.MEDIA_ANNOUNCE):
        return [{"address": settings.MEDIA_ADDRESS, "port": port}]
    host, _, announced_port = settings.MEDIA_ANNOUNCE[worker_index].rpartition(":")
    return [{"address": host.strip("[]"), "port": int(announced_port)}]


def worker_configuration(index: int, media_port: int) -> dict[str, Any]:
    """The worker's configuration (docs/control-protocol.md): ports count up from `media_port`."""
    name, port = f"sfu-{index}", media_port + index
    return {
        "worker": name,
        "socket": str(Path(settings.SFU_DIR) / f"{name}.sock"),
        "listen": settings.MEDIA_LISTEN,
        "port": port,
        "announce": announced_addresses(index, port),
        "log_level": settings.LOG_LEVEL.lower(),
    }


def sfu_children(media_port: int, workers: int) -> list[Child]:
    return [
        Child(f"sfu-{index}", ["-m", "media_sfu"], stdin_line=json.dumps(worker_configuration(index, media_port)))
        for index in range(workers)
    ]


def celery_children() -> list[Child]:
    worker = ["-m", "celery", "-A", "liveon", "worker", "--pool=threads", "--concurrency=2", "--loglevel=WARNING"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    schedule = settings.CELERY_BEAT_SCHEDULE_FILENAME
    return [
        Child("celery-worker", [*worker, *quiet]),
        Child(
            "celery-beat", ["-m", "celery", "-A", "liveon", "beat", "--loglevel=WARNING", "--pidfile=", "-s", schedule]
        ),
    ]


def web_child(description: str) -> Child:
    return Child("web", ["-m", "liveon.web", description])
