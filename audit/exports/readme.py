"""The README of an export, in both languages."""

from django.utils.translation import gettext, override

from audit.models import LogExport
from tenants.models import Tenant

LANGUAGES = ("ja", "en")


def readme(export: LogExport, tenant: Tenant, name: str) -> bytes:
    """UTF-8 with a byte order mark and the line ends of Windows, whose editor then shows it right."""
    text = f"\n\n{'-' * 72}\n\n".join(_in(language, export, tenant, name) for language in LANGUAGES)
    return ("\ufeff" + text + "\n").replace("\n", "\r\n").encode()


def _in(language: str, export: LogExport, tenant: Tenant, name: str) -> str:
    words = {
        "tenant": tenant.name,
        "name": name,
        "who": export.exporter_name,
        "when": f"{export.begun_at:%Y-%m-%d %H:%M:%S} UTC",
        "zone": tenant.time_zone,
        "id": export.public_id,
    }
    with override(language):
        paragraphs = [
            gettext("LiveOn: records of %(tenant)s."),
            gettext(
                "%(name)s was downloaded by %(who)s, begun at %(when)s. Export %(id)s."
                " Times in it are those of %(zone)s."
            ),
            gettext(
                "manifest.json says who made this export, from which search, and the size and SHA-256 of every file."
                " It is signed. In an export of events, events.jsonl holds the sealed events themselves."
            ),
            gettext(
                "To check that nothing was changed since, run: python3 verify.py EXPORT.zip. It needs Python 3.9 or"
                " newer and no network. Use a copy of verify.py that you trust, and --anchor with a head that was"
                " mailed to your administrators."
            ),
            gettext("The SHA-256 of the whole archive stands in Admintool below the log, and in the event log."),
        ]
    return "\n\n".join(paragraph % words for paragraph in paragraphs)
