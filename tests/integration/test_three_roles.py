"""LiveOn with three database roles, as in production: a meeting, Admintool and a forced exit."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path

import psycopg
import pytest
from django.urls import NoReverseMatch, get_resolver, reverse
from websockets import ConnectionClosed, Origin
from websockets.sync.client import ClientConnection, connect

from tests import services
from tests.e2e.product import PASSWORD, ROOT, LiveOn, liveon
from tests.services import free_port, wait_until

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def hardened() -> Iterator[LiveOn]:
    with ExitStack() as servers:
        owner = servers.enter_context(services.postgresql())
        variables = {
            "LIVEON_DATABASE_OWNER_URL": owner,
            "LIVEON_DATABASE_URL": owner.replace("//liveon@", "//liveon_app@"),
            "LIVEON_DATABASE_SYSTEM_URL": owner.replace("//liveon@", "//liveon_system@"),
            "LIVEON_REDIS_URL": servers.enter_context(services.redis()),
            "LIVEON_PUBLIC_URL": f"http://127.0.0.1:{free_port()}",
        }
        yield servers.enter_context(liveon(**variables))


CAST = f"""
from accounts.services.tenants import create_tenant
from accounts.services.users import create_user
from audit.events import SYSTEM
from conferences.services.rooms import create_room
acme, key = create_tenant("acme", name="Acme", actor=SYSTEM)
globex, _ = create_tenant("globex", name="Globex", actor=SYSTEM)
for tenant, login_id, role in ((acme, "admin", "admin"), (acme, "sato", "member"), (globex, "sato", "member")):
    create_user(tenant, actor=SYSTEM, login_id=login_id, name=login_id, password="{PASSWORD}", role=role)
from tenants.context import tenant_context
with tenant_context(acme):
    print(key, create_room(acme, actor=SYSTEM, creator=None, name="Board room").public_id)
"""


@dataclass
class Cast:
    """acme with admin, sato and a room; globex with a sato of its own."""

    admintool_key: str
    room_id: str


@pytest.fixture(scope="module")
def cast(hardened: LiveOn) -> Cast:
    """Made in the system role, as `manage.py` takes it."""
    words = [sys.executable, "manage.py", "shell", "--no-imports", "-c", CAST]
    made = subprocess.run(words, cwd=ROOT, env=hardened.environment, capture_output=True, text=True, check=True)
    return Cast(*made.stdout.split())


class Visitor:
    """A browser without a screen."""

    def __init__(self, product: LiveOn) -> None:
        self.url = product.url
        self.cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, address: str) -> str:
        return self._opener.open(urllib.parse.urljoin(self.url, address)).read().decode(errors="replace")  # or a file

    def send(self, address: str, **form: str) -> str:
        """Fill in the form on the page at `address`."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(address)).group(1)
        body = urllib.parse.urlencode({**form, "csrfmiddlewaretoken": token}).encode()
        request = urllib.request.Request(urllib.parse.urljoin(self.url, address), body, {"Origin": self.url})
        return self._opener.open(request).url

    def log_in(self, address: str, login_id: str) -> str:
        return self.send(address, login_id=login_id, password=PASSWORD)

    @contextmanager
    def entering(self, room_id: str) -> Iterator[ClientConnection]:
        """The room's socket, after asking to join."""
        headers = {"Cookie": "; ".join(f"{each.name}={each.value}" for each in self.cookies)}
        address = f"{self.url.replace('http', 'ws')}/ws/meetings/{room_id}/?as=user"
        asked = {"type": "join", "resume": None, "microphone": True, "camera": True, "language": "en"}
        with connect(address, origin=Origin(self.url), additional_headers=headers, proxy=None) as socket:
            with suppress(ConnectionClosed):  # who may not come in is often told before they have asked
                socket.send(json.dumps(asked))
            yield socket


def hear(socket: ClientConnection, kind: str) -> dict:
    while (message := json.loads(socket.recv(timeout=20)))["type"] != kind:
        assert message["type"] != "error", message
    return message


