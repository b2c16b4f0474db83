"""Admintool's pages of the import and the export of users."""

import asyncio
import csv
import hashlib
import io
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import StreamingHttpResponse
from django.test import Client

from accounts.models import Approval, Role, SecuritySettings, User, UserImport
from accounts.services import imports
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.admintool.conftest import url
from tests.admintool.people_rows import make_group
from tests.factories import make_admin, make_user

HEAD = "User ID,Name,Mail address,Role,Groups,Status,Initial password\n"


def upload(client: Client, text: str | bytes) -> UserImport:
    content = text if isinstance(text, bytes) else text.encode()
    answer = client.post(url("imports"), {"file": SimpleUploadedFile("people.csv", content)})
    found = UserImport.objects.latest("pk")
    assert answer["Location"] == url("import", import_id=found.public_id)
    return found


def body(answer: Any) -> bytes:
    """What was streamed."""
    assert isinstance(answer, StreamingHttpResponse)

    async def read() -> bytes:
        return b"".join([piece async for piece in answer])

    return asyncio.run(read())


def test_file_is_shown_started_and_reported(admin_client: Client, tenant: Tenant, member: User) -> None:
    found = upload(admin_client, HEAD + "tanaka,Tanaka,,,,,\nmember,Mori M.,,,,,\nbad one,x,,,,,\n")
    address = url("import", import_id=found.public_id)
    page = admin_client.get(address).content.decode()
    for text in (
        "Read as UTF-8",
        "Will be created",
        "Name: Mori Member → Mori M.",
        "User ID: Use letters",
        "people.csv",
    ):
        assert text in page, text
    refused = admin_client.post(url("import-start", import_id=found.public_id), {"mode": "all"}, follow=True)
    assert "Some lines are bad." in refused.content.decode()
    admin_client.post(url("import-start", import_id=found.public_id), {"mode": "skip"})
    running = admin_client.get(address).content.decode()
    assert "<progress" in running
    assert "Cancel the import" in running
    fragment = admin_client.get(url("import-progress", import_id=found.public_id))
    assert "HX-Refresh" not in fragment.headers
    imports.run_import(tenant, found.pk)
    assert admin_client.get(url("import-progress", import_id=found.public_id))["HX-Refresh"] == "true"
    assert "<progress" not in admin_client.get(address).content.decode()
    assert User.objects.filter(login_id="tanaka").exists()


def test_lines_are_filtered_paged_and_downloaded(admin_client: Client, tenant: Tenant) -> None:
    found = upload(admin_client, HEAD + "=bad,x,,,,,\n" + "".join(f"n-{number},N,,,,,\n" for number in range(60)))
    address = url("import", import_id=found.public_id)
    first = admin_client.get(address).context["page"]
    second = admin_client.get(address, {"after": first.next_after}).context["page"]
    assert (len(first.lines), len(second.lines), second.next_after) == (50, 11, "")
    [bad] = admin_client.get(address, {"outcome": "bad"}).context["page"].lines
    assert (bad["number"], bad["result"]) == (2, "Not imported")
    assert len(admin_client.get(address, {"outcome": "created"}).context["page"].lines) == 50
    report = admin_client.get(url("import-report", import_id=found.public_id), {"outcome": "bad"}).content.decode()
    assert report.startswith("\ufeffLine,User ID,Name,Result,Why\r\n2,'=bad,x,Not imported,")
    whole = admin_client.get(url("import-report", import_id=found.public_id)).content.decode()
    assert len(whole.splitlines()) == 62


@pytest.mark.parametrize("content", [b"", b"nothing,here\n", b"\x81\xff\xfe", b"user id\n" + b"x" * (5 * 1024 * 1024)])
def test_file_that_cannot_be_read_says_why(admin_client: Client, content: bytes) -> None:
    answer = admin_client.post(url("imports"), {"file": SimpleUploadedFile("f.csv", content)})
    assert answer.context["form"].errors["file"]
    assert not UserImport.objects.exists()


def test_import_can_be_cancelled_and_continued(admin_client: Client, tenant: Tenant) -> None:
    found = upload(admin_client, HEAD + "tanaka,Tanaka,,,,,\n")
    assert (
        "not running"
        in admin_client.post(url("import-continue", import_id=found.public_id), follow=True).content.decode()
    )
    admin_client.post(url("import-cancel", import_id=found.public_id))
    found.refresh_from_db()
    assert found.state == UserImport.State.CANCELLED
    assert "was cancelled" in admin_client.get(url("import", import_id=found.public_id)).content.decode()


def test_template_is_read_back(admin_client: Client, tenant: Tenant) -> None:
    for language in ("en", "ja"):
        admin_client.cookies["liveon_language"] = language
        content = admin_client.get(url("import-template")).content
        assert upload(admin_client, content + b"tanaka,Tanaka,,,,,\n").unused_columns == []


