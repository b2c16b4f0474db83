"""A zip file that is made while it is sent: what was written is taken out of memory at once."""

import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime


class _Outlet:
    """What zipfile writes to: neither to be read nor to be rewound."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, content: bytes) -> int:
        self._written.append(bytes(content))
        return len(content)

    def flush(self) -> None:
        """Nothing is held back."""

    close = flush

    def take(self) -> bytes:
        taken, self._written = b"".join(self._written), []
        return taken


class Archive:
    """Every method yields pieces of the zip file, in order; `close` yields the last ones."""

    def __init__(self, made_at: datetime) -> None:
        self._outlet = _Outlet()
        self._zip = zipfile.ZipFile(self._outlet, "w", zipfile.ZIP_DEFLATED)
        self._made_at = made_at.timetuple()[:6]

    def add(self, name: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
        entry = zipfile.ZipInfo(name, self._made_at)
        entry.compress_type = zipfile.ZIP_DEFLATED
        with self._zip.open(entry, "w", force_zip64=True) as file:
            for chunk in chunks:
                file.write(chunk)
                yield self._outlet.take()
        yield self._outlet.take()

    def close(self) -> Iterator[bytes]:
        self._zip.close()
        yield self._outlet.take()
