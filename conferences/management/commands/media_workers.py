"""The media workers: what is known of them, and taking one out of service."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.commands import ReportingCommand
from conferences.services.placement import order_drain, worker_summary


class Command(ReportingCommand):
    help = "List the media workers, or drain one: it gets no new meetings, and its meetings move to the others."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", nargs="?", choices=["list", "drain"], default="list")
        parser.add_argument("worker", nargs="?", metavar="ID", help="with drain: the worker's name")
        super().add_arguments(parser)

    def act(self, *, action: str, worker: str | None, **options: Any) -> dict[str, Any]:
        if action == "list":
            return {"workers": worker_summary()}
        if not worker:
            raise CommandError("drain needs the name of a worker.")
        if not order_drain(worker):
            raise CommandError(f"There is no worker {worker!r}.")
        return {"draining": worker}
