"""`manage.py serve`: migrates, then runs the web process, the SFU workers and Celery until SIGTERM or Ctrl-C."""

import asyncio
import fcntl
import ipaddress
import os
import signal
import socket
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from liveon.celery import make_broker_folders
from liveon.certificate import self_signed
from liveon.children import celery_children, media_addresses, sealer_child, sfu_children, web_child
from liveon.demo import Demo, create_demo
from liveon.supervisor import Child, Supervisor


class Command(BaseCommand):
    help = "Run LiveOn: web process, SFU workers, sealer, Celery worker and beat."
    requires_system_checks = ("liveon",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=_port, default=8000, help="web port (default: %(default)s)")
        parser.add_argument(
            "--media-port", type=_port, default=None, help="first media port, UDP and TCP (default: 40000)"
        )
        parser.add_argument(
            "--workers", type=_count, default=None, help="number of SFU workers (default: one per core in production)"
        )
        parser.add_argument("--tls", action="store_true", help="serve HTTPS with a certificate made here")

    def handle(self, *_args: Any, **options: Any) -> None:
        media_port = options["media_port"] or settings.MEDIA_PORT
        options["workers"] = options["workers"] or settings.MEDIA_WORKERS
        _prepare_folders()
        lock = _lock_data_folder()
        _refuse_taken_ports(options["host"], options["port"], media_port, options["workers"])
        os.environ.update(_environment_of_children(options))
        call_command("migrate", interactive=False, verbosity=0)
        demo = None if settings.DATABASE_URL else create_demo()
        connections.close_all()  # the owner's: nobody needs it any more
        self._say(options, demo)
        _run(_children(options, media_port))
        lock.close()

    def _say(self, options: dict[str, Any], demo: Demo | None) -> None:
        base = settings.PUBLIC_URL or _served_url(options)
        self.stdout.write(f"LiveOn: {base}/")
        if demo:
            self.stdout.write("First run: an organisation to try it with. These passwords are shown only now.")
            self.stdout.write(f"  Login      {base}{demo.login_path}")
            for login_id, role, password in demo.users:
                self.stdout.write(f"             {login_id:<10} {password}   ({role})")
            self.stdout.write(f"  Room       {demo.room_name}, entry password {demo.room_password}")
            self.stdout.write(f"  Admintool  {base}{demo.admintool_path}")
        if not options["tls"] and not _is_loopback(options["host"]) and not settings.PUBLIC_URL:
            self.stdout.write("Other devices cannot use camera or microphone over plain http: use --tls.")
        self.stdout.write("Stop with Ctrl-C.")
        self.stdout.flush()


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise CommandError(f"{text}: a port is a number from 1 to 65535.")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise CommandError(f"{text}: the number of workers is from 1 to 256.")
    return int(text)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _served_url(options: dict[str, Any]) -> str:
    """Where the browser finds an embedded installation; localhost rather than 127.0.0.1, which people type."""
    host = "localhost" if _is_loopback(options["host"]) else options["host"]
    return f"{'https' if options['tls'] else 'http'}://{f'[{host}]' if ':' in host else host}:{options['port']}"


def _resolve(host: str) -> str:
    """The IP address of `host`: an SDP names addresses."""
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)[0][4][0])
    except OSError as error:
        raise CommandError(f"--host {host}: {error.strerror}.") from error


def _environment_of_children(options: dict[str, Any]) -> dict[str, str]:
    """What follows from the options, for the children's settings, unless the environment says otherwise."""
    found = {"LIVEON_SERVED_URL": _served_url(options), "LIVEON_DATABASE_ROLE": "system"}
    if not os.environ.get("LIVEON_MEDIA_ADDRESS") and not _is_loopback(options["host"]):
        found["LIVEON_MEDIA_ADDRESS"] = settings.MEDIA_LISTEN = _resolve(options["host"])
        settings.MEDIA_ADDRESSES = [settings.MEDIA_LISTEN]
    return found


def _prepare_folders() -> None:
    os.umask(0o077)  # database, queue and logs of the children too are nobody else's
    for folder in (settings.DATA_DIR, settings.SFU_DIR):
        Path(folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    Path(settings.SFU_DIR).chmod(0o700)
    make_broker_folders()


def _lock_data_folder() -> IO[str]:
    """Two `serve` on one data folder would fight over sockets and the SQLite file."""
    file = (Path(settings.DATA_DIR) / "serve.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CommandError(f"LiveOn is already running on {settings.DATA_DIR} (LIVEON_DATA_DIR).") from error
    return file


def _refuse_taken_ports(host: str, port: int, media_port: int, workers: int) -> None:
    wanted = [(host, port, socket.SOCK_STREAM, "--port")]
    for number in range(media_port, media_port + workers):
        wanted += [
            (media_addresses(host)[0], number, kind, "--media-port") for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)
        ]
    for address, number, kind, option in wanted:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1 if kind == socket.SOCK_STREAM else 0)
            try:
                probe.bind((address, number))
            except OSError as error:
                raise CommandError(
                    f"{address} port {number}: {error.strerror}. Choose another with {option}."
                ) from error


def _children(options: dict[str, Any], media_port: int) -> list[Child]:
    certificate = key = ""
    if options["tls"]:
        certificate, key = map(str, self_signed(Path(settings.DATA_DIR) / "tls", options["host"]))
    web = web_child(options["host"], options["port"], certificate, key)
    return [web, *sfu_children(media_port, options["workers"], options["host"]), sealer_child(), *celery_children()]


def _run(wanted: list[Child]) -> None:
    async def main() -> None:
        supervisor = Supervisor(wanted)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, supervisor.stop)
        await supervisor.run()

    asyncio.run(main())