def ask(product: LiveOn, query: str) -> list[tuple]:
    with psycopg.connect(product.environment["LIVEON_DATABASE_OWNER_URL"], autocommit=True) as connection:
        connection.execute("SET liveon.tenant = 'system'")
        return connection.execute(query).fetchall()


def test_a_meeting_and_a_forced_exit(hardened: LiveOn, cast: Cast) -> None:
    sato, admin = Visitor(hardened), Visitor(hardened)
    key = cast.admintool_key
    assert sato.log_in("/t/acme/login/", "sato").endswith("/t/acme/rooms/")
    admin.log_in(reverse("admintool:login", args=[key]), "admin")
    with sato.entering(cast.room_id) as socket:
        you = hear(socket, "joined")["you"]
        assert you in admin.get(reverse("admintool:live", args=[key]))
        admin.send(reverse("admintool:remove-one", args=[key, you]), note="Wrong room")
        assert hear(socket, "removed")["reason"] == "removed"
    assert "sato" in admin.get(reverse("admintool:attendance", args=[key]))
    sealed = "SELECT count(*) FILTER (WHERE seq IS NULL) FROM audit_auditevent"
    wait_until(lambda: ask(hardened, sealed) == [(0,)], what="the sealing of the events")
    actions = {action for (action,) in ask(hardened, "SELECT action FROM audit_auditevent")}
    assert {"tenant_created", "login_succeeded", "attendance_opened", "forced_exit", "attendance_closed"} <= actions


def admintool_pages(key: str) -> Iterator[str]:
    """The pages that need no id in their address."""
    for name in filter(lambda each: isinstance(each, str), get_resolver("admintool.urls").reverse_dict):
        with suppress(NoReverseMatch):
            yield reverse(f"admintool:{name}", args=[key])


def test_every_page_of_admintool_has_the_rights_it_needs(hardened: LiveOn, cast: Cast) -> None:
    admin = Visitor(hardened)
    admin.log_in(reverse("admintool:login", args=[cast.admintool_key]), "admin")
    pages = list(admintool_pages(cast.admintool_key))
    assert len(pages) > 15
    failed = []
    for page in pages:
        try:
            admin.get(page)
        except urllib.error.HTTPError as error:
            failed += [page] if error.code >= 500 else []
    assert failed == []


def test_another_organisation_s_people_find_nothing(hardened: LiveOn, cast: Cast) -> None:
    stranger = Visitor(hardened)
    stranger.log_in("/t/globex/login/", "sato")
    with stranger.entering(cast.room_id) as socket:
        assert json.loads(socket.recv(timeout=20))["code"] == "room_not_found"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        stranger.get(reverse("join", args=["acme", cast.room_id]))


def test_each_process_has_its_role_and_none_is_left_with_the_owner_s(hardened: LiveOn) -> None:
    connected = {
        role for (role,) in ask(hardened, "SELECT usename FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    }
    assert "liveon_app" in connected
    assert "liveon" not in connected
    [web] = hardened.child_pids("liveon.web")
    inherited = Path(f"/proc/{web}/environ").read_bytes().decode().split("\0")
    assert [each for each in inherited if "liveon_system@" in each or "//liveon@" in each] == []


def test_metrics_tell_of_all_organisations_without_the_system_s_rights(hardened: LiveOn) -> None:
    with urllib.request.urlopen(f"{hardened.url}/metrics", timeout=20) as answer:
        told = answer.read().decode().splitlines()
    assert [line for line in told if line.startswith("liveon_audit_unsealed_events ")] == [
        "liveon_audit_unsealed_events 0.0"
    ]
    assert 'liveon_media_worker_up{worker="sfu-0"} 1.0' in told


def test_commands_reach_every_organisation(hardened: LiveOn, cast: Cast) -> None:
    report = hardened.manage("purge_audit", "--dry-run")
    assert [each["tenant"] for each in report["tenants"]] == ["acme", "globex"]


def test_log_has_no_complaint(hardened: LiveOn) -> None:
    lines = [json.loads(line) for line in hardened.log.read_text().splitlines() if line.startswith("{")]
    assert [line for line in lines if line["level"] == "error" and "/readyz" not in line["event"]] == []
