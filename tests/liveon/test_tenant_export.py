import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from audit.models import AuditEvent
from audit.offline import verify
from conferences.models import GuestPass, Room
from liveon import tenant_export
from liveon.tenant_export import ExportRefused, export_tenant
from tenants.inventory import tenant_entries
from tenants.models import Tenant
from tests.audit.records import join, make_sample
from tests.factories import GUEST_SECRET, PASSWORD, make_user
from tests.killing import kill_until_done


@pytest.fixture
def full(tenant: Tenant, admin: User, member: User, room: Room, guest_pass: GuestPass) -> Tenant:
    """A tenant with something in most tables."""
    stay = join(tenant, user_id=member.public_id, login_id="member", name="Mori Member")
    make_sample(stay, stay.joined_at.replace(second=0))
    return tenant


def read(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def lines(content: bytes) -> list[dict]:
    return [json.loads(line) for line in content.splitlines()]


def test_export_has_every_table_of_the_tenant(full: Tenant, tmp_path: Path) -> None:
    report = export_tenant(full, target=tmp_path / "acme.zip", language="en")
    files = read(tmp_path / "acme.zip")
    assert {f"data/{entry.label}.jsonl" for entry in tenant_entries()} <= set(files)
    users = lines(files["data/accounts.User.jsonl"])
    assert {user["login_id"] for user in users} == {"admin", "member", "host"}
    assert report.rows["accounts.User"] == 3
    assert json.loads(files["data/tenant.json"])["slug"] == "acme"
    assert len(lines(files["data/conferences.Room_hosts.jsonl"])) == 1


def test_logs_are_there_as_csv(full: Tenant, tmp_path: Path) -> None:
    export_tenant(full, target=tmp_path / "acme.zip", language="en")
    files = read(tmp_path / "acme.zip")
    (stay,) = csv.DictReader(io.StringIO(files["logs/attendance.csv"].decode("utf-8-sig")))
    assert (stay["Name"], stay["User ID"]) == ("Mori Member", "member")
    assert len(files["logs/bandwidth.csv"].splitlines()) == 2
    assert len(files["logs/events.csv"].splitlines()) == 3  # the join, and that an export began


def test_no_secret_leaves_the_database(full: Tenant, tmp_path: Path) -> None:
    export_tenant(full, target=tmp_path / "acme.zip", language="en")
    everything = b"".join(read(tmp_path / "acme.zip").values())
    secrets = [PASSWORD, "argon2", full.admintool_key_hash, hashlib.sha256(GUEST_SECRET.encode()).hexdigest()]
    secrets += User.objects.for_tenant(full).values_list("password", flat=True)
    assert [secret for secret in secrets if secret.encode() in everything] == []


def test_no_other_tenant_s_row_is_in_it(full: Tenant, stranger: User, tmp_path: Path) -> None:
    join(stranger.tenant, name="Sato Stranger")
    export_tenant(full, target=tmp_path / "acme.zip", language="en")
    assert b"tranger" not in b"".join(read(tmp_path / "acme.zip").values())


def test_export_verifies_without_the_server(full: Tenant, tmp_path: Path) -> None:
    report = export_tenant(full, target=tmp_path / "acme.zip", language="en")
    assert verify.main([str(tmp_path / "acme.zip")]) == 0
    manifest = read(tmp_path / "acme.zip")["manifest.json"]
    assert report.manifest_sha256 == hashlib.sha256(manifest).hexdigest()


def test_folder_has_the_same_files(full: Tenant, tmp_path: Path) -> None:
    export_tenant(full, target=tmp_path / "acme", language="ja")
    names = {str(path.relative_to(tmp_path / "acme")) for path in (tmp_path / "acme").rglob("*") if path.is_file()}
    manifest = json.loads((tmp_path / "acme" / "manifest.json").read_text())["document"]
    assert names == {each["name"] for each in manifest["files"]} | {"manifest.json", "verify.py"}
    for each in manifest["files"]:
        assert hashlib.sha256((tmp_path / "acme" / each["name"]).read_bytes()).hexdigest() == each["sha256"]


def test_beginning_and_end_are_events(full: Tenant, tmp_path: Path) -> None:
    report = export_tenant(full, target=tmp_path / "acme.zip", language="en")
    begun, ended = AuditEvent.objects.filter(action__startswith="tenant_export").order_by("pk")
    assert (begun.action, ended.action) == ("tenant_export_begun", "tenant_exported")
    assert ended.details["manifest_sha256"] == report.manifest_sha256


def test_nothing_is_written_over(full: Tenant, tmp_path: Path) -> None:
    (tmp_path / "acme.zip").write_text("mine")
    with pytest.raises(ExportRefused, match="exists already"):
        export_tenant(full, target=tmp_path / "acme.zip", language="en")
    assert (tmp_path / "acme.zip").read_text() == "mine"


@pytest.mark.parametrize("name", ["acme.zip", "acme"])
def test_failed_export_leaves_nothing_under_its_name_and_is_repeated(
    full: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tenant_export, "_json_lines", fail)
        with pytest.raises(OSError, match="No space"):
            export_tenant(full, target=tmp_path / name, language="en")
    assert not (tmp_path / name).exists()
    export_tenant(full, target=tmp_path / name, language="en")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_command_reports(full: Tenant, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Tenant.objects.update(is_active=False)
    call_command("export_tenant", "acme", "--to", str(tmp_path / "acme.zip"), "--json")
    report = json.loads(capsys.readouterr().out)
    assert (report["tenant"], report["path"]) == ("acme", str(tmp_path / "acme.zip"))
    assert len(report["manifest_sha256"]) == 64


def test_command_refuses_in_one_line(full: Tenant, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no organisation"):
        call_command("export_tenant", "nobody", "--to", str(tmp_path / "acme.zip"))
    with pytest.raises(CommandError, match="exists already"):
        call_command("export_tenant", "acme", "--to", str(tmp_path))


@pytest.mark.timeout(180)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["acme.zip", "acme"])
def test_killed_export_leaves_nothing_under_its_name_and_is_repeated(
    full: Tenant, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tenant_export, "CHUNK", 5)
    for number in range(20):
        make_user(full, f"user-{number}")
    target = tmp_path / name
    # under its name it is whole, even when only the event of its end is missing
    kill_until_done(
        lambda: export_tenant(full, target=target, language="en"), statements=130, kills=10, is_done=target.exists
    )
    assert [path.name for path in tmp_path.iterdir()] == [name]
    if target.is_file():
        assert verify.main([str(target)]) == 0
        assert len(lines(read(target)["data/accounts.User.jsonl"])) == 23
    else:
        assert (target / "verify.py").exists()  # the last file
        assert len(lines((target / "data" / "accounts.User.jsonl").read_bytes())) == 23
