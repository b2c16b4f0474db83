"""seal_audit: give the events that were written their place in the chain."""

import json
import signal
from argparse import ArgumentParser
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from audit.sealing import keep_sealing, record_all_minutes, seal_all


class Command(BaseCommand):
    help = "Seals the audit events that wait for it, and records finished minutes of bandwidth."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="go on every second until SIGTERM or Ctrl-C")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")

    def handle(self, *, watch: bool, json: bool, **_options: Any) -> None:
        if watch:
            _watch()
        else:
            self._seal_once(as_json=json)

    def _seal_once(self, *, as_json: bool) -> None:
        minutes = record_all_minutes(now=timezone.now())
        sealed = seal_all()
        found = {"sealed": sealed, "minutes": minutes}
        text = f"{sealed:,} events sealed, {minutes:,} minutes of bandwidth recorded."
        self.stdout.write(json.dumps(found) if as_json else text)


def _watch() -> None:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    keep_sealing(stop)
