"""Slow-down after wrong passwords: never a lock-out that a stranger could cause.

A try is counted per subject (who or what is tried, together with the address it is tried from) and per address alone.
After the free tries each further one must wait twice as long as the one before, up to `LONGEST_WAIT`. Counts live in
Django's cache and change by `add` and `incr` only, so that a burst of parallel tries is counted like a queue of them.
"""

import hashlib
import ipaddress
import time
from dataclasses import dataclass

from django.core.cache import cache

LONGEST_WAIT = 300  # s
SUBJECT_MEMORY = 24 * 3600  # s without a try until it is forgotten
ADDRESS_MEMORY = 900  # s; short, because an address may be an office of hundreds


@dataclass(frozen=True)
class Throttle:
    """The counts of one kind of password, named `scope`.

    Every method takes the same keys: any parts that name the subject, and the client's address last.
    """

    scope: str
    free: int = 5
    free_per_address: int = 50

    def retry_after(self, *keys: str) -> float:
        """Ask for a try: 0.0 when it may be made now (and is counted), else the seconds to wait."""
        subject, address = self._subject(keys), self._address(keys)
        wait = max(_remaining(subject), _remaining(address))
        if wait > 0:
            return wait
        tries = _count(subject, SUBJECT_MEMORY)
        if tries < self.free or _close(subject, _delay(tries - self.free)):
            return 0.0
        return max(_remaining(subject), 1.0)

    def failed(self, *keys: str) -> None:
        """The try was wrong: count it for the address too (the subject's was counted by `retry_after`)."""
        address = self._address(keys)
        failures = _count(address, ADDRESS_MEMORY)
        if failures >= self.free_per_address:
            _close(address, _delay(failures - self.free_per_address))

    def succeeded(self, *keys: str) -> None:
        """The try was right: forget the subject, but not the address: one good account must not pay for many tries."""
        subject = self._subject(keys)
        cache.delete_many([f"{subject}:count", f"{subject}:until"])

    def lift(self, *names: str) -> None:
        """Forget the subject's tries from every address; `names` are the keys without the address."""
        cache.set(self._lifted(names), time.time(), timeout=SUBJECT_MEMORY)

    def _subject(self, keys: tuple[str, ...]) -> str:
        lifted = cache.get(self._lifted(keys[:-1]), "")
        parts = "\n".join([*keys[:-1], _network(keys[-1]), str(lifted)])
        return f"throttle:{self.scope}:{hashlib.sha256(parts.encode()).hexdigest()}"

    def _lifted(self, names: tuple[str, ...]) -> str:
        """Where it is kept when the subject's tries were last forgotten: counts from before have another name."""
        digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
        return f"throttle:{self.scope}:lifted:{digest}"

    def _address(self, keys: tuple[str, ...]) -> str:
        return f"throttle:{self.scope}:address:{_network(keys[-1])}"


login_throttle = Throttle("login")
"""Tries to prove who one is by password: organisation as typed, user ID in lower case, address."""


def _delay(over: int) -> float:
    return float(min(2 ** min(over, 16), LONGEST_WAIT))


def _remaining(key: str) -> float:
    until = cache.get(f"{key}:until")
    return max(0.0, until - time.time()) if until else 0.0


def _close(key: str, seconds: float) -> bool:
    """Let nobody try for `seconds`; False when another try closed it first."""
    return cache.add(f"{key}:until", time.time() + seconds, timeout=seconds)


def _count(key: str, memory: int) -> int:
    """Add one to the count of `key`, which is forgotten after `memory` seconds without a try."""
    name = f"{key}:count"
    cache.add(name, 0, timeout=memory)
    try:
        count = cache.incr(name)
    except ValueError:  # it was forgotten between the two lines
        cache.set(name, 1, timeout=memory)
        return 1
    cache.touch(name, timeout=memory)
    return count


def _network(ip: str) -> str:
    """An IPv6 client owns its whole /64: counting single addresses would count nothing."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return hashlib.sha256(ip.encode()).hexdigest()[:32] if ip else "none"
    return str(ipaddress.ip_network((ip, 64), strict=False)) if address.version == 6 else ip
