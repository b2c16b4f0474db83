"""argon2 within bounds: a hash takes 100 MB, and how many are asked for at once is for strangers to choose."""

from threading import BoundedSemaphore

from django.contrib.auth.hashers import Argon2PasswordHasher

HASHES_AT_ONCE = 4


class BoundedArgon2PasswordHasher(Argon2PasswordHasher):
    """Django's, four at a time in a process; further ones wait."""

    turns = BoundedSemaphore(HASHES_AT_ONCE)

    def encode(self, password: str, salt: str) -> str:
        with self.turns:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with self.turns:
            return super().verify(password, encoded)
