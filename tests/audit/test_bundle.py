"""An export is checked by verify.py alone, as somebody would who has nothing else: each kind of tampering is found."""

import ast
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils.timezone import now

from audit.bundle import Bundle, contiguous
from audit.chain import bury
from audit.events import Actor
from audit.heads import anchor_text, sign_heads
from audit.models import AuditEvent, AuditHead
from audit.offline import verify
from audit.signing import private_key, public_hex
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.audit.chains import make_chain
from tests.audit.tampering import unguarded

pytestmark = pytest.mark.django_db

Files = dict[str, bytes]
VERIFIER = Path(verify.__file__)


def export(tenant: Tenant, *, filtered: bool = False, **conditions: Any) -> Files:
    """The files of an export of the tenant's events, with a CSV beside them."""
    bundle = Bundle(tenant, exporter=Actor("a1", "Aoki"), about={"log": "events", "search": {"name": "佐藤"}})
    files = {"events.csv": b"".join(bundle.file("events.csv", [b"who,what\n", b"Sato,left\n"]))}
    with tenant_context(tenant):
        events = AuditEvent.objects.for_tenant(tenant).filter(**conditions)
    files["events.jsonl"] = b"".join(bundle.events(events, filtered=filtered))
    return files | dict(bundle.closing())


@pytest.fixture
def files(tenant: Tenant) -> Files:
    """#1 to #10, with #4 and #5 buried, and the head of today."""
    make_chain(tenant)
    with tenant_context(tenant):
        bury(tenant, AuditEvent.objects.filter(seq__in=(4, 5)), certificate=None)
    sign_heads(tenant, now=now() + timedelta(days=1))
    return export(tenant)


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """What verify.py finds in `files`; [] when it is satisfied."""

    def check(files: Files, *options: str) -> list[str]:
        with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        status = verify.main([str(tmp_path / "export.zip"), "--json", *options])
        said = json.loads(capsys.readouterr().out)
        assert status == (0 if said["ok"] else 1)
        assert said["vouched"] is bool(options)
        return [f"{each['kind']}: {each['text']}" for each in said["findings"]]

    return check


def lines(files: Files) -> list[bytes]:
    return files["events.jsonl"].splitlines(keepends=True)


def with_lines(files: Files, changed: list[bytes]) -> Files:
    return files | {"events.jsonl": b"".join(changed)}


def with_manifest(files: Files, change: Callable[[dict[str, Any]], None]) -> Files:
    signed = json.loads(files["manifest.json"])
    change(signed["document"])
    return files | {"manifest.json": json.dumps(signed).encode()}


def test_an_export_is_in_order(files: Files, check: Any) -> None:
    assert check(files) == []


@pytest.mark.parametrize(
    ("act", "kind", "text"),
    [
        (lambda rows: [*rows[:3], rows[3].replace(b"disabled", b"enabled!"), *rows[4:]], "changed", "this #6"),
        (lambda rows: [*rows[:3], *rows[4:]], "deleted", "#6-#6: missing"),
        (lambda rows: rows[1:], "deleted", "#1-#1: missing"),
        (lambda rows: [*rows[:3], rows[4], rows[3], *rows[5:]], "reordered", "#6 comes after #7"),
        (lambda rows: [*rows[:4], rows[3], *rows[4:]], "reordered", "#6 comes after #6"),
        (lambda rows: [*rows[:3], rows[3].replace(b'"seq":6', b'"seq":5'), *rows[3:]], "inserted", "#5 stands in"),
        (lambda rows: rows[:-1], "truncated", "7 events up to #9"),
        (lambda rows: [*rows[:-1], rows[-1].replace(b"disabled", b"enabled!")], "changed", "events.jsonl"),
        (lambda rows: [], "truncated", "0 events"),
        (lambda rows: [*rows, rows[-1].replace(b'"seq":10', b'"seq":11')], "changed", "9 events up to #11"),
        (lambda rows: [*rows[:3], b"{}\n", *rows[4:]], "unreadable", "KeyError"),
        (lambda rows: [*rows[:3], b"not json\n", *rows[4:]], "unreadable", "JSONDecodeError"),
    ],
    ids=["edit", "delete", "first", "swap", "twice", "insert", "last", "edit_last", "all", "append", "empty", "broken"],
)
def test_tampering_with_events_is_found_and_named(files: Files, check: Any, act: Any, kind: str, text: str) -> None:
    found = check(with_lines(files, act(lines(files))))
    assert any(line.startswith(f"{kind}: ") and text in line for line in found), found
    assert kind == "unreadable" or any("events.jsonl is not the file that was exported" in line for line in found)


def test_another_tenant_s_events_are_found(files: Files, check: Any, tenant: Tenant) -> None:
    changed = with_lines(files, [row.replace(tenant.public_id.encode(), b"k" * 16) for row in lines(files)])
    assert any("#1 belongs to another organisation" in line for line in check(changed))


def test_other_files_are_part_of_it(files: Files, check: Any) -> None:
    assert check(files | {"events.csv": b"nothing\n"}) == ["changed: events.csv is not the file that was exported"]
    assert check({name: files[name] for name in files if name != "events.csv"}) == ["deleted: events.csv is missing"]
    (found,) = check(files | {"more.csv": b"x"})
    assert found.startswith("inserted: more.csv is not in the manifest")


def test_the_manifest_is_signed(files: Files, check: Any) -> None:
    changed = with_manifest(files, lambda manifest: manifest["exporter"].update(name="Nobody"))
    assert check(changed)[0].startswith("changed: the manifest does not carry the signature of key")


