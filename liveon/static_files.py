"""Static files. A meeting page has sixty of them, and two hundred people may open it at once."""

import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware
from servestatic.middleware import ServeStaticMiddleware

from liveon.release import ANY_FRONT_END

Header = tuple[bytes, bytes]
CACHE_CONTROL = b"cache-control"
_OF_ANY_FRONT_END = re.compile(f"^/static/{ANY_FRONT_END}/")


class StaticFiles:
    """ASGI: answers for static files; everything else goes to the application.

    As a middleware of Django's, ServeStatic would change threads a dozen times for each: here it only says what the
    answer is. Our files are small and in the system's cache, so they are read where we are.
    """

    def __init__(self, application: Any) -> None:
        self._application = application
        self._served = ServeStaticMiddleware(_nobody)
        self._security = list(_security_headers())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        present = _present(path)
        file = self._find(present)
        if file is None:
            await self._application(scope, receive, send)
            return
        answer = file.get_response(scope["method"], _asked(scope))
        headers = [_header(name, value) for name, value in answer.headers if value is not None]
        if path != present:
            headers = [header for header in headers if header[0] != CACHE_CONTROL] + [(CACHE_CONTROL, b"no-cache")]
        await send({"type": "http.response.start", "status": int(answer.status), "headers": headers + self._security})
        await send({"type": "http.response.body", "body": _content(answer.file)})

    def _find(self, path: str) -> Any:
        return self._served.find_file(path) if self._served.autorefresh else self._served.files.get(path)


def _present(path: str) -> str:
    """The address of the same file in the present front end. During an update pages of the other one ask for theirs:
    they get ours, which mostly fits, and are not to keep it.
    """
    return _OF_ANY_FRONT_END.sub(settings.STATIC_URL, path, count=1)


def _asked(scope: Any) -> dict[str, str]:
    """A request's headers as WSGI and ServeStatic call them."""
    found = {f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}": value for name, value in scope["headers"]}
    return {name: value.decode("latin-1") for name, value in found.items()}


def _content(file: Any) -> bytes:
    """Nothing for HEAD and for what the browser has already."""
    if file is None:
        return b""
    with file:
        return bytes(file.read())


def _security_headers() -> Iterator[Header]:
    """What Django adds to every page."""
    response = HttpResponse()
    del response["Content-Type"]
    SecurityMiddleware(_nobody).process_response(_Secure(), response)
    return (_header(name, value) for name, value in response.items())


class _Secure(HttpRequest):
    """Strict-Transport-Security is for requests over TLS only; without TLS no browser heeds it."""

    def _get_scheme(self) -> str:
        return "https"


def _header(name: str, value: str) -> Header:
    return name.lower().encode("latin-1"), value.encode("latin-1")


async def _nobody(request: HttpRequest) -> HttpResponse:
    raise AssertionError("asked for the file only")
