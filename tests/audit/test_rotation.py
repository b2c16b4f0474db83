"""A new signing key: trust goes on from the old one, and an interrupted rotation is finished by the next."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from audit import rotation
from audit.heads import sign_heads
from audit.models import AuditEvent, AuditHead, AuditKey
from audit.offline.verify import key_id_of
from audit.rotation import rotate_key
from audit.sealing import seal
from audit.signing import private_key, public_hex
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.audit.chains import findings, make_chain

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def key_file(settings, tmp_path: Path) -> Path:
    settings.AUDIT_KEY_FILE = tmp_path / "audit_key.pem"
    return settings.AUDIT_KEY_FILE


@pytest.fixture
def signed(tenant: Tenant) -> Tenant:
    """A chain with a head signed by the first key."""
    make_chain(tenant, 3)
    sign_heads(tenant, now=now() + timedelta(days=1))
    return tenant


def current() -> str:
    return key_id_of(public_hex(private_key()))


def head_signers(tenant: Tenant) -> list[str]:
    with tenant_context(tenant):
        return list(AuditHead.objects.order_by("day").values_list("key_id", flat=True))


def test_heads_of_both_keys_verify(signed: Tenant, key_file: Path) -> None:
    first = current()
    done = rotate_key()
    assert (done.old, done.new, current()) == (first, current(), done.new)
    assert first != current()
    sign_heads(signed, now=now() + timedelta(days=2))
    assert head_signers(signed) == [first, current()]
    assert findings(signed) == []
    assert [stat.S_IMODE(path.stat().st_mode) for path in key_file.parent.iterdir()] == [0o600, 0o600]


def test_trust_in_the_first_key_leads_to_the_last(signed: Tenant) -> None:
    first = current()
    for _ in range(2):
        rotate_key()
    sign_heads(signed, now=now() + timedelta(days=2))
    assert findings(signed, trust=[first]) == []
    assert findings(signed, trust=[AuditKey.objects.get(key_id=first).public_key]) == []
    (found,) = findings(signed, trust=[current()])  # the last one never signed for the first
    assert found == f"wrong_key: the head of {now():%Y-%m-%d} is signed by key {first}, which is not trusted"


def test_a_key_that_only_claims_a_predecessor_is_not_trusted(signed: Tenant) -> None:
    first = current()
    rotate_key()
    sign_heads(signed, now=now() + timedelta(days=2))
    AuditKey.objects.filter(key_id=current()).update(cross_signature="00" * 64)
    assert [line.split(":")[0] for line in findings(signed, trust=[first])] == ["wrong_key"]


def test_the_log_says_that_the_key_was_rotated(signed: Tenant, other_tenant: Tenant) -> None:
    done = rotate_key()
    for each in (signed, other_tenant):
        with tenant_context(each):
            event = AuditEvent.objects.for_tenant(each).get(action="audit_key_rotated")
            assert event.details == {"from": done.old, "to": done.new}
    assert AuditKey.objects.get(key_id=done.old).retired_at


@pytest.mark.parametrize("step", ["make_key", "_cross_sign", "os.link", "Path.replace"])
def test_an_interrupted_rotation_is_finished_by_the_next(
    signed: Tenant, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = current()

    def killed(*_words: object, **_more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crashing, pytest.raises(KeyboardInterrupt):
        crashing.setattr(f"audit.rotation.{step}", killed)
        rotate_key()
    assert current() == first
    sign_heads(signed, now=now() + timedelta(days=2))
    done = rotate_key()
    assert (done.old, current()) == (first, done.new)
    seal(signed)
    assert AuditKey.objects.count() == 2
    with tenant_context(signed):
        assert AuditEvent.objects.filter(action="audit_key_rotated").count() == 1
    assert findings(signed) == []


@contextmanager
def taken(_name: str) -> Iterator[bool]:
    yield False


def test_a_second_rotation_at_the_same_time_is_refused(signed: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "exclusive", taken)
    with pytest.raises(CommandError, match="Another rotation"):
        call_command("rotate_audit_key")


def test_command_names_both_keys(signed: Tenant) -> None:
    first, out = current(), StringIO()
    call_command("rotate_audit_key", stdout=out)
    assert f"Key {current()} signs from now on; {first} has signed it." in out.getvalue()
    call_command("rotate_audit_key", "--json", stdout=(out := StringIO()))
    assert f'"new": "{current()}"' in out.getvalue()


def test_a_folder_that_cannot_be_written_is_one_clear_line(
    signed: Tenant, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_words: object) -> None:
        raise PermissionError(13, "Permission denied", str(key_file))

    monkeypatch.setattr(rotation, "make_key", refuse)
    with pytest.raises(CommandError, match="Permission denied"):
        call_command("rotate_audit_key")


def test_a_lost_key_file_is_found(signed: Tenant, key_file: Path) -> None:
    """LiveOn makes a new one that nobody has signed: old heads are trusted only when their key is named."""
    first = current()
    key_file.unlink()
    sign_heads(signed, now=now() + timedelta(days=2))
    (found,) = findings(signed)
    assert found.startswith("wrong_key: the head of")
    assert findings(signed, trust=[first, current()]) == []
