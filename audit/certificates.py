"""Deletion certificates: what was deleted, counted and hashed batch by batch, signed when the last batch is gone.

A certificate is begun with its deletion and stays unsigned while that is under way. Each batch adds to its body in the
transaction that deletes the batch, so that whatever ends the process, certificate and rows agree, and the next run goes
on with the same certificate.

`sha256` of a kind is a chain over its rows in the order of their deletion: each link is the SHA-256 of the link before
(32 zero bytes before the first) followed by the row's canonical JSON. It does not depend on where batches ended.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from audit.models import AuditKey, DeletionCertificate
from audit.signing import canonical_json, is_signed, sign
from tenants.models import Tenant

FIRST_LINK = bytes(32).hex()

Row = Mapping[str, Any]


def begin_certificate(
    tenant: Tenant, *, cause: str, before: datetime | None = None, details: Mapping[str, Any] | None = None
) -> DeletionCertificate:
    """An unsigned certificate of a deletion that begins now: of everything older than `before`, if given."""
    certificate = DeletionCertificate(tenant=tenant, cause=cause, created_at=timezone.now())
    body = {
        "document": "LiveOn deletion certificate",
        "version": 1,
        "certificate": certificate.public_id,
        "tenant": {"id": tenant.public_id, "slug": tenant.slug, "name": tenant.name},
        "cause": cause,
        "before": before,
        "begun_at": certificate.created_at,
        "finished_at": None,
        "software": f"LiveOn {settings.RELEASE}",
        "deleted": {},
        "months": [],
        **(details or {}),
    }
    certificate.body = canonical_json(body).decode()
    certificate.save(force_insert=True)
    return certificate


def unfinished_certificate(tenant: Tenant, *, cause: str) -> DeletionCertificate | None:
    """The certificate of a deletion that was interrupted."""
    unsigned = DeletionCertificate.objects.for_tenant(tenant).filter(cause=cause, signature="")
    return unsigned.order_by("pk").first()


def lock_certificate(certificate: DeletionCertificate) -> DeletionCertificate:
    """The certificate as it stands, for this transaction alone."""
    rows = DeletionCertificate.objects.for_tenant(certificate.tenant).select_related("tenant")
    return rows.select_for_update(of=("self",)).get(pk=certificate.pk)


def add_deleted(certificate: DeletionCertificate, kind: str, rows: Sequence[Row], *, column: str) -> None:
    """Count and hash `rows` of `kind`, deleted in this transaction; `column` is their time."""
    body = body_of(certificate)
    so_far = body["deleted"].get(kind, {"count": 0, "sha256": FIRST_LINK})
    body["deleted"][kind] = {
        "count": so_far["count"] + len(rows),
        "sha256": chain(so_far["sha256"], rows),
        **_span(so_far, [row[column] for row in rows] if column else []),
        **_seqs(so_far, rows),
    }
    _save_body(certificate, body)


def add_month(certificate: DeletionCertificate, month: Mapping[str, Any]) -> None:
    """Note a month of one kind that is dropped in this transaction."""
    body = body_of(certificate)
    body["months"].append(month)
    _save_body(certificate, body)


def sign_certificate(certificate: DeletionCertificate) -> None:
    """Say that the deletion is finished: from now on the body cannot be changed unseen."""
    body = body_of(certificate) | {"finished_at": timezone.now()}
    certificate.body = canonical_json(body).decode()
    certificate.key_id, certificate.signature = sign(body_of(certificate))
    certificate.save(update_fields=["body", "key_id", "signature"])


def is_genuine(certificate: DeletionCertificate, *, keys: Mapping[str, str] | None = None) -> bool:
    """Whether the certificate is finished and says what was signed, about the tenant that it belongs to.

    `keys` as `is_signed` takes them.
    """
    try:
        body = body_of(certificate)
    except ValueError:
        return False
    belongs = body.get("certificate") == certificate.public_id and body["tenant"]["id"] == certificate.tenant.public_id
    return belongs and is_signed(body, key_id=certificate.key_id, signature=certificate.signature, keys=keys)


def certificate_document(certificate: DeletionCertificate) -> dict[str, Any]:
    """What is handed out: body, signature, and the public key that checks it."""
    key = AuditKey.objects.filter(key_id=certificate.key_id).first()
    return {
        "body": body_of(certificate),
        "key_id": certificate.key_id,
        "public_key": key.public_key if key else "",
        "signature": certificate.signature,
    }


def body_of(certificate: DeletionCertificate) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(certificate.body)
    return body


def deleted_counts(certificate: DeletionCertificate) -> dict[str, int]:
    """Rows deleted so far, by kind, in batches and by month."""
    body = body_of(certificate)
    counts = {kind: entry["count"] for kind, entry in body["deleted"].items()}
    for month in body["months"]:
        counts[month["kind"]] = counts.get(month["kind"], 0) + month["count"]
    return counts


def chain(link: str, rows: Iterable[Row]) -> str:
    """The link (hex) after `link` and `rows`."""
    digest = bytes.fromhex(link)
    for row in rows:
        digest = hashlib.sha256(digest + canonical_json(row)).digest()
    return digest.hex()


def _span(so_far: Row, times: Sequence[Any]) -> dict[str, Any]:
    """The oldest and newest time; nothing for rows that have none."""
    known = [datetime.fromisoformat(so_far[name]) for name in ("oldest", "newest") if so_far.get(name)]
    known += [each for each in times if isinstance(each, datetime)]
    return {"oldest": min(known), "newest": max(known)} if known else {}


def _seqs(so_far: Row, rows: Sequence[Row]) -> dict[str, int]:
    """The first and last place in the chain, of rows that have one."""
    places = [row["seq"] for row in rows if "seq" in row]
    places += [so_far[name] for name in ("first_seq", "last_seq") if name in so_far]
    return {"first_seq": min(places), "last_seq": max(places)} if places else {}


def _save_body(certificate: DeletionCertificate, body: Row) -> None:
    certificate.body = canonical_json(body).decode()
    certificate.save(update_fields=["body"])
