"""Work in a process of its own that is killed (SIGKILL) at a random SQL statement, again and again, until it is done.

The process is forked: it works on the test's database (`django_db(transaction=True)`) over a connection of its own.
"""

import os
import signal
import traceback
import warnings
from collections.abc import Callable
from random import Random
from typing import Any

from django.db import connection

from tests.database import strictly


def kill_until_done(
    work: Callable[[], object],
    *,
    statements: int,
    kills: int,
    is_done: Callable[[], bool] = lambda: False,
    seed: int | None = None,
) -> int:
    """Run `work` again and again, killed before or after one of its first `statements` statements, then to its end.

    Returns how often it was killed: `kills` times, less when it came to its end before, or `is_done` all the same.
    """
    random = Random(seed)
    for killed in range(kills):
        if _run(work, place=random.randint(1, statements), before=random.random() < 0.5):
            return killed
        if is_done():
            return killed + 1
    assert _run(work, place=0, before=False)
    return kills


def _run(work: Callable[[], object], *, place: int, before: bool) -> bool:
    """Whether the work came to its end; False when it was killed. AssertionError when it failed."""
    connection.close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads of the test run play no part in it
        child = os.fork()
    if child == 0:
        _work_and_exit(work, _Deathly(place, before=before))
    _pid, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), "see the traceback on standard error"
    return status == 0


def _work_and_exit(work: Callable[[], object], wrapper: "_Deathly") -> None:
    try:
        with connection.execute_wrapper(wrapper):
            strictly(work)()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


class _Deathly:
    """Kills its process at the `place`-th statement."""

    def __init__(self, place: int, *, before: bool) -> None:
        self.left, self.before = place, before

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.left -= 1
        if self.left == 0 and self.before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = execute(*arguments)
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
