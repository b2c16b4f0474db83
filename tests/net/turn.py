"""A private coturn on loopback, configured by docs/examples/turnserver.conf, so that the example is one that works."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from liveon.certificate import self_signed
from tests.services import accepts_connections, folder, free_port, running, wait_until

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "turnserver.conf"
SECRET = "the secret that coturn and LiveOn share"


@dataclass(frozen=True)
class Turn:
    """A running coturn: browsers reach it by `urls` of these ports of localhost."""

    port: int
    tls_port: int
    log: Path

    def url(self, way: str) -> str:
        """`way` is `udp`, `tcp` or `tls`."""
        if way == "tls":
            return f"turns:localhost:{self.tls_port}?transport=tcp"
        return f"turn:127.0.0.1:{self.port}?transport={way}"


def _configuration(port: int, tls_port: int, directory: Path, address: str) -> str:
    """The example with this test's addresses, ports and files. Loopback peers are forbidden elsewhere."""
    certificate, key = self_signed(directory, "localhost")
    replaced = {
        "listening-port": port,
        "tls-listening-port": tls_port,
        "cert": certificate,
        "pkey": key,
        "static-auth-secret": SECRET,
        "realm": "localhost",
    }
    text = EXAMPLE.read_text(encoding="utf-8").replace("TURN_ADDRESS", address).replace("MEDIA_ADDRESS", address)
    for name, value in replaced.items():
        text, found = re.subn(rf"(?m)^{name}=.*$", f"{name}={value}", text)
        assert found == 1, name
    return f"{text}\nallow-loopback-peers\npidfile={directory}/turnserver.pid\nuserdb={directory}/turndb\n"


@contextmanager
def coturn(address: str = "127.0.0.1", *, ports: tuple[int, int] | None = None) -> Iterator[Turn]:
    """A coturn that leads to `address` only. `ports`: plain and TLS, free ones when not given."""
    program = shutil.which("turnserver")
    if not program:
        raise RuntimeError("turnserver is missing: install the package coturn (`make test` does)")
    with folder("turn") as directory:
        found = Turn(*(ports or (free_port(), free_port())), directory / "log")
        configuration = directory / "turnserver.conf"
        configuration.write_text(_configuration(found.port, found.tls_port, directory, address), encoding="utf-8")
        with (
            found.log.open("wb") as log,
            running([program, "-c", str(configuration)], stdout=log, stderr=log, cwd=directory),
        ):
            for port in (found.port, found.tls_port):
                wait_until(lambda port=port: accepts_connections(port), what="coturn's start")
            yield found
