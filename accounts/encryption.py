"""Secrets that must be read again (codes' seeds, providers' secrets): encrypted in the database.

The key follows from SECRET_KEY, so that a copy of the database alone opens nothing. Under another SECRET_KEY they are
lost: second factors are set up anew, providers' secrets entered again (docs/operations.md).
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


def encrypt(text: str) -> str:
    return _fernet().encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    """The text. Raises ValueError for what this installation's key did not encrypt."""
    try:
        return _fernet().decrypt(encrypted.encode()).decode()
    except InvalidToken as error:
        raise ValueError("This was encrypted with another key.") from error


def _fernet() -> Fernet:
    key = hmac.digest(settings.SECRET_KEY.encode(), b"liveon.accounts.encryption", hashlib.sha256)
    return Fernet(base64.urlsafe_b64encode(key))
