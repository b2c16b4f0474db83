"""rotate_audit_key: sign heads, tombstones and certificates with a new key."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.rotation import RotationRefused, rotate_key


class Command(BaseCommand):
    help = "Makes a new signing key, signed by the old one, and keeps the old one's file beside it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")

    def handle(self, *, json: bool, **_options: Any) -> None:
        try:
            rotation = rotate_key()
        except (RotationRefused, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(_as_json(asdict(rotation)) if json else _as_text(asdict(rotation)))


def _as_json(rotation: dict[str, Any]) -> str:
    return json.dumps(rotation, default=str)


def _as_text(rotation: dict[str, Any]) -> str:
    return (
        "Key {new} signs from now on; {old} has signed it.\n"
        "The old key's file is kept for verify_audit: {retired_file}\n"
        "Copy both files to every machine that runs LiveOn."
    ).format(**rotation)
