"""What the kernel says of processes and of the machine (Linux)."""

import os
from contextlib import suppress
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """CPU time, user and system, of all live threads, to the nanosecond (the first number of schedstat)."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def machine_ticks() -> tuple[int, int]:
    """Clock ticks that all processors were busy, and all their ticks, since the machine's start."""
    user, nice, system, idle, waiting, interrupts, soft, stolen = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    busy = user + nice + system + interrupts + soft + stolen
    return busy, busy + idle + waiting
