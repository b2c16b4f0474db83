"""The first run of an embedded installation: an organisation to try LiveOn with."""

import secrets
from dataclasses import dataclass

from accounts.services.tenants import create_tenant
from accounts.services.users import create_user
from audit.events import SYSTEM
from conferences.services.rooms import create_room
from tenants.context import tenant_context
from tenants.models import Tenant

SLUG = "demo"


@dataclass(frozen=True)
class Demo:
    """What is printed once and nowhere stored in clear: `users` is (login id, role, password)."""

    login_path: str
    admintool_path: str
    users: list[tuple[str, str, str]]
    room_name: str
    room_password: str


def _password() -> str:
    return secrets.token_urlsafe(9)


def create_demo() -> Demo | None:
    """Organisation `demo`: an admin, two members, a room with an entry password. None when there is a tenant."""
    if Tenant.objects.exists():
        return None
    tenant, key = create_tenant(SLUG, name="Demo", actor=SYSTEM)
    people = [("admin", "管理 花子", "admin"), ("sato", "佐藤 一郎", "member"), ("suzuki", "鈴木 さくら", "member")]
    users: list[tuple[str, str, str]] = []
    room_password = _password()
    with tenant_context(tenant):
        for login_id, name, role in people:
            password = _password()
            creator = create_user(tenant, actor=SYSTEM, login_id=login_id, name=name, password=password, role=role)
            users.append((login_id, role, password))
            if role == "admin":
                host = creator
        room = create_room(
            tenant, actor=SYSTEM, creator=host, name="会議室 1", entry_password=room_password, hosts=[host]
        )
    return Demo(f"/t/{SLUG}/login/", f"/admintool/{key}/", users, room.name, room_password)
