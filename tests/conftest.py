"""The fixed cast of the tests.

`tenant` (acme) has `admin`, `member`, `host` (hosts `room`) and `guest_pass` (to `room`, secret `GUEST_SECRET`);
`other_tenant` (globex) has `other_admin` and `stranger`, who must never see anything of acme. Everybody's password is
`PASSWORD`, a tenant's Admintool key is `ADMINTOOL_KEY + slug`.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache

from accounts.models import User
from conferences.models import GuestPass, Room
from tenants.models import Tenant
from tests.database import make_product_strict
from tests.factories import make_admin, make_guest_pass, make_room, make_tenant, make_user


def pytest_configure() -> None:
    django_settings.PASSWORD_HASHERS = ["tests.hashers.CheapArgon2PasswordHasher"]
    make_product_strict()


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """SQLite tests use a file: one in memory has table locks that the product's WAL database has not."""
    database = django_settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database.setdefault("TEST", {})["NAME"] = str(django_settings.DATA_DIR / "test.sqlite3")


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """Throttles count in the cache: no test inherits another's wrong passwords."""
    yield
    cache.clear()


@pytest.fixture
def english(settings: Any) -> None:
    """Pages speak English to browsers that ask for nothing: for tests that read their words."""
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant("acme", name="Acme")


@pytest.fixture
def admin(tenant: Tenant) -> User:
    return make_admin(tenant, "admin", name="Aoki Admin")


@pytest.fixture
def member(tenant: Tenant) -> User:
    return make_user(tenant, "member", name="Mori Member")


@pytest.fixture
def host(tenant: Tenant) -> User:
    return make_user(tenant, "host", name="Hara Host")


@pytest.fixture
def room(tenant: Tenant, host: User) -> Room:
    return make_room(tenant, "Board room", hosts=(host,))


@pytest.fixture
def guest_pass(room: Room) -> GuestPass:
    return make_guest_pass(room, name="Goto Guest")


@pytest.fixture
def other_tenant(db: None) -> Tenant:
    return make_tenant("globex", name="Globex")


@pytest.fixture
def other_admin(other_tenant: Tenant) -> User:
    return make_admin(other_tenant, "admin", name="Other Admin")


@pytest.fixture
def stranger(other_tenant: Tenant) -> User:
    return make_user(other_tenant, "stranger", name="Sato Stranger")
