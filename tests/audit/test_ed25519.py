"""Our own Ed25519 of the offline verifier says what RFC 8032 and the library say."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.offline import verify
from audit.offline.verify import ORDER, ed25519_verifies
from audit.signing import public_hex

# RFC 8032 section 7.1: public key, message, signature
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_vectors_of_the_rfc(key: str, message: str, signature: str) -> None:
    key_bytes, message_bytes, signed = map(bytes.fromhex, (key, message, signature))
    assert ed25519_verifies(key_bytes, signed, message_bytes)
    assert not ed25519_verifies(key_bytes, signed, message_bytes + b"x")


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_it_agrees_with_the_library(seed: bytes, message: bytes, bit: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signed = bytes.fromhex(public_hex(key)), key.sign(message)
    assert ed25519_verifies(public, signed, message)
    flipped = bytearray(signed)
    flipped[bit // 8] ^= 1 << bit % 8
    assert not ed25519_verifies(public, bytes(flipped), message)
    assert not ed25519_verifies(public, signed, message + b"\0")


def test_a_signature_has_only_one_form() -> None:
    """S + L would verify too if S were not checked to be below L (RFC 8032 section 5.1.7)."""
    key, message, signature = (bytes.fromhex(each) for each in VECTORS[1])
    s = int.from_bytes(signature[32:], "little") + ORDER
    assert not ed25519_verifies(key, signature[:32] + s.to_bytes(32, "little"), message)


@pytest.mark.parametrize("library", [True, False], ids=["library", "own"])
@pytest.mark.parametrize(
    ("key", "signature"),
    [("", ""), ("00", "00"), ("zz" * 32, "00" * 64), ("ff" * 32, "00" * 64), ("aa" * 32, "0" * 127), ("aa" * 32, None)],
)
def test_nonsense_is_no_signature(key: str, signature: str, library: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not library:
        monkeypatch.setattr(verify, "Ed25519PublicKey", None)
    assert not verify.is_signature(key, signature, {"a": 1})


@pytest.mark.parametrize("library", [True, False], ids=["library", "own"])
def test_both_ways_verify_a_document(library: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not library:
        monkeypatch.setattr(verify, "Ed25519PublicKey", None)
    key, document = Ed25519PrivateKey.generate(), {"name": "佐藤", "n": 1}
    signature = key.sign(verify.canonical(document)).hex()
    assert verify.is_signature(public_hex(key), signature, document)
    assert not verify.is_signature(public_hex(key), signature, document | {"n": 2})
