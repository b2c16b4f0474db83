"""Which front end this is: browsers keep its files for good, by an address that no other one has."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

VERSION = "0.1.0"
ANY_FRONT_END = r"[0-9.]+-[0-9a-f]{8}"
"""What `front_end` gives, of whatever version, as a regular expression."""
_FILES = ("static/**/*", "locale/**/*.mo")


def front_end(root: Path) -> str:
    """The version and eight digits of what the packages below `root` have of files and translations for browsers.

    The version alone would leave a browser with the old files after an update from the repository.
    """
    return f"{VERSION}-{_digest(root, sorted(_files(root))).hexdigest()[:8]}"


def _files(root: Path) -> Iterable[Path]:
    packages = [path.parent for path in root.glob("*/__init__.py")]
    return (path for package in packages for kind in _FILES for path in package.glob(kind) if path.is_file())


def _digest(root: Path, files: Iterable[Path]) -> "hashlib._Hash":
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest
