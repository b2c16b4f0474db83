"""The relay in front of an echo server that tells its clients apart by their addresses."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.net.control import Relay, relay
from tests.services import wait_until


@pytest.fixture
def udp_echo() -> Iterator[socket.socket]:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def echo() -> None:
        while True:
            data, address = server.recvfrom(2048)
            if data == b"end":
                return
            server.sendto(data, address)

    thread = threading.Thread(target=echo)
    thread.start()
    yield server
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.sendto(b"end", server.getsockname())
    thread.join()
    server.close()


@pytest.fixture
def tcp_echo() -> Iterator[socket.socket]:
    """Answers one connection until its end."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(5)

    def echo() -> None:
        connection, _ = server.accept()
        with connection:
            while data := connection.recv(4096):
                connection.sendall(data)

    thread = threading.Thread(target=echo)
    thread.start()
    yield server
    thread.join()
    server.close()


@pytest.fixture
def impaired(udp_echo: socket.socket) -> Iterator[Relay]:
    with relay(udp_echo.getsockname()) as found:
        yield found


def client(impaired: Relay) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.connect(("127.0.0.1", impaired.port))
    found.settimeout(2)
    return found


def is_over(stream: socket.socket) -> bool:
    try:
        return stream.recv(4096) == b""
    except ConnectionResetError:
        return True


def test_each_client_gets_its_own_answers(impaired):
    with client(impaired) as one, client(impaired) as two:
        one.send(b"one")
        two.send(b"two")
        assert (one.recv(2048), two.recv(2048)) == (b"one", b"two")
    assert impaired.counters()["down"]["passed"] == 2


def test_delay_holds_in_both_directions(impaired):
    impaired.set(up={"delay_ms": 60}, down={"delay_ms": 60})
    with client(impaired) as one:
        began = time.monotonic()
        one.send(b"slow")
        assert one.recv(2048) == b"slow"
        assert time.monotonic() - began >= 0.12


def test_loss_can_be_switched_while_running(impaired):
    with client(impaired) as one:
        impaired.set(up={"loss": 1.0})
        one.send(b"lost")
        wait_until(lambda: impaired.counters()["up"]["lost"] == 1, what="the loss")
        impaired.set(up={})
        one.send(b"found")
        assert one.recv(2048) == b"found"


def test_black_hole_swallows_udp_and_passes_tcp(tcp_echo):
    with relay(tcp_echo.getsockname()) as impaired, client(impaired) as datagrams:
        impaired.set(udp=False)
        datagrams.send(b"swallowed")
        with socket.create_connection(("127.0.0.1", impaired.port), 5) as stream:
            stream.sendall(b"passed")
            assert stream.recv(4096) == b"passed"
        assert impaired.counters()["up"] == {"passed": 0, "lost": 0, "overflowed": 0}


def test_who_is_spared_notices_nothing(impaired):
    with client(impaired) as early, client(impaired) as late:
        early.send(b"here")
        assert early.recv(2048) == b"here"
        impaired.set(spare=True, up={"loss": 1.0})
        late.send(b"lost")
        early.send(b"passed")
        assert early.recv(2048) == b"passed"
        late.settimeout(0.2)
        with pytest.raises(TimeoutError):
            late.recv(2048)
        impaired.set(spare=False, up={})
        late.send(b"found")
        assert late.recv(2048) == b"found"


def test_server_that_is_not_there_is_silence():
    with relay(("127.0.0.1", 9)) as impaired, client(impaired) as one:
        one.settimeout(0.3)
        one.send(b"anybody?")
        one.send(b"nobody.")
        with pytest.raises(TimeoutError):
            one.recv(2048)


def test_moved_clients_come_from_another_address_and_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.bind(("127.0.0.1", 0))
        asked.settimeout(2)
        with relay(asked.getsockname()) as moving, client(moving) as traveller:
            seen = []
            for change in ({}, {"move": "127.0.0.2"}, {"move": "127.0.0.3"}):
                moving.set(**change)
                traveller.send(b"from where?")
                seen.append(asked.recvfrom(2048)[1])
                asked.sendto(b"here", seen[-1])
                assert traveller.recv(2048) == b"here"
            asked.sendto(b"to the old address", seen[0])
            asked.sendto(b"to the new one", seen[2])
            assert traveller.recv(2048) == b"to the new one"
    assert [host for host, _ in seen] == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    assert len({port for _, port in seen}) == 3


def test_held_stream_waits_and_a_forbidden_one_ends(tcp_echo):
    with (
        relay(tcp_echo.getsockname()) as impaired,
        socket.create_connection(("127.0.0.1", impaired.port), 5) as stream,
    ):
        stream.sendall(b"before")
        assert stream.recv(4096) == b"before"
        impaired.set(tcp="held")
        stream.settimeout(0.3)
        stream.sendall(b"after")
        with pytest.raises(TimeoutError):
            stream.recv(4096)
        impaired.set(tcp=True)
        stream.settimeout(5)
        assert stream.recv(4096) == b"after"
        impaired.set(tcp=False)
        assert is_over(stream)
