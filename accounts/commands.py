"""What LiveOn's management commands share: a text for people or, with `--json`, one JSON object for scripts."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils.translation import override

from tenants.lookup import tenant_with_slug
from tenants.models import Tenant


class ReportingCommand(BaseCommand):
    """A command whose `act` returns what to report and raises CommandError or ValidationError, said in one line."""

    act: Callable[..., dict[str, Any]]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> str:
        with override("en"):  # operators' scripts read one language
            report = self._report(options)
        if options["json"]:
            return json.dumps(report, ensure_ascii=False)
        return "\n".join(f"{name}: {value}" for name, value in report.items())

    def _report(self, options: dict[str, Any]) -> dict[str, Any]:
        try:
            return self.act(**options)
        except ValidationError as error:
            raise CommandError(one_line(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used: {str(error).splitlines()[0]}") from error


def one_line(error: ValidationError) -> str:
    """`login_id: This user ID is taken. password: …`"""
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    fields = {name: " ".join(texts) for name, texts in error.message_dict.items()}
    return " ".join(text if name == NON_FIELD_ERRORS else f"{name}: {text}" for name, text in fields.items())


def named_tenant(slug: str) -> Tenant:
    """The active tenant `slug`, or CommandError."""
    tenant = tenant_with_slug(slug)
    if tenant is None:
        raise CommandError(f"There is no organisation {slug!r}.")
    return tenant


def any_tenant(slug: str) -> Tenant:
    """The tenant `slug`, suspended or not, or CommandError."""
    tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise CommandError(f"There is no organisation {slug!r}.")
    return tenant


def read_secret(path: str) -> str:
    """The first line of a file, or of standard input for `-`: an argument would be seen in the list of processes."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CommandError(f"Cannot read the password from {path!r}: {reason}.") from error
    secret = text.partition("\n")[0].rstrip("\r")
    if not secret:
        raise CommandError("The password is empty.")
    return secret


def absolute_url(path: str) -> str:
    return f"{settings.BASE_URL}{path}"
