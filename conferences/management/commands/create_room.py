"""Create a room of an organisation."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.urls import reverse

from accounts.commands import ReportingCommand, absolute_url, named_tenant, read_secret
from accounts.models import User
from audit.events import SYSTEM
from conferences.services.rooms import create_room
from tenants.context import tenant_context
from tenants.models import Tenant


class Command(ReportingCommand):
    help = "Create a room. An entry password is read from a file or, with -, from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the organisation")
        parser.add_argument("name")
        parser.add_argument("--password-file", metavar="FILE", help="a file, or - for standard input")
        parser.add_argument("--host", action="append", default=[], metavar="LOGIN_ID", help="who may host; repeatable")
        parser.add_argument("--lobby", action="store_true", help="guests are admitted one by one")
        super().add_arguments(parser)

    def act(
        self, *, slug: str, name: str, password_file: str | None, host: list[str], lobby: bool, **options: Any
    ) -> dict[str, Any]:
        tenant = named_tenant(slug)
        password = read_secret(password_file) if password_file else ""
        if not 1 <= len(name.strip()) <= 100:
            raise CommandError("The room's name has 1 to 100 characters.")
        with tenant_context(tenant):
            hosts = [_user(tenant, login_id) for login_id in host]
            room = create_room(
                tenant,
                actor=SYSTEM,
                creator=None,
                name=name.strip(),
                entry_password=password,
                lobby=lobby,
                hosts=hosts,
            )
        return {"room": room.public_id, "url": absolute_url(reverse("join", args=[tenant.slug, room.public_id]))}


def _user(tenant: Tenant, login_id: str) -> User:
    user = User.objects.with_login_id(tenant, login_id)
    if user is None:
        raise CommandError(f"There is no user {login_id!r}.")
    return user
