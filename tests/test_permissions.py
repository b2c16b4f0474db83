"""Every address × every role × own or foreign tenant. A new address without an entry here fails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from allauth.mfa.models import Authenticator
from django.core.signals import request_finished
from django.db import close_old_connections, transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import (
    Approval,
    Group,
    PasswordHistory,
    Restriction,
    SecuritySettings,
    SoftCaps,
    SsoIdentity,
    SsoProvider,
    User,
    UserImport,
)
from audit.models import DeletionCertificate, Disclosure, LegalHold, LogExport
from conferences.models import (
    Bar,
    GuestPass,
    Meeting,
    MeetingClass,
    MeetingCommand,
    Participant,
    Room,
)
from tenants.models import Tenant
from tests.factories import GUEST_SECRET
from tests.world import World, make_world

ROLES = ("nobody", "guest", "foreign_guest", "member", "host", "admin", "stranger", "other_admin")
EVERYBODY = set(ROLES)
SIGNED_OUT = {"nobody", "guest", "foreign_guest"}  # a guest's grant opens one meeting and nothing else
MEMBERS = {"member", "host", "admin"}
EDITORS = {"host", "admin"}
ADMINS = {"admin"}


@dataclass(frozen=True)
class Page:
    """Who gets it, by which method. To others a page below an organisation is its login (signed out) or a 404."""

    allowed: set[str]
    method: str = "get"
    public: bool = False


PAGES = {
    "organisation": Page(EVERYBODY, public=True),
    "language": Page(EVERYBODY, "post", public=True),
    "login": Page(EVERYBODY, public=True),
    "healthz": Page(EVERYBODY, public=True),
    "readyz": Page(EVERYBODY, public=True),
    "jsi18n": Page(EVERYBODY, public=True),
    "guest-join": Page(EVERYBODY, public=True),
    "guest-network-test": Page(EVERYBODY, public=True),
    "guest-left": Page(EVERYBODY, public=True),
    "guest-meeting": Page({"guest"}, public=True),
    "login-passkey": Page(EVERYBODY, "post", public=True),
    "login-code": Page(MEMBERS),
    "login-password": Page(MEMBERS),
    "login-factor": Page(MEMBERS),
    "forgotten": Page(EVERYBODY, public=True),
    "reset": Page(EVERYBODY, public=True),
    "sso": Page(EVERYBODY, public=True),
    "sso-start": Page(set(), "post", public=True),  # its form is on the page that offers it only
    "sso-callback": Page(EVERYBODY, public=True),
    "sso-acs": Page(EVERYBODY, "post", public=True),
    "sso-metadata": Page(EVERYBODY, public=True),
    "logout": Page(MEMBERS, "post"),
    "password": Page(MEMBERS),
    "confirm": Page(MEMBERS),
    "security": Page(MEMBERS),
    "factor-add": Page(MEMBERS),
    "factor-remove": Page({"member"}),
    "recovery-codes": Page(MEMBERS),
    "logins": Page(MEMBERS),
    "login-end": Page({"member"}, "post"),
    "logins-end-others": Page(MEMBERS, "post"),
    "network-test": Page(MEMBERS),
    "rooms": Page(MEMBERS),
    "room-create": Page(MEMBERS),
    "join": Page(MEMBERS),
    "meeting": Page(MEMBERS),
    "room-edit": Page(EDITORS),
    "room-close": Page(EDITORS, "post"),
    "guest-passes": Page(EDITORS),
    "guest-pass-revoke": Page(EDITORS, "post"),
    "guest-pass-take-over": Page(ADMINS, "post"),
    "admintool:login": Page(ADMINS | SIGNED_OUT),
    "admintool:login-code": Page(ADMINS),
    "admintool:login-password": Page(ADMINS),
    "admintool:login-factor": Page(ADMINS),
    "admintool:confirm": Page(ADMINS),
    "admintool:rotate": Page(ADMINS),
    "admintool:overview": Page(ADMINS),
    "admintool:users-export": Page(ADMINS),
    "admintool:imports": Page(ADMINS),
    "admintool:import-template": Page(ADMINS),
    "admintool:import": Page(ADMINS),
    "admintool:import-progress": Page(ADMINS),
    "admintool:import-start": Page(ADMINS, "post"),
    "admintool:import-continue": Page(ADMINS, "post"),
    "admintool:import-cancel": Page(ADMINS, "post"),
    "admintool:import-report": Page(ADMINS),
    "admintool:groups": Page(ADMINS),
    "admintool:group": Page(ADMINS),
    "admintool:group-add": Page(ADMINS, "post"),
    "admintool:group-remove": Page(ADMINS, "post"),
    "admintool:group-delete": Page(ADMINS),
    "admintool:security": Page(ADMINS),
    "admintool:classes": Page(ADMINS),
    "admintool:class-create": Page(ADMINS),
    "admintool:class-edit": Page(ADMINS),
    "admintool:class-move": Page(ADMINS, "post"),
    "admintool:class-retire": Page(ADMINS, "post"),
    "admintool:class-revive": Page(ADMINS, "post"),
    "admintool:records": Page(ADMINS),
    "admintool:inventory": Page(ADMINS),
    "admintool:certificates": Page(ADMINS),
    "admintool:certificate-download": Page(ADMINS),
    "admintool:holds": Page(ADMINS),
    "admintool:hold-place": Page(ADMINS),
    "admintool:hold-lift": Page(ADMINS),
    "admintool:disclosures": Page(ADMINS),
    "admintool:disclosure-request": Page(ADMINS),
    "admintool:disclosure": Page(ADMINS),
    "admintool:disclosure-decide": Page(ADMINS, "post"),
    "admintool:disclosure-download": Page(ADMINS),
    "admintool:approvals": Page(ADMINS),
    "admintool:approval": Page(ADMINS),
    "admintool:approval-decide": Page(ADMINS, "post"),
    "admintool:sso": Page(ADMINS),
    "admintool:sso-create": Page(ADMINS),
    "admintool:sso-edit": Page(ADMINS),
    "admintool:sso-enable": Page(ADMINS, "post"),
    "admintool:sso-disable": Page(ADMINS),
    "admintool:user-break-glass": Page(ADMINS),
    "admintool:user-unlink": Page(ADMINS),
    "admintool:restrictions": Page(ADMINS),
    "admintool:restriction-create": Page(ADMINS),
    "admintool:restriction-edit": Page(ADMINS),
    "admintool:restriction-enable": Page(ADMINS, "post"),
    "admintool:restriction-disable": Page(ADMINS, "post"),
    "admintool:restriction-delete": Page(ADMINS, "post"),
    "admintool:restriction-up": Page(ADMINS, "post"),
    "admintool:restriction-down": Page(ADMINS, "post"),
    "admintool:who-may": Page(ADMINS),
    "admintool:users": Page(ADMINS),
    "admintool:user-create": Page(ADMINS),
    "admintool:user-edit": Page(ADMINS),
    "admintool:user-disable": Page(ADMINS, "post"),
    "admintool:user-enable": Page(ADMINS, "post"),
    "admintool:user-password": Page(ADMINS),
    "admintool:user-factors": Page(ADMINS),
    "admintool:user-unlock": Page(ADMINS, "post"),
    "admintool:user-logins": Page(ADMINS),
    "admintool:user-login-end": Page(ADMINS, "post"),
    "admintool:live": Page(ADMINS),
    "admintool:live-now": Page(ADMINS),
    "admintool:remove-one": Page(ADMINS, "post"),
    "admintool:remove-all": Page(ADMINS, "post"),
    "admintool:remove-many": Page(ADMINS),
    "admintool:mute": Page(ADMINS, "post"),
    "admintool:meeting-end": Page(ADMINS, "post"),
    "admintool:meeting-freeze": Page(ADMINS, "post"),
    "admintool:meeting-unfreeze": Page(ADMINS, "post"),
    "admintool:bandwidth": Page(ADMINS),
    "admintool:bandwidth-now": Page(ADMINS),
    "admintool:readmit": Page(ADMINS, "post"),
    "admintool:usage": Page(ADMINS),
    "admintool:usage-export": Page(ADMINS),
    "admintool:usage-caps": Page(ADMINS),
    "admintool:logs": Page(ADMINS),
    "admintool:attendance": Page(ADMINS),
    "admintool:attendance-export": Page(ADMINS),
    "admintool:bandwidth-log": Page(ADMINS),
    "admintool:bandwidth-log-export": Page(ADMINS),
    "admintool:bandwidth-minutes": Page(ADMINS),
    "admintool:bandwidth-minutes-export": Page(ADMINS),
    "admintool:events": Page(ADMINS),
    "admintool:events-export": Page(ADMINS),
    "admintool:logins-log": Page(ADMINS),
    "admintool:logins-log-export": Page(ADMINS),
}


def named_patterns(patterns: list[URLPattern | URLResolver], namespace: str = "") -> dict[str, set[str]]:
    """Name → its arguments, through all includes."""
    found: dict[str, set[str]] = {}
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else namespace
            deeper = named_patterns(pattern.url_patterns, inner)
            outer = set(pattern.pattern.converters)
            found |= {name: arguments | outer for name, arguments in deeper.items()}
        else:
            found[f"{namespace}{pattern.name}"] = set(pattern.pattern.converters)
    return found


ADDRESSES = named_patterns(get_resolver().url_patterns)
OWNED = {"meeting_id", "room_id", "pass_id", "user_id", "participant_id", "bar_id"}
OWNED |= {"class_id", "approval_id", "group_id", "import_id"}
OWNED |= {"login_id", "factor_id", "rule_id"}
OWNED |= {"provider_id"}
OWNED |= {"hold_id", "disclosure_id", "certificate_id"}
SIGN_IN = (Authenticator, PasswordHistory)
SSO = (SsoIdentity, SsoProvider)
RECORDS = (DeletionCertificate, Disclosure, LegalHold, LogExport, SoftCaps)
RULES = (Approval, MeetingClass, Restriction, SecuritySettings, UserImport)


def test_every_address_has_an_entry():
    assert set(ADDRESSES) == set(PAGES)


@pytest.fixture
def own(db: None) -> World:
    return make_world("acme", GUEST_SECRET)


@pytest.fixture
def foreign(db: None) -> World:
    return make_world("globex", "another-secret")


@pytest.fixture
def visit(own: World, foreign: World) -> Callable[..., HttpResponseBase]:
    """`visit(name, role, **ids)`: the answer to that role at the address of our own tenant, with some ids replaced."""
    users = {"member": own.member, "host": own.host, "admin": own.admin}
    users |= {"stranger": foreign.member, "other_admin": foreign.admin}
    guests = {"guest": own.ids["guest_pass"], "foreign_guest": foreign.ids["guest_pass"]}

    def answer(name: str, role: str, method: str = "", **replaced: str) -> HttpResponseBase:
        client = Client(raise_request_exception=False)
        if role in users:
            client.force_login(users[role])
        if role in guests:
            client.post(reverse("guest-join", args=[guests[role]]), {"display_name": "Goto"})
        ids = own.ids | replaced
        address = reverse(name, kwargs={argument: ids[argument] for argument in ADDRESSES[name]})
        found = getattr(client, method or PAGES[name].method)(address)
        if found.streaming:
            close_unread(found)
        return found

    return answer


def close_unread(download: HttpResponseBase) -> None:
    """As the test client closes what it has read: the test's own connection to the database stays."""
    request_finished.disconnect(close_old_connections)
    download.close()
    request_finished.connect(close_old_connections)


