import io
import json
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import Client

from accounts import commands
from accounts.models import User
from accounts.services.tenants import find_tenant_by_admintool_key
from tenants.models import Tenant
from tests.accounts.visits import log_in
from tests.factories import PASSWORD


def run(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def run_json(*words: str) -> dict[str, str]:
    return json.loads(run(*words, "--json"))


@pytest.fixture
def password_file(tmp_path: Path) -> str:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n", encoding="utf-8")
    return str(path)


def test_create_tenant_prints_the_addresses(db: None) -> None:
    report = run_json("create_tenant", "acme", "--name", "アクメ株式会社")
    assert Tenant.objects.get().name == "アクメ株式会社"
    assert (report["tenant"], report["login_url"]) == ("acme", "http://localhost:8000/t/acme/login/")
    key = report["admintool_url"].removeprefix("http://localhost:8000/admintool/").removesuffix("/")
    assert find_tenant_by_admintool_key(key) == Tenant.objects.get()


def test_addresses_are_under_the_public_url(db: None, settings) -> None:
    settings.BASE_URL = "https://meet.example.com"
    report = run_json("create_tenant", "acme", "--name", "Acme")
    assert report["login_url"] == "https://meet.example.com/t/acme/login/"
    assert report["admintool_url"].startswith("https://meet.example.com/admintool/")


def test_people_get_lines_instead_of_json(db: None) -> None:
    lines = run("create_tenant", "acme", "--name", "Acme").splitlines()
    assert lines[:2] == ["tenant: acme", "login_url: http://localhost:8000/t/acme/login/"]


def test_create_user_reads_the_password_from_a_file(tenant: Tenant, password_file: str) -> None:
    words = ("create_user", "acme", "sato", "--name", "佐藤", "--role", "admin", "--password-file", password_file)
    assert run_json(*words) == {"tenant": "acme", "login_id": "sato", "role": "admin"}
    assert User.objects.get().is_admin
    assert log_in(Client(), "acme", "sato").status_code == 302


def test_create_user_reads_the_password_from_standard_input(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\r\nsecond line\n"))
    run("create_user", "acme", "sato", "--name", "Sato", "--password-file", "-")
    assert User.objects.get().check_password(PASSWORD)
    assert not User.objects.get().is_admin


def test_rotate_admintool_url_replaces_the_address(tenant: Tenant) -> None:
    report = run_json("rotate_admintool_url", "acme")
    key = report["admintool_url"].split("/")[-2]
    assert report["tenant"] == "acme"
    assert find_tenant_by_admintool_key(key) == tenant
    assert find_tenant_by_admintool_key("admintool-key-of-acme") is None


def refused(*words: str) -> str:
    with pytest.raises(CommandError) as error:
        run(*words)
    [line] = str(error.value).splitlines()
    return line


def test_existing_organisation_is_refused(tenant: Tenant) -> None:
    assert refused("create_tenant", "acme", "--name", "Acme") == "slug: This organisation ID is taken."


def test_malformed_organisation_is_refused_in_one_line(db: None) -> None:
    line = refused("create_tenant", "A_", "--name", " ")
    assert line == "slug: Use lower-case letters, digits and hyphens. name: This field cannot be blank."


def test_unknown_organisation_is_refused(tenant: Tenant, password_file: str) -> None:
    assert refused("rotate_admintool_url", "none") == "There is no organisation 'none'."
    line = refused("create_user", "none", "sato", "--name", "Sato", "--password-file", password_file)
    assert line == "There is no organisation 'none'."


def test_existing_user_is_refused(tenant: Tenant, member: User, password_file: str) -> None:
    line = refused("create_user", "acme", "MEMBER", "--name", "Sato", "--password-file", password_file)
    assert line == "login_id: This user ID is taken."


def test_weak_password_is_refused_and_not_repeated(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("s3cr3t!"))
    line = refused("create_user", "acme", "sato", "--name", "Sato", "--password-file", "-")
    assert line.startswith("password: ") and "s3cr3t!" not in line


def test_unreadable_or_empty_password_file_is_refused(tenant: Tenant, tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.touch()
    binary.write_bytes(b"\xff\xfe")
    for path, reason in ((empty, "empty"), (binary, "not UTF-8"), (tmp_path / "missing", "No such file")):
        assert reason in refused("create_user", "acme", "sato", "--name", "Sato", "--password-file", str(path))


def test_unknown_role_and_missing_name_are_refused(tenant: Tenant, password_file: str) -> None:
    words = ("create_user", "acme", "sato", "--password-file", password_file)
    assert "--role" in refused(*words, "--name", "Sato", "--role", "operator")
    assert "--name" in refused(*words)


def test_database_that_cannot_be_used_is_one_line(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def unusable(slug: str) -> None:
        raise OperationalError("no such table: tenants_tenant\nLINE 1: SELECT")

    monkeypatch.setattr(commands, "tenant_with_slug", unusable)
    line = refused("rotate_admintool_url", "acme")
    assert line == "The database cannot be used: no such table: tenants_tenant"
