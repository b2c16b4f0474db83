"""The worker gives memory back that it no longer needs."""

import json
import subprocess
import sys

import pytest

MEGABYTE = 2**20
PROGRAM = """
import json, os
from media_sfu import memory
from tests.bench.processes import resident_bytes

sizes = [resident_bytes(os.getpid())]
packets = [bytes(1_201) for _ in range(50_000)]
sizes.append(resident_bytes(os.getpid()))
living = packets[::500]
del packets
memory.give_back()
sizes.append(resident_bytes(os.getpid()))
print(json.dumps(sizes))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="tells glibc what to do")
def test_freed_packets_leave_no_memory_behind_although_some_live_on():
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    empty, full, after = json.loads(ran.stdout)
    assert full - empty > 40 * MEGABYTE
    assert after - empty < 20 * MEGABYTE