def test_export_taken_back_changes_nothing(admin_client: Client, tenant: Tenant, member: User) -> None:
    make_group(tenant, "Sales", member)
    make_user(tenant, "odd", name="=HYPERLINK(1)", email="odd@example.com", is_active=False)
    make_user(tenant, "odder", name="'=x")
    make_admin(tenant, "second", name="佐藤, 一郎", email="sato@example.com")
    for language in ("en", "ja"):
        admin_client.cookies["liveon_language"] = language
        content = body(admin_client.get(url("users-export")))
        assert b"'=HYPERLINK" in content
        lines = upload(admin_client, content).lines.all()
        assert {line.plan for line in lines} == {"unchanged"}
        assert len(lines) == User.objects.for_tenant(tenant).count()


def test_export_is_an_event_with_count_and_hash(
    admin_client: Client, admin: User, member: User, stranger: User
) -> None:
    content = body(admin_client.get(url("users-export"), {"q": "mori"}))
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row[0] for row in rows] == ["User ID", "member"]
    event = AuditEvent.objects.get(action="users_exported")
    assert event.details == {
        "format": "csv",
        "rows": 1,
        "sha256": hashlib.sha256(content).hexdigest(),
        "search": {"q": "mori"},
    }
    assert event.actor_id == admin.public_id


def test_export_for_excel_has_texts_only(admin_client: Client, tenant: Tenant, admin: User) -> None:
    make_user(tenant, "odd", name="=1+1")
    book = openpyxl.load_workbook(io.BytesIO(body(admin_client.get(url("users-export"), {"format": "xlsx"}))))
    rows = [[cell.value for cell in row[:2]] for row in book.active.iter_rows()]
    assert rows == [["User ID", "Name"], ["admin", "Aoki Admin"], ["odd", "=1+1"]]
    assert {cell.data_type for row in book.active.iter_rows() for cell in row} <= {"s", "n"}  # n: an empty cell
    assert admin_client.get(url("users-export"), {"format": "exe"}).status_code == 404


def test_foreign_import_does_not_exist(admin_client: Client, other_admin: User) -> None:
    found = UserImport.objects.create(tenant=other_admin.tenant, file_name="f", requested_by=other_admin)
    for name in ("import", "import-progress", "import-report"):
        assert admin_client.get(url(name, import_id=found.public_id)).status_code == 404
    for name in ("import-start", "import-cancel", "import-continue"):
        assert admin_client.post(url(name, import_id=found.public_id), {"mode": "skip"}).status_code == 404


@pytest.fixture
def four_eyes(tenant: Tenant) -> User:
    """A second administrator of a tenant that wants four eyes."""
    SecuritySettings.objects.create(tenant=tenant, four_eyes=True)
    return make_admin(tenant, "second", name="Second Admin")


def test_four_eyes_guard_who_is_an_administrator(admin_client: Client, member: User, four_eyes: User) -> None:
    fields = {"login_id": "member", "name": "Renamed", "email": "", "role": "admin", "language": ""}
    admin_client.post(url("user-edit", user_id=member.public_id), fields)
    member.refresh_from_db()
    assert (member.name, member.role) == ("Renamed", Role.MEMBER)
    question = admin_client.get(url("user-disable", user_id=four_eyes.public_id)).content.decode()
    assert "A second administrator is asked." in question
    admin_client.post(url("user-disable", user_id=four_eyes.public_id))
    four_eyes.refresh_from_db()
    assert four_eyes.is_active
    answer = admin_client.post(url("user-create"), {**fields, "login_id": "new", "password": ""})
    assert "has been asked to make this user an administrator" in answer.content.decode()
    assert User.objects.get(login_id="new").role == Role.MEMBER
    asked = list(Approval.objects.order_by("pk").values_list("kind", flat=True))
    assert asked == ["role_changed", "administrator_disabled", "role_changed"]
    theirs = Client()
    theirs.force_login(four_eyes, backend="accounts.backends.TenantBackend")
    first = Approval.objects.earliest("pk")
    theirs.post(url("approval-decide", approval_id=first.public_id), {"decision": "approve"})
    member.refresh_from_db()
    assert member.role == Role.ADMIN


def test_four_eyes_keep_another_administrator_s_password(admin_client: Client, four_eyes: User) -> None:
    before = four_eyes.password
    answer = admin_client.post(url("user-password", user_id=four_eyes.public_id), {"password": ""}, follow=True)
    assert "nobody sets another administrator" in answer.content.decode().replace("&#x27;", "'")
    four_eyes.refresh_from_db()
    assert four_eyes.password == before
