"""A small web server in a thread, for providers that tests start."""

import html
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Answer = tuple[int, str, bytes] | str  # status, content type, body; or where to go
Page = Callable[[dict[str, str], dict[str, str]], Answer]


@contextmanager
def serving(pages: dict[str, Page]) -> Iterator[str]:
    """The address, without a slash at the end, of a server of `pages`: path → page(query or form, headers)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(dict(parse_qsl(urlsplit(self.path).query)))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(dict(parse_qsl(body.decode())))

        def _answer(self, sent: dict[str, str]) -> None:
            page = pages.get(urlsplit(self.path).path)
            answer = page(sent, dict(self.headers)) if page else (404, "text/plain", b"")
            if isinstance(answer, str):
                self.send_response(303)
                self.send_header("Location", answer)
                answer = (303, "text/plain", b"")
            else:
                self.send_response(answer[0])
            self.send_header("Content-Type", answer[1])
            self.send_header("Content-Length", str(len(answer[2])))
            self.end_headers()
            self.wfile.write(answer[2])

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def choice_of_people(action: str, people: list[str], hidden: dict[str, str]) -> Answer:
    """A page on which a person says who they are, as at a provider without passwords."""
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">' for name, value in hidden.items()
    )
    buttons = "".join(f'<button name="person" value="{person}">{person}</button>' for person in people)
    page = f'<!doctype html><title>Provider</title><form method="post" action="{action}">{fields}{buttons}</form>'
    return 200, "text/html; charset=utf-8", page.encode()
