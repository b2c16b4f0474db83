"""Create a user of an organisation."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import ReportingCommand, named_tenant, read_secret
from accounts.models import Role
from accounts.services.users import create_user
from audit.events import SYSTEM


class Command(ReportingCommand):
    help = "Create a user. The password is read from a file or, with -, from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the organisation")
        parser.add_argument("login_id", help="what the person types as user ID")
        parser.add_argument("--name", required=True)
        parser.add_argument("--role", choices=Role.values, default=Role.MEMBER)
        parser.add_argument("--password-file", required=True, metavar="FILE", help="a file, or - for standard input")
        super().add_arguments(parser)

    def act(
        self, *, slug: str, login_id: str, name: str, role: str, password_file: str, **options: Any
    ) -> dict[str, Any]:
        tenant = named_tenant(slug)
        password = read_secret(password_file)
        user = create_user(tenant, actor=SYSTEM, login_id=login_id, name=name, password=password, role=role)
        return {"tenant": tenant.slug, "login_id": user.login_id, "role": str(user.role)}
