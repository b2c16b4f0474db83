"""Folders for files that live as long as one download. One whose process died is swept away by the next start."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

LOCK = "lock"  # held while the folder is in use; the kernel lets it go with the process


@contextmanager
def scratch_folder(name: str) -> Iterator[Path]:
    """An empty folder below DATA_DIR/tmp, for nobody else's eyes, gone afterwards."""
    folder = _root() / name
    folder.mkdir(mode=0o700, parents=True)
    try:
        with (folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep_scratch() -> int:
    """Delete what killed processes left; how many folders."""
    left = [folder for folder in _root().glob("*/") if not _in_use(folder)]
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)
    return len(left)


def _root() -> Path:
    return Path(settings.DATA_DIR) / "tmp"


def _in_use(folder: Path) -> bool:
    try:
        with (folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
