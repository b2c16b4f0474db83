"""The worker gives memory back that it no longer needs."""

import os
import sys

import pytest

from media_sfu import memory
from tests.bench.processes import resident_bytes

PACKETS, OCTETS, MEGABYTE = 50_000, 1_200, 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="tells glibc what to do")
def test_freed_packets_leave_no_memory_behind_although_some_live_on():
    empty = resident_bytes(os.getpid())
    packets = [bytes(OCTETS) + bytes(1) for _ in range(PACKETS)]
    full = resident_bytes(os.getpid())
    living = packets[::500]
    del packets
    memory.give_back()
    after = resident_bytes(os.getpid())
    assert full - empty > 40 * MEGABYTE
    assert after - empty < 20 * MEGABYTE
    assert living
