"""Faults of ours in what happens many times a second: it goes on, and each fault is logged once, not each time."""

import logging
import traceback

log = logging.getLogger(__name__)


class Faults:
    """What has been logged already, of one thing that goes on: a peer, a router, a transport."""

    def __init__(self) -> None:
        self._told: set[str] = set()  # at most the functions of the program

    def tell(self, event: str, error: Exception, ids: dict[str, str]) -> None:
        """Log the first error of its type in its function, as `event` with `ids` and that as the `reason`."""
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        reason = f"{type(error).__name__} in {frame.f_code.co_name}"
        if reason not in self._told:
            self._told.add(reason)
            log.error(event, exc_info=error, extra={**ids, "reason": reason})
