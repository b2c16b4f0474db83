"""Random identifiers: public ids for URLs, secrets for links and tokens."""

import hashlib
import secrets

from django.utils.crypto import get_random_string

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def new_public_id() -> str:
    """16 characters of an unambiguous lower-case alphabet (79 bits): not to be guessed, short enough to read."""
    return get_random_string(16, _ALPHABET)


def new_secret() -> str:
    """256 random bits as URL-safe text: Admintool keys, guest passes, resume tokens."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """SHA-256 in hex: what is stored of a 256-bit secret (it needs no salt or stretching: it cannot be guessed)."""
    return hashlib.sha256(secret.encode()).hexdigest()
