"""The certificates with which a SAML provider signs: pinned, one or more while the provider changes them."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

MOST_CERTIFICATES = 10
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True)
class Certificate:
    """What people compare: whose it is, SHA-256 of it, until when it is valid."""

    subject: str
    fingerprint: str
    valid_until: datetime

    @property
    def is_expired(self) -> bool:
        return self.valid_until < timezone.now()


def read_certificates(text: str) -> list[str]:
    """The certificates in `text` (PEM, or one in base64 alone) as PEM. Raises ValidationError."""
    bodies = _PEM.findall(text) or ([text] if text.strip() else [])
    if not bodies or len(bodies) > MOST_CERTIFICATES:
        raise ValidationError(_("Enter one to ten certificates."), code="certificates")
    return [_normal(body) for body in bodies]


def describe(pem: str) -> Certificate:
    found = x509.load_pem_x509_certificate(pem.encode())
    fingerprint = found.fingerprint(SHA256()).hex(":").upper()
    return Certificate(found.subject.rfc4514_string() or "–", fingerprint, found.not_valid_after_utc)


def _normal(body: str) -> str:
    try:
        found = x509.load_der_x509_certificate(base64.b64decode("".join(body.split()), validate=True))
        found.public_key()
    except (ValueError, binascii.Error, TypeError) as error:
        raise ValidationError(_("This is not a certificate in PEM or base64."), code="certificates") from error
    return found.public_bytes(Encoding.PEM).decode("ascii")
