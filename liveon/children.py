"""What runs beside the parent: the web process, the SFU workers, the sealer, Celery's worker and its beat."""

import json
import socket
from pathlib import Path
from typing import Any

from django.conf import settings

from liveon.supervisor import Child

LOOPBACK, LOOPBACK_6 = "127.0.0.1", "::1"
EVERYWHERE, EVERYWHERE_6 = "0.0.0.0", "::"  # noqa: S104
_DOCUMENTATION = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}  # RFC 5737, RFC 3849


def own_address(family: socket.AddressFamily = socket.AF_INET) -> str:
    """The address of this machine towards others, or empty without a network. Nothing is sent."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_DOCUMENTATION[family], 9))
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def media_addresses(host: str = LOOPBACK) -> tuple[str, list[str]]:
    """Where the workers listen and what their SDP names, when the web process listens on `host`.

    With nothing configured the browser is on this very machine. Chromium then uses the loopback address; Firefox does
    no ICE on loopback and needs the machine's own address.
    """
    if settings.MEDIA_ADDRESSES:
        return settings.MEDIA_LISTEN, settings.MEDIA_ADDRESSES
    if ":" in host:
        own = own_address(socket.AF_INET6)
        return (EVERYWHERE_6, [LOOPBACK_6, own]) if own else (LOOPBACK_6, [LOOPBACK_6])
    own = own_address()
    return (EVERYWHERE, [LOOPBACK, own]) if own else (LOOPBACK, [LOOPBACK])


def announced(worker_index: int, addresses: list[str], port: int) -> list[dict[str, Any]]:
    """What the worker's SDP names: LIVEON_MEDIA_ANNOUNCE's word for this worker, else its own addresses.

    One word per worker, in order.
    """
    if worker_index >= len(settings.MEDIA_ANNOUNCE):
        return [{"address": address, "port": port} for address in addresses]
    return [{"address": address, "port": number} for address, number in settings.MEDIA_ANNOUNCE[worker_index]]


def worker_configuration(index: int, media_port: int, host: str = LOOPBACK) -> dict[str, Any]:
    """The worker's configuration (docs/control-protocol.md): ports count up from `media_port`."""
    name, port = f"sfu-{index}", media_port + index
    listen, addresses = media_addresses(host)
    return {
        "worker": name,
        "socket": str(Path(settings.SFU_DIR) / f"{name}.sock"),
        "listen": listen,
        "port": port,
        "announce": announced(index, addresses, port),
        "log_level": settings.LOG_LEVEL.lower(),
    }


def sfu_children(media_port: int, workers: int, host: str) -> list[Child]:
    configurations = [json.dumps(worker_configuration(index, media_port, host)) for index in range(workers)]
    return [
        Child(f"sfu-{index}", ["-m", "media_sfu"], stdin_line=configuration)
        for index, configuration in enumerate(configurations)
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


def sealer_child() -> Child:
    return Child("sealer", ["-m", "django", "seal_audit", "--watch"], environment={"LIVEON_DATABASE_ROLE": "system"})


WEB_ENVIRONMENT = {  # the web process has no way to another role than its own
    "LIVEON_DATABASE_ROLE": "app",
    "LIVEON_DATABASE_OWNER_URL": "",
    "LIVEON_DATABASE_OWNER_URL_FILE": "",
    "LIVEON_DATABASE_SYSTEM_URL": "",
    "LIVEON_DATABASE_SYSTEM_URL_FILE": "",
}


def web_child(host: str, port: int, certificate: str = "", key: str = "") -> Child:
    """Listens on one address, with TLS when there is a certificate. In Twisted's words colons are escaped (IPv6)."""
    interface = host.replace(":", r"\:")
    tls = f":privateKey={key}:certKey={certificate}" if certificate else ""
    endpoint = f"{'ssl' if tls else 'tcp'}:{port}{tls}:interface={interface}"
    return Child("web", ["-m", "liveon.web", endpoint], environment=WEB_ENVIRONMENT)
