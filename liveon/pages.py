"""How the web process runs Django's pages: each request on one thread, and the threads stay.

Left to itself Django begins and ends a thread, and so a connection to the database, for every request, and goes there
and back a dozen times: once for each hook of each middleware.
"""

import asyncio
import contextlib
import ctypes
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import connections

MOST_AT_ONCE = 40  # each may hold a connection to the database, of which PostgreSQL has 100 by default
MOST_IDLE = 8
IDLE_SECONDS = 30.0


_trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None  # glibc only


class PageHandler(ASGIHandler):
    """Django's handler, but all middleware and the view are one piece of work for the request's thread."""

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002 (Django's)
        super().load_middleware(is_async=False)
        self._middleware_chain: Any = sync_to_async(self._middleware_chain)


class PageThread(ThreadPoolExecutor):
    """One thread, which keeps its connection to the database from one request to the next."""

    def __init__(self) -> None:
        super().__init__(max_workers=1, thread_name_prefix="page")
        self.idle_since = 0.0  # the loop's clock, s
        self._under_way: set[Future[Any]] = set()

    @property
    def is_idle(self) -> bool:
        return not self._under_way

    def submit(self, *call: Any, **options: Any) -> Future[Any]:
        """The last one does not tell whether all is done: what waits may be cancelled, what runs may not."""
        work = super().submit(*call, **options)
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)
        return work

    def end(self) -> Future[Any]:
        """When it has done what it is doing; gives the end."""
        closed = self.submit(connections.close_all)
        self.shutdown(wait=False)
        return closed


class PageThreads:
    """ASGI: each request gets a thread to itself, one that is idle or a new one; what is too many waits for one."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._idle: list[PageThread] = []
        self._looking: asyncio.TimerHandle | None = None
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._places.acquire()
        thread = self._idle.pop() if self._idle else PageThread()
        try:
            async with ThreadSensitiveContext(executor=thread):
                await self._application(scope, receive, send)
        finally:
            self._take_back(thread)

    def _take_back(self, thread: PageThread) -> None:
        """A browser that has gone leaves its view running: nobody else is to wait for that, but it takes its place."""
        loop = asyncio.get_running_loop()
        if thread.is_idle and len(self._idle) < MOST_IDLE:
            thread.idle_since = loop.time()
            self._idle.append(thread)
            self._look_later()
            self._places.release()
        else:
            thread.end().add_done_callback(lambda _: self._free_from_thread(loop))

    def _free_from_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # the process ends
            loop.call_soon_threadsafe(self._places.release)

    def _look_later(self) -> None:
        if self._looking is None and self._idle:
            self._looking = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._end_idle)

    def _end_idle(self) -> None:
        """At night nobody needs eight connections to the database."""
        self._looking = None
        before = asyncio.get_running_loop().time() - IDLE_SECONDS
        for thread in [each for each in self._idle if each.idle_since <= before]:
            self._idle.remove(thread)
            if not self._idle and _trim is not None:
                thread.submit(_trim, 0)  # what a crowd's pages took goes back to the machine
            thread.end()
        self._look_later()
