"""How much memory strangers can make us take by trying passwords."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.hashers import HASHES_AT_ONCE
from tests.hashers import CheapArgon2PasswordHasher


@pytest.mark.parametrize("method", ["encode", "verify"])
def test_passwords_are_hashed_a_few_at_a_time(method):
    hasher = CheapArgon2PasswordHasher()
    second = "saltsaltsalt" if method == "encode" else hasher.encode("secret", "saltsaltsalt")
    with ThreadPoolExecutor(1) as pool:
        assert all(hasher.turns.acquire(blocking=False) for _ in range(HASHES_AT_ONCE))
        try:
            waiting = pool.submit(getattr(hasher, method), "secret", second)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.2)
        finally:
            hasher.turns.release(HASHES_AT_ONCE)
        assert waiting.result(timeout=10)
