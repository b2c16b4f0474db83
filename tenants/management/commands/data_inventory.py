"""data_inventory: every table, whose it is, what it holds and how long it is kept."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import override

from tenants.inventory import ENTRIES, Entry, Owner

INTRODUCTION = """# Data inventory

Every table of an installation: whose data it holds, what, and how long (white paper 8.1.1). Written by `manage.py
data_inventory` from `tenants/inventory.py`; tests fail on a table that is not marked and when this page is out of
date. Tenants' tables are what `export_tenant` takes and `offboard_tenant --erase` erases; columns named as secrets
never leave the database.
"""
HEADINGS = {Owner.TENANT: "Tenants' data", Owner.PROVIDER: "The provider's data"}


class Command(BaseCommand):
    help = "Prints the data inventory as Markdown."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object instead")

    def handle(self, *, json: bool, **_options: Any) -> str:
        with override("en"):
            return _as_json() if json else as_markdown()


def as_markdown() -> str:
    """The document, in the language that is active."""
    parts = [INTRODUCTION.rstrip()]
    for owner, heading in HEADINGS.items():
        rows = [_row(entry) for entry in ENTRIES if entry.owner is owner]
        parts.append(f"## {heading}\n\n| table | holds | kept | secrets |\n|---|---|---|---|\n" + "\n".join(rows))
    return "\n\n".join(parts)


def _row(entry: Entry) -> str:
    secrets = ", ".join(f"`{name}`" for name in entry.secrets) or "–"
    return f"| `{entry.label}` | {entry.what} | {entry.kept.value} | {secrets} |"


def _as_json() -> str:
    tables = [
        {
            "table": entry.label,
            "owner": entry.owner.value,
            "holds": str(entry.what),
            "kept": str(entry.kept.value),
            "secrets": entry.secrets,
        }
        for entry in ENTRIES
    ]
    return json.dumps({"tables": tables}, ensure_ascii=False)
