"""Static files, served in front of Django."""

from typing import Any

import pytest
from channels.testing import HttpCommunicator
from django.conf import settings

from liveon.static_files import StaticFiles

TOKENS = f"{settings.STATIC_URL}liveon/tokens.css"


async def django(scope: Any, receive: Any, send: Any) -> None:
    """What stands behind."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"Django's"})


@pytest.fixture(scope="module")
def served() -> StaticFiles:
    return StaticFiles(django)


async def get(served: StaticFiles, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    answer: Any = await HttpCommunicator(served, method, path, headers=sent).get_response(timeout=10)
    found = {name.decode(): value.decode() for name, value in answer["headers"]}
    return answer["status"], found, answer["body"]


async def test_a_file_comes_whole_and_as_guarded_as_a_page(served):
    status, headers, body = await get(served, TOKENS)
    assert status == 200
    assert body == (settings.BASE_DIR / "liveon/static/liveon/tokens.css").read_bytes()
    assert headers["content-type"].startswith("text/css")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == settings.SECURE_REFERRER_POLICY
    assert headers["cache-control"] == "max-age=31536000, public"


async def test_over_tls_files_demand_it_as_pages_do(settings):
    settings.SECURE_HSTS_SECONDS = 60
    _, headers, _ = await get(StaticFiles(django), TOKENS)
    assert headers["strict-transport-security"] == "max-age=60"


async def test_what_the_browser_has_is_not_sent_again(served):
    _, headers, _ = await get(served, TOKENS)
    assert (await get(served, TOKENS, if_none_match=headers["etag"]))[::2] == (304, b"")
    status, asked, body = await get(served, TOKENS, "HEAD")
    assert (status, body, asked["content-length"]) == (200, b"", headers["content-length"])
    assert (await get(served, TOKENS, "POST"))[0] == 405
    assert (await get(served, TOKENS, range="bytes=0-3"))[2] == (await get(served, TOKENS))[2][:4]


async def test_a_page_of_another_front_end_gets_the_file_but_does_not_keep_it(served):
    status, headers, body = await get(served, "/static/0.0.9-0123abcd/liveon/tokens.css")
    assert (status, body) == (200, (await get(served, TOKENS))[2])
    assert headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/static/0.0.9-0123abcd/",
        "/static/other/liveon/tokens.css",
        settings.STATIC_URL,
        f"{settings.STATIC_URL}none.css",
        f"{settings.STATIC_URL}../settings.py",
    ],
)
async def test_everything_else_is_djangos(served, path):
    assert await get(served, path) == (404, {}, b"Django's")
