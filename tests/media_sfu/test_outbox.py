"""What leaves together arrives as single datagrams, whatever the kernel or the network device makes of it."""

import errno
import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from media_sfu.net import outbox as module
from media_sfu.net.outbox import MOST_SEGMENTS, MOST_WAITING, Outbox

SIZES = [
    [1100] * 4,
    [1100] * 3 + [700],
    [700, 1100, 1100],
    [100, 1100, 100, 1100, 1100, 90, 90, 90, 91],
    [1200] * 60,
    [20] * (2 * MOST_SEGMENTS + 3),
]


class Kernel(socket.socket):
    """A socket whose `sendmsg` fails as long as `refusals` say how; `calls` are the sizes it was asked for."""

    refusals: list[int]
    calls: list[list[int]]

    def sendmsg(self, buffers, *rest):
        self.calls.append([len(each) for each in buffers])
        if self.refusals:
            number = self.refusals.pop(0)
            raise OSError(number, "refused")
        return super().sendmsg(buffers, *rest)


@pytest.fixture(params=["127.0.0.1", "::1"])
def kernel(request) -> Iterator[Kernel]:
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with Kernel(family, socket.SOCK_DGRAM) as found:
        found.setblocking(False)
        found.refusals, found.calls = [], []
        try:
            found.bind((request.param, 0))
        except OSError:
            pytest.skip("needs IPv6")
        yield found


@pytest.fixture
def receiver(kernel) -> Iterator[socket.socket]:
    with socket.socket(kernel.family, socket.SOCK_DGRAM) as found:
        found.settimeout(2)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_000_000)
        found.bind((kernel.getsockname()[0], 0))
        yield found


def of_sizes(sizes: list[int]) -> list[bytes]:
    return [number.to_bytes(2, "big") + bytes(size - 2) for number, size in enumerate(sizes)]


def send(kernel: Kernel, receiver: socket.socket, datagrams: list[bytes]) -> Counter[str]:
    drops: Counter[str] = Counter()
    outbox = Outbox(kernel, drops)
    for datagram in datagrams:
        outbox.add(datagram, receiver.getsockname())
    outbox.flush()
    return drops


@pytest.mark.parametrize("sizes", SIZES)
def test_each_datagram_arrives_whole_and_in_order(kernel, receiver, sizes):
    datagrams = of_sizes(sizes)
    assert not send(kernel, receiver, datagrams)
    assert [receiver.recv(2048) for _ in datagrams] == datagrams
    assert max(map(len, kernel.calls)) <= MOST_SEGMENTS


def test_neighbours_of_one_size_take_one_call(kernel, receiver):
    send(kernel, receiver, of_sizes([1100, 1100, 1100, 600, 100, 100]))
    assert kernel.calls == [[1100, 1100, 1100, 600], [100, 100]]


def test_several_addresses_get_their_own(kernel, receiver):
    outbox = Outbox(kernel, Counter())
    with socket.socket(kernel.family, socket.SOCK_DGRAM) as other:
        other.settimeout(2)
        other.bind((kernel.getsockname()[0], 0))
        for datagram in of_sizes([100] * 6):
            outbox.add(datagram, (receiver if datagram[1] % 2 else other).getsockname())
        outbox.flush()
        assert [other.recv(2048)[1] for _ in range(3)] == [0, 2, 4]
        assert [receiver.recv(2048)[1] for _ in range(3)] == [1, 3, 5]


@pytest.mark.parametrize("number", [errno.EIO, errno.EMSGSIZE, errno.EINVAL])
def test_a_run_that_is_refused_goes_one_by_one(kernel, receiver, number):
    kernel.refusals = [number]
    datagrams = of_sizes([1100] * 4)
    assert not send(kernel, receiver, datagrams)
    assert [receiver.recv(2048) for _ in datagrams] == datagrams


def test_a_device_that_cannot_cut_is_asked_once(kernel, receiver):
    kernel.refusals = [errno.EIO]
    outbox = Outbox(kernel, Counter())
    for _ in range(2):
        for datagram in of_sizes([500, 500]):
            outbox.add(datagram, receiver.getsockname())
        outbox.flush()
    assert len(kernel.calls) == 1
    assert [len(receiver.recv(2048)) for _ in range(4)] == [500] * 4


def test_a_full_buffer_loses_the_run_and_counts_it(kernel, receiver):
    kernel.refusals = [errno.EAGAIN]
    assert send(kernel, receiver, of_sizes([500] * 3)) == {"send": 3}


def test_an_old_kernel_sends_one_by_one(kernel, receiver, monkeypatch):
    monkeypatch.setattr(module, "_UDP_SEGMENT", 9999)
    assert not send(kernel, receiver, of_sizes([500] * 3))
    assert [len(receiver.recv(2048)) for _ in range(3)] == [500] * 3
    assert not kernel.calls


def test_not_more_than_a_little_waits(kernel, receiver):
    outbox = Outbox(kernel, Counter())
    for _ in range(MOST_WAITING):
        outbox.add(bytes(30), receiver.getsockname())
    assert [len(receiver.recv(2048)) for _ in range(MOST_WAITING)] == [30] * MOST_WAITING
