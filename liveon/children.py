"""What runs beside the parent: the web process, the SFU workers, Celery's worker and its beat."""

import json
import socket
from pathlib import Path
from typing import Any

from django.conf import settings

from liveon.supervisor import Child

LOOPBACK = "127.0.0.1"


def machine_address() -> str:
    """This machine's own address on its network, the loopback one without a network. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return LOOPBACK
        return str(probe.getsockname()[0])


def serves_this_machine_only() -> bool:
    return settings.MEDIA_ADDRESS == settings.MEDIA_LISTEN == LOOPBACK


def announced_addresses(worker_index: int, port: int) -> list[dict[str, Any]]:
    """What the worker's SDP names: LIVEON_MEDIA_ANNOUNCE's word for this worker, else its own address.

    One word (`host:port`, IPv6 in brackets) per worker, in order. On loopback the machine's own address comes with it:
    Firefox has no loopback candidate and pairs such an address with no other.
    """
    if worker_index >= len(settings.MEDIA_ANNOUNCE):
        addresses = [settings.MEDIA_ADDRESS]
        if serves_this_machine_only() and machine_address() != LOOPBACK:
            addresses.append(machine_address())
        return [{"address": address, "port": port} for address in addresses]
    host, _, announced_port = settings.MEDIA_ANNOUNCE[worker_index].rpartition(":")
    return [{"address": host.strip("[]"), "port": int(announced_port)}]


def worker_configuration(index: int, media_port: int) -> dict[str, Any]:
    """The worker's configuration (docs/control-protocol.md): ports count up from `media_port`."""
    name, port = f"sfu-{index}", media_port + index
    return {
        "worker": name,
        "socket": str(Path(settings.SFU_DIR) / f"{name}.sock"),
        "listen": "0.0.0.0" if serves_this_machine_only() else settings.MEDIA_LISTEN,  # noqa: S104 see announced_addresses
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
    root = ["-W", "ignore:You're running the worker with superuser"]  # in a container; JSON only, nothing is unpickled
    worker = [
        *root,
        "-m",
        "celery",
        "-A",
        "liveon",
        "worker",
        "--pool=threads",
        "--concurrency=2",
        "--loglevel=WARNING",
    ]
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
