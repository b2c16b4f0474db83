"""The media workers: what is known of them, and taking one out of service and back."""

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.commands import ReportingCommand
from conferences.services.placement import order_drain, worker_summary

LOOK_SECONDS = 1.0


class Command(ReportingCommand):
    help = "List the media workers; drain one (its meetings move to the others); or take it back into service."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", nargs="?", choices=["list", "drain", "undrain"], default="list")
        parser.add_argument("worker", nargs="?", metavar="NAME", help="with drain and undrain: the worker's name")
        parser.add_argument("--wait", action="store_true", help="with drain: until the worker holds no meeting")
        parser.add_argument("--timeout", type=int, default=120, help="seconds to wait (default: %(default)s)")
        super().add_arguments(parser)

    def act(self, *, action: str, worker: str | None, wait: bool, timeout: int, **options: Any) -> dict[str, Any]:
        if action == "list":
            return {"workers": worker_summary(now=timezone.now())}
        if not worker:
            raise CommandError(f"{action} needs the name of a worker.")
        if not order_drain(worker, drain=action == "drain"):
            raise CommandError(f"There is no worker {worker!r}.")
        if action == "undrain":
            return {"in service": worker}
        if wait:
            self._wait_until_empty(worker, timeout)
        return {"draining": worker, "meetings": _of(worker)["meetings"]}

    def _wait_until_empty(self, worker: str, timeout: int) -> None:
        """Says on standard error how many meetings are left, whenever that changes."""
        told, end = None, time.monotonic() + timeout
        while (left := _left(worker)) != (0, 0):
            if left != told:
                self.stderr.write(f"{worker}: {left[0]} meetings placed, {left[1]} still held")
                told = left
            if time.monotonic() > end:
                raise CommandError(f"{worker} is not empty after {timeout} s; it goes on draining.")
            time.sleep(LOOK_SECONDS)


def _of(worker: str) -> dict[str, Any]:
    return next(each for each in worker_summary(now=timezone.now()) if each["worker"] == worker)


def _left(worker: str) -> tuple[int, int]:
    """The meetings that are placed there, and those that it still holds."""
    row = _of(worker)
    if not row["draining"]:
        raise CommandError(f"{worker} was restarted meanwhile and is in service again.")
    return row["meetings"], row["routers"]
