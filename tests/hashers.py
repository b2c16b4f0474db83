"""A password hasher that is argon2 in form and costs next to nothing: for tests in this process only."""

from accounts.hashers import BoundedArgon2PasswordHasher


class CheapArgon2PasswordHasher(BoundedArgon2PasswordHasher):
    time_cost = 1
    memory_cost = 8
    parallelism = 1
