"""draft"""
import hashlib
import json
from typing import Any

GENESIS = "0" * 64  # stands before a tenant's first event


def canonical(document: Any) -> bytes:
    """Sorted names, no spaces, UTF-8: the one form in which a document is hashed and signed."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def hash_of(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
