"""A new signing key: the old one signs it, so that whoever trusts the old one can go on to trust the new one."""

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit.events import record_event
from audit.locks import exclusive
from audit.models import AuditKey
from audit.offline.verify import canonical, key_id_of
from audit.signing import announce_key, key_document, make_key, private_key, public_hex, read_key, retired_path
from tenants.context import tenant_context
from tenants.models import Tenant


class RotationRefused(Exception):
    """Another rotation is running."""


@dataclass(frozen=True)
class Rotation:
    """The ids of both keys, and the file that the old one is kept in."""

    old: str
    new: str
    retired_file: Path


def rotate_key() -> Rotation:
    """Sign with a new key from now on. Raises `RotationRefused`, OSError when the files cannot be written.

    May be interrupted and repeated: first the new key's file under a name of its own, then its cross-signed row, then
    the files change places. Until then everything is signed with the old key.
    """
    with exclusive("rotate-audit-key") as held:
        if not held:
            raise RotationRefused("Another rotation is running.")
        path = Path(settings.AUDIT_KEY_FILE)
        draft = path.with_name(f"{path.stem}.next{path.suffix}")
        old = private_key()
        if not draft.exists():
            make_key(draft)
        rotation = _cross_sign(old, read_key(draft))
        if not rotation.retired_file.exists():
            os.link(path, rotation.retired_file)
        draft.replace(path)
        return rotation


@transaction.atomic
def _cross_sign(old: Ed25519PrivateKey, new: Ed25519PrivateKey) -> Rotation:
    """The new key's row, signed by the old one, unless an interrupted rotation left it already."""
    old_id, new_public = announce_key(), public_hex(new)
    rotation = Rotation(old_id, key_id_of(new_public), retired_path(old_id))
    if AuditKey.objects.filter(key_id=rotation.new).exists():
        return rotation
    now = timezone.now()
    predecessor = AuditKey.objects.select_for_update().get(key_id=old_id)
    key = AuditKey(key_id=rotation.new, public_key=new_public, created_at=now, predecessor=predecessor)
    key.cross_signature = old.sign(canonical(key_document(key))).hex()
    key.save(force_insert=True)
    predecessor.retired_at = now
    predecessor.save(update_fields=["retired_at"])
    _record(rotation)
    return rotation


def _record(rotation: Rotation) -> None:
    for tenant in Tenant.objects.filter(erased_at=None).order_by("pk"):
        with tenant_context(tenant):
            details = {"from": rotation.old, "to": rotation.new}
            record_event(tenant, "audit_key_rotated", target_type="audit_key", target_id=rotation.new, details=details)
