"""A self-signed certificate for `serve --tls`: other devices may join once their user has accepted it."""

import datetime
import ipaddress
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_VALID = datetime.timedelta(days=397)
_RENEW_BEFORE = datetime.timedelta(days=30)


def _alternative_names(host: str) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    try:
        own: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        own = x509.DNSName(host)
    return x509.SubjectAlternativeName([own, *(name for name in names if name != own)])


def _make(host: str, now: datetime.datetime) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "LiveOn")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + _VALID)
        .add_extension(_alternative_names(host), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(pem), private


def _is_good(path: Path, host: str, now: datetime.datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    return names == _alternative_names(host) and certificate.not_valid_after_utc - now > _RENEW_BEFORE


def self_signed(directory: Path, host: str) -> tuple[Path, Path]:
    """Paths of certificate and key for `host`, made when there are none or they are about to expire."""
    now = datetime.datetime.now(datetime.UTC)
    certificate_path, key_path = directory / "certificate.pem", directory / "certificate.key"
    if not (_is_good(certificate_path, host, now) and key_path.exists()):
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        certificate, key = _make(host, now)
        certificate_path.write_bytes(certificate)
        key_path.unlink(missing_ok=True)
        with os.fdopen(os.open(key_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key)
    return certificate_path, key_path