def leads_to_login(answer: HttpResponseBase) -> bool:
    return answer.status_code == 302 and "/login/" in answer.headers["Location"]


def what_is_kept() -> list[list[dict[str, object]]]:
    """Every row that a refused request could have touched; a refusal may be seen, which is no change."""
    kept = (Tenant, Group, User, Room, GuestPass, Meeting, Participant, Bar, MeetingCommand)
    rows = [list(model._default_manager.order_by("pk").values()) for model in (*kept, *RULES, *SIGN_IN, *SSO, *RECORDS)]
    return [[{**row, "last_login": None} for row in table] for table in rows]


@contextmanager
def undone() -> Iterator[None]:
    """A visit after which everything is as before: a new world for each takes longer than the visit."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("name", PAGES)
def test_who_gets_what(visit, name):
    page = PAGES[name]
    for role in ROLES:
        with undone():
            answer = visit(name, role)
        if role in page.allowed:
            assert answer.status_code in (200, 204, 302, 400, 503), (role, answer.status_code)
            assert name == "logout" or not leads_to_login(answer), role
        elif role in SIGNED_OUT and not page.public:
            assert leads_to_login(answer), role
        else:
            assert answer.status_code == 404, role


@pytest.mark.timeout(180)
@pytest.mark.parametrize("role", ROLES)
def test_nobody_changes_anything_where_they_may_not_be(visit, role):
    before = what_is_kept()
    for name in (name for name, page in PAGES.items() if role not in page.allowed):
        for method in ("get", "post", "put", "delete"):
            answer = visit(name, role, method)
            assert answer.status_code in (404, 405) or leads_to_login(answer), (name, method)
            assert answer.status_code != 405 or not name.startswith("admintool:"), (name, method)
    assert what_is_kept() == before


FOREIGN = [(name, argument) for name, arguments in ADDRESSES.items() for argument in sorted(arguments & OWNED)]


@pytest.mark.parametrize(("name", "argument"), FOREIGN)
def test_what_another_tenant_owns_does_not_exist(visit, foreign, name, argument):
    before = what_is_kept()
    for role in ("member", "host", "admin"):
        assert visit(name, role, **{argument: foreign.ids[argument]}).status_code == 404, role
        posted = visit(name, role, "post", **{argument: foreign.ids[argument]}).status_code
        assert posted in (404, 405), role  # a page that only shows takes no POST, whatever the id
        assert posted == visit(name, role, "post", **{argument: "nothing"}).status_code, role
    assert what_is_kept() == before


@pytest.mark.parametrize("name", [name for name, arguments in ADDRESSES.items() if arguments])
def test_what_nobody_owns_does_not_exist(visit, name):
    for argument in ADDRESSES[name] - {"tenant_slug", "app"}:  # an unknown `app`: tests/accounts/test_sso_pages.py
        assert visit(name, "admin", **{argument: "nothing"}).status_code == 404


@pytest.mark.parametrize("name", [name for name, arguments in ADDRESSES.items() if "admintool_key" in arguments])
def test_another_tenant_s_key_opens_nothing(visit, foreign, name):
    assert visit(name, "admin", admintool_key=foreign.ids["admintool_key"]).status_code == 404


@pytest.mark.parametrize("name", [name for name, arguments in ADDRESSES.items() if "tenant_slug" in arguments])
def test_another_tenant_s_pages_do_not_exist(visit, foreign, name):
    answer = visit(name, "admin", tenant_slug=foreign.ids["tenant_slug"])
    assert answer.status_code == 404 or PAGES[name].public


GUESSABLE = [name for name, arguments in ADDRESSES.items() if "tenant_slug" in arguments and name != "reset"]


@pytest.mark.parametrize("name", GUESSABLE)
def test_organisation_that_does_not_exist_looks_like_one_that_does(visit, name):
    known, unknown = visit(name, "nobody"), visit(name, "nobody", tenant_slug="nowhere")
    assert known.status_code == unknown.status_code
    if known.status_code == 302:
        assert known.headers["Location"].replace("acme", "nowhere") == unknown.headers["Location"]
