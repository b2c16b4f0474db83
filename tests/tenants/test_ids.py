import re

from tenants.ids import hash_secret, new_public_id, new_secret


def test_public_id_is_short_readable_and_different_each_time() -> None:
    ids = {new_public_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch(r"[a-km-np-z2-9]{16}", public_id) for public_id in ids)


def test_secret_has_256_bits_and_is_stored_as_sha256() -> None:
    assert len(new_secret()) == 43
    assert new_secret() != new_secret()
    assert hash_secret("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
