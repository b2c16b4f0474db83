"""Memory that nobody uses goes back to the machine: else what a large meeting took stays with the worker after it."""

import ctypes
import sys
from collections.abc import Callable


def _trimming() -> Callable[[int], int] | None:
    """glibc's `malloc_trim`; other C libraries have none."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


_trim = _trimming()


def give_back() -> None:
    """Freed packets leave holes between what lives on; glibc gives their pages back only when told to.

    It takes a millisecond for each megabyte: nothing for a worker that relays.
    """
    if _trim is not None:
        _trim(0)
