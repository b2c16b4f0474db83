"""The web process towards a client that behaves badly: Daphne with our limits around an application that says much."""

import socket
import sys
import time

from tests.services import free_port, running, wait_until

TALKER = """
import asyncio, sys
from liveon import web

async def talk(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        await send({"type": "websocket.send", "text": "x" * int(sys.argv[2])})

async def answer(scope, receive, send):
    await receive()
    answering = asyncio.create_task(say_much(send))
    gone = asyncio.create_task(receive())
    await asyncio.wait([answering, gone], return_when=asyncio.FIRST_COMPLETED)
    answering.cancel()
    open(sys.argv[3], "a").write(" end")

async def say_much(send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for number in range(int(sys.argv[2]) // 10_000):
        await send({"type": "http.response.body", "body": b"x" * 10_000, "more_body": True})
        open(sys.argv[3], "w").write(str(number))
        await asyncio.sleep(float(sys.argv[4]))
    await send({"type": "http.response.body"})

async def application(scope, receive, send):
    await (talk if scope["type"] == "websocket" else answer)(scope, receive, send)

web.application = application
web._run_meetings = lambda: None
web.UNREAD_TIMEOUT_S = 1
web.HTTP_TIMEOUT_S = 2
web.serve(f"tcp:{sys.argv[1]}:interface=127.0.0.1")
"""
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SMALL, LARGE = 50_000, 1_000_000
EMPTY_TEXT = b"\x81\x80\0\0\0\0"  # RFC 6455 section 5.2: a masked text frame without a payload


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_taken(client: socket.socket, data: bytes) -> bool:
    try:
        client.sendall(data)
    except ConnectionError:
        return False
    return True


def test_client_that_sends_but_never_reads_is_dropped():
    port = free_port()
    with running([sys.executable, "-c", TALKER, str(port), str(SMALL)]):
        wait_until(lambda: is_listening(port), what="the web process")
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(HANDSHAKE)
            assert b" 101 " in client.recv(4096)
            wait_until(lambda: not is_taken(client, EMPTY_TEXT * 50), what="the end of the connection", every=0.2)


def test_client_that_reads_gets_messages_of_any_length():
    port = free_port()
    with running([sys.executable, "-c", TALKER, str(port), str(LARGE)]):
        wait_until(lambda: is_listening(port), what="the web process")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(HANDSHAKE)
            assert b" 101 " in client.recv(4096)
            for _ in range(3):
                assert is_taken(client, EMPTY_TEXT)
                assert read(client, LARGE + 10)  # a header of 10 bytes


def read(client: socket.socket, size: int) -> bool:
    while size:
        size -= len(client.recv(min(size, 65536)) or b"x" * size)
    return True


COUNTER = """
import sys
from liveon import web

async def application(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    count = 0
    while (await receive())["type"] != "websocket.disconnect":
        count += 1
        open(sys.argv[2], "w").write(str(count))

web.application = application
web._run_meetings = lambda: None
web.FRAMES_AT_ONCE, web.FRAMES_PER_SECOND = 50, 100
web.BoundedWebSocket._allowance = 50.0
web.serve(f"tcp:{sys.argv[1]}:interface=127.0.0.1")
"""
EMPTY_PING = b"\x89\x80\0\0\0\0"
LONG_TEXT = b"\x81\xfe\x07\xd0\0\0\0\0" + b"x" * 2000


def test_client_that_sends_too_much_is_not_read_for_a_while(tmp_path):
    port, progress = free_port(), tmp_path / "count"
    progress.write_text("0")

    def count() -> int:
        return int(progress.read_text() or 0)

    with running([sys.executable, "-c", COUNTER, str(port), str(progress)]):
        wait_until(lambda: is_listening(port), what="the web process")
        with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
            client.sendall(HANDSHAKE)
            assert b" 101 " in client.recv(4096)
            began = time.monotonic()
            client.sendall(LONG_TEXT * 400)
            wait_until(lambda: count() == 400, what="all messages")
            assert time.monotonic() - began > 2.5


def test_pings_count_like_messages(tmp_path):
    port, progress = free_port(), tmp_path / "count"
    progress.write_text("0")
    with running([sys.executable, "-c", COUNTER, str(port), str(progress)]):
        wait_until(lambda: is_listening(port), what="the web process")
        with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
            client.sendall(HANDSHAKE)
            assert b" 101 " in client.recv(4096)
            client.sendall(EMPTY_PING * 250)
            assert read(client, 250 * 2)  # what was read at once is answered, and owed
            began = time.monotonic()
            client.sendall(EMPTY_TEXT)
            wait_until(lambda: progress.read_text() == "1", what="the message")
            assert time.monotonic() - began > 1


CLOSER = """
import sys
from liveon import web

async def application(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": 1012})
    await receive()

web.application = application
web._run_meetings = lambda: None
web.serve(f"tcp:{sys.argv[1]}:interface=127.0.0.1")
"""


def test_server_that_restarts_says_so():
    port = free_port()
    with running([sys.executable, "-c", CLOSER, str(port)]):
        wait_until(lambda: is_listening(port), what="the web process")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(HANDSHAKE)
            told = b""
            while b"\x88\x02" not in told:
                told += client.recv(4096) or b"\x88\x02 end without a word"
    assert told.endswith(b"\x88\x02\x03\xf4")  # RFC 6455 section 5.5.1, 1012


REQUEST = b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n"


def test_answer_waits_for_a_client_that_reads_slowly_and_comes_whole(tmp_path):
    """Also when that takes longer than an answer may take to begin."""
    port, progress = free_port(), tmp_path / "progress"
    with running([sys.executable, "-c", TALKER, str(port), str(2 * LARGE), str(progress), "0.025"]):
        wait_until(lambda: is_listening(port), what="the web process")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(REQUEST)
            while client.recv(1, socket.MSG_PEEK) and not progress.exists():
                pass
            head, _, body = client.recv(65536).partition(b"\r\n\r\n")
            size = len(body)
            while piece := client.recv(65536):
                size += len(piece)
    assert size == 2 * LARGE


def test_answer_that_nobody_reads_stands_still_and_is_broken_off(tmp_path):
    port, progress = free_port(), tmp_path / "progress"
    with running([sys.executable, "-c", TALKER, str(port), str(100 * LARGE), str(progress), "0"]):
        wait_until(lambda: is_listening(port), what="the web process")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            client.sendall(REQUEST)
            wait_until(lambda: progress.exists() and progress.read_text().endswith(" end"), what="the end", timeout=20)
    assert int(progress.read_text().split()[0]) * 10_000 < 20 * LARGE
