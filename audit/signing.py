"""What signs heads, tombstones and certificates: an Ed25519 key in a file outside of the database (RFC 8032).

`LIVEON_AUDIT_KEY_FILE` holds the private key as PEM; embedded it is made once in the data folder. The public halves are
`AuditKey` rows and stand in every export, so that whoever has an older head can check a newer one.
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from audit.models import AuditKey
from audit.offline.verify import Findings, is_signature, key_id_of, trusted_keys


def canonical_json(document: Mapping[str, Any]) -> bytes:
    """The one form in which a document is hashed and signed: sorted names, no spaces, UTF-8, ISO 8601 times."""
    text = json.dumps(document, cls=DjangoJSONEncoder, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def announce_key() -> str:
    """Make sure that the key that signs now is among `key_documents`; its id."""
    return _row_of(private_key()).key_id


def instant(time: datetime) -> str:
    """UTC to the microsecond, always of the same length: 2026-01-31T09:05:00.000000Z."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def sign(document: Mapping[str, Any]) -> tuple[str, str]:
    """(key id, signature as hex) over the document's canonical JSON. Makes the key's row on first use."""
    key = private_key()
    return _row_of(key).key_id, key.sign(canonical_json(document)).hex()


def key_documents() -> list[dict[str, Any]]:
    """Every key's public half with its predecessor's signature over it, the oldest first: plain JSON."""
    keys = AuditKey.objects.select_related("predecessor").order_by("pk")
    return [{**key_document(key), "cross_signature": key.cross_signature} for key in keys]


def key_document(key: AuditKey) -> dict[str, Any]:
    """What the predecessor of `key` signs."""
    return {
        "type": "audit_key",
        "key_id": key.key_id,
        "public_key": key.public_key,
        "predecessor": key.predecessor.key_id if key.predecessor else None,
        "created_at": instant(key.created_at),
    }


def own_keys() -> dict[str, str]:
    """Public key by id: those whose files are here, and every key that one of them cross-signed.

    A row of `AuditKey` alone is no reason to trust: whoever can write to the database can add one.
    """
    return trusted_keys(key_documents(), public_keys_on_file(), Findings())


def is_signed(
    document: Mapping[str, Any], *, key_id: str, signature: str, keys: Mapping[str, str] | None = None
) -> bool:
    """Whether `signature` is that of key `key_id` over the document; `keys` are those trusted, None = `own_keys`."""
    public_key = (own_keys() if keys is None else keys).get(key_id)
    plain = json.loads(canonical_json(document))
    return public_key is not None and is_signature(public_key, signature, plain)


def public_keys_on_file() -> list[str]:
    """The public halves (hex) of the key in use and of the retired ones beside it; makes none."""
    path = Path(settings.AUDIT_KEY_FILE)
    files = [path, *path.parent.glob(retired_path("*").name)]
    return [public_hex(read_key(file)) for file in files if file.exists()]


def retired_path(key_id: str) -> Path:
    """Where the file of a key that no longer signs is kept, beside the one that does."""
    path = Path(settings.AUDIT_KEY_FILE)
    return path.with_name(f"{path.stem}.{key_id}.retired{path.suffix}")


def private_key() -> Ed25519PrivateKey:
    """The key that signs now. Raises ImproperlyConfigured for a file that is none."""
    path = Path(settings.AUDIT_KEY_FILE)
    if not path.exists():
        make_key(path)
    return read_key(path)


def read_key(path: Path) -> Ed25519PrivateKey:
    """The key in a PEM file, read again when the file has changed. Raises ImproperlyConfigured for a file of none."""
    return _read_key(path, path.stat().st_mtime_ns)


def public_hex(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


@lru_cache(maxsize=8)
def _read_key(path: Path, _changed: int) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"LIVEON_AUDIT_KEY_FILE: {path} holds no private key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ImproperlyConfigured(f"LIVEON_AUDIT_KEY_FILE: {path} is not an Ed25519 key")
    return key


def make_key(path: Path) -> None:
    """A new key file, mode 0600, whole or not at all: two processes that start together end with the same key."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _row_of(key: Ed25519PrivateKey) -> AuditKey:
    public = public_hex(key)
    row, _made = AuditKey.objects.get_or_create(
        key_id=key_id_of(public), defaults={"public_key": public, "created_at": timezone.now()}
    )
    return row
