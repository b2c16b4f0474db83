"""The way in over HTTP, as a browser goes it: pages, their forms, cookies."""

import asyncio
import html
import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import Self

TIMEOUT_SECONDS = 60.0
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_FIELD = re.compile(r'<input[^>]* name="(\w+)"[^>]*>')
_VALUE = re.compile(r' value="([^"]*)"')
_LINK = re.compile(r'id="guest-link">([^<]+)<')


class EntranceRefused(Exception):
    """A page did not lead further; the text says which."""


class Visitor:
    """A browser without a screen; its cookies are what the meeting's socket needs."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._jar = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))

    @property
    def cookies(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._jar)

    async def log_in(self, login_url: str, login_id: str, password: str) -> Self:
        """Raises EntranceRefused."""
        where, _ = await self._fill(login_url, login_id=login_id, password=password)
        if not where.endswith("/rooms/"):
            raise EntranceRefused(f"login of {login_id} led to {where}")
        return self

    async def make_pass(self, room_url: str, name: str) -> str:
        """As somebody who may invite: the link of a new guest pass. Raises EntranceRefused."""
        where, page = await self._fill(f"{room_url}guests/", name=name)
        found = _LINK.search(page)
        if found is None:
            raise EntranceRefused(f"no link on {where}")
        return html.unescape(found[1])

    async def use_pass(self, link: str, name: str) -> Self:
        """As a guest. Raises EntranceRefused."""
        where, _ = await self._fill(link, display_name=name)
        if "/g/meeting/" not in where:
            raise EntranceRefused(f"the pass of {name} led to {where}")
        return self

    async def _fill(self, url: str, **fields: str) -> tuple[str, str]:
        """Open a page and send its form, filled with `fields`; the address it led to, and the page there."""
        _, page = await asyncio.to_thread(self._open, url, None)
        token = _TOKEN.search(page)
        if token is None:
            raise EntranceRefused(f"no form on {url}")
        form = {"csrfmiddlewaretoken": token[1]}
        for found in _FIELD.finditer(page):
            value = _VALUE.search(found[0])
            if value is not None:
                form.setdefault(found[1], html.unescape(value[1]))
        return await asyncio.to_thread(self._open, url, form | fields)

    def _open(self, url: str, form: dict[str, str] | None) -> tuple[str, str]:
        data = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(url, data, {"Origin": self.url, "Referer": url, "Accept-Language": "en"})
        with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return answer.url, answer.read().decode()
