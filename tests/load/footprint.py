"""What a process of a running LiveOn holds: memory, descriptors, threads, tasks, objects (Linux)."""

import json
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.bench import processes

INSIDE = Path(__file__).with_name("inside")
"""To be put on PYTHONPATH, with SOAK_DIR a folder, in the environment of the installation."""

PASSING_OBJECTS = 2


@dataclass(frozen=True)
class Footprint:
    """`sockets` are among the descriptors, `tasks` asyncio's unfinished ones, `objects` those of our own classes."""

    rss_mb: float
    descriptors: int
    sockets: int
    threads: int
    tasks: int
    objects: dict[str, int]

    def figures(self) -> dict[str, Any]:
        """Everything but the objects."""
        return {name: value for name, value in asdict(self).items() if name != "objects"}

    def more_objects(self, before: "Footprint") -> dict[str, int]:
        """Classes of which there are more now, and how many; a few are always on their way."""
        grown = {kind: count - before.objects.get(kind, 0) for kind, count in self.objects.items()}
        return {kind: more for kind, more in grown.items() if more > PASSING_OBJECTS}


def footprint(pid: int, soak_dir: Path) -> Footprint:
    """Collects the process's garbage first."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(f"{soak_dir}/{pid}.sock")
        told = json.loads(b"".join(iter(lambda: asking.recv(65536), b"")))
    open_files = [_target(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
    return Footprint(
        round(processes.resident_bytes(pid) / 2**20, 2),
        sum(not _is_database(each, open_files) for each in open_files),
        sum(each.startswith("socket:") for each in open_files),
        told["threads"],
        told["tasks"],
        told["objects"],
    )


def resident_mb(pid: int) -> float:
    return round(processes.resident_bytes(pid) / 2**20, 1)


def _is_database(target: str, open_files: list[str]) -> bool:
    """SQLite keeps descriptors of connections that were closed for the next ones, as closing any ends the locks of all
    (https://sqlite.org/src/file/src/os_unix.c, "pending close"). A connection counts by its write-ahead log.
    """
    return f"{target}-wal" in open_files


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:  # closed meanwhile
        return ""
