"""Whom the media port ignores for a while. Time comes in as a value, in seconds."""

from collections import OrderedDict


class Offenders:
    """Hosts whose STUN requests named a live ufrag but failed the integrity check.

    Only failures are counted, so that two hundred honest people behind one address are never slowed.
    """

    def __init__(
        self, *, tolerated: int = 50, window: float = 10.0, ignored_for: float = 10.0, hosts: int = 4096
    ) -> None:
        self._tolerated, self._window, self._ignored_for, self._hosts = tolerated, window, ignored_for, hosts
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()  # host -> (start of its window, failures)
        self._ignored: dict[str, float] = {}

    def ignored(self, host: str, now: float) -> bool:
        until = self._ignored.get(host)
        if until is None:
            return False
        if now < until:
            return True
        del self._ignored[host]
        return False

    def failed(self, host: str, now: float) -> None:
        start, failures = self._failures.pop(host, (now, 0))
        if now - start > self._window:
            start, failures = now, 0
        failures += 1
        if failures <= self._tolerated:
            self._failures[host] = (start, failures)
        else:
            self._ignored[host] = now + self._ignored_for
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        while len(self._failures) > self._hosts:
            self._failures.popitem(last=False)
        while len(self._ignored) > self._hosts:
            del self._ignored[next(iter(self._ignored))]