def resign(files: Files, change: Callable[[dict[str, Any]], None]) -> Files:
    """A manifest that a forger has signed with a key of their own and put that key into the list."""
    signed = json.loads(files["manifest.json"])
    own = Ed25519PrivateKey.generate()
    key_id = verify.key_id_of(public_hex(own))
    change(signed["document"])
    signed["document"]["keys"] = [
        {"key_id": key_id, "public_key": public_hex(own), "predecessor": None, "created_at": "", "cross_signature": ""}
    ]
    signed |= {"key_id": key_id, "signature": own.sign(verify.canonical(signed["document"])).hex()}
    return files | {"manifest.json": json.dumps(signed).encode()}


def test_a_forged_manifest_is_found_by_whoever_has_an_anchor_or_the_key(
    files: Files, check: Any, tenant: Tenant, tmp_path: Path
) -> None:
    forged = resign(files, lambda manifest: manifest.update(tombstones=[], heads=[], events=None))
    assert not any(line.startswith("wrong_key") for line in check(forged))  # nothing given vouches for any key
    real = public_hex(private_key())
    assert check(forged, "--trust", real)[0].startswith("wrong_key: the manifest is signed by key")
    (tmp_path / "head.eml").write_text(anchor(tenant))
    assert check(forged, "--anchor", str(tmp_path / "head.eml"))[0].startswith("wrong_key: the manifest")
    assert check(files, "--trust", real) == check(files, "--anchor", str(tmp_path / "head.eml")) == []


def anchor(tenant: Tenant) -> str:
    with tenant_context(tenant):
        return anchor_text(AuditHead.objects.select_related("tenant").latest("day"))


@pytest.mark.parametrize("name", ["tombstones", "heads"])
def test_tombstones_and_heads_are_signed_each(files: Files, check: Any, name: str) -> None:
    def forge(manifest: dict[str, Any]) -> None:
        manifest[name][0]["document"]["seq" if name == "heads" else "first_seq"] = 3

    signed = json.loads(files["manifest.json"])
    forge(signed["document"])
    signed["signature"] = private_key().sign(verify.canonical(signed["document"])).hex()
    found = check(files | {"manifest.json": json.dumps(signed).encode()})
    assert any(line.startswith(f"forged_{name[:-1]}: ") for line in found)


def test_an_anchor_from_before_the_export_must_lie_within_its_chain(
    files: Files, check: Any, tenant: Tenant, tmp_path: Path
) -> None:
    """The export of a restored old database: everything in it agrees, only the mail knows better."""
    (tmp_path / "head.txt").write_text(anchor(tenant))
    with tenant_context(tenant):
        AuditEvent.objects.filter(seq__gte=9).delete()
    (found,) = [line for line in check(export(tenant), "--anchor", str(tmp_path / "head.txt")) if "anchor" in line]
    assert found.startswith("truncated: the anchor of")


def test_a_range_is_checked_in_full(files: Files, check: Any, tenant: Tenant) -> None:
    with tenant_context(tenant):
        some = AuditEvent.objects.for_tenant(tenant).filter(seq__in=(2, 8))
        assert [each.seq for each in contiguous(tenant, some).order_by("seq")] == [2, 3, 6, 7, 8]
    part = export(tenant, seq__gte=2, seq__lte=8)
    assert check(part) == []
    rows = lines(part)
    assert any("#3-#3: missing" in line for line in check(with_lines(part, [rows[0], *rows[2:]])))


def test_a_selection_claims_no_more_than_its_lines(files: Files, check: Any, tenant: Tenant) -> None:
    part = export(tenant, filtered=True, seq__in=(1, 3, 7, 8))
    assert check(part) == []
    rows = lines(part)
    assert check(with_lines(part, rows[1:])) != []
    claimed_whole = export(tenant, filtered=False, seq__in=(1, 3, 7, 8))
    assert [line.split(",")[0] for line in check(claimed_whole)] == [
        "deleted: #2-#2: missing",
        "deleted: #6-#6: missing",
    ]


def test_an_export_of_nothing_is_in_order(tenant: Tenant, check: Any) -> None:
    assert check(export(tenant)) == []


def test_a_log_that_was_tampered_with_in_the_database_is_not_whitewashed(
    files: Files, check: Any, tenant: Tenant
) -> None:
    with unguarded(), tenant_context(tenant):
        AuditEvent.objects.filter(seq=7).update(action="forged")
    assert any(line.startswith("changed: #8 was not sealed after this #7") for line in check(export(tenant)))


def test_the_verifier_in_the_export_runs_by_itself(files: Files, tmp_path: Path, tenant: Tenant) -> None:
    """Another interpreter, isolated, without cryptography: what a recipient has."""
    (tmp_path / "verify.py").write_bytes(files["verify.py"])
    (tmp_path / "head.eml").write_text(f"Subject: head\n\n> {anchor(tenant)}".replace("\n", "\n> "))
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    command = [sys.executable, "-I", "-S", "verify.py", "export.zip", "--anchor", "head.eml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "8 events, an unbroken range, #1-#10" in done.stdout
    assert done.stdout.endswith("OK\n")


def test_the_verifier_needs_python_3_9_and_nothing_else() -> None:
    tree = ast.parse(VERIFIER.read_text(), feature_version=(3, 9))
    imported = {
        (name.name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}  # used when it is there


def test_memory_does_not_grow_with_the_export(tenant: Tenant) -> None:
    make_chain(tenant, 1_200)
    bundle = Bundle(tenant, exporter=Actor(), about={})
    with tenant_context(tenant):
        chunks = list(bundle.events(AuditEvent.objects.for_tenant(tenant), filtered=False))
    assert [chunk.count(b"\n") for chunk in chunks] == [500, 500, 200]
