"""The test's end of the attacker, and the figures of the server."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.product import PASSWORD, LiveOn, Organisation
from tests.services import running

ROOT = Path(__file__).parents[2]


class Attacker:
    """`begin` returns at once, `sent` when the attack is over."""

    def __init__(self, process: subprocess.Popen) -> None:
        self._process = process

    def begin(self, attack: str, seconds: float) -> None:
        self._process.stdin.write(json.dumps({"attack": attack, "seconds": seconds}).encode() + b"\n")
        self._process.stdin.flush()

    def end(self) -> dict[str, float]:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the attacker has died")
        return json.loads(line)


@contextmanager
def attacker(product: LiveOn, organisation: Organisation, room: str = "open") -> Iterator[Attacker]:
    place = {
        "url": product.url,
        "login_url": organisation.login_url,
        "room_url": organisation.rooms[room],
        "login_id": "admin",
        "password": PASSWORD,
        "media_port": product.media_port,
    }
    command = [sys.executable, "-m", "tests.attacks"]
    with running(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(json.dumps(place).encode() + b"\n")
        yield Attacker(process)
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


@dataclass(frozen=True)
class Figures:
    """What /metrics tells: by name and label values, the workers summed."""

    values: dict[tuple[str, ...], float]

    def __sub__(self, before: "Figures") -> "Figures":
        return Figures({key: value - before.values.get(key, 0.0) for key, value in self.values.items()})

    def __getitem__(self, key: str | tuple[str, ...]) -> float:
        return self.values.get((key,) if isinstance(key, str) else key, 0.0)

    def by_label(self, name: str) -> dict[str, int]:
        """Label value → number, of a metric with one label besides the worker, without what is 0."""
        return {
            key[1]: round(value) for key, value in self.values.items() if key[0] == name and value and len(key) == 2
        }

    def lag_p99_ms(self) -> float:
        """The bound below which 99 of 100 beats of the worker's clock were."""
        name = "liveon_media_loop_lag_seconds_bucket"
        buckets = sorted((float(key[1]), value) for key, value in self.values.items() if key[0] == name)
        return next(1000 * bound for bound, count in buckets if count >= 0.99 * buckets[-1][1])


def figures(product: LiveOn) -> Figures:
    with urllib.request.urlopen(f"{product.url}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    values: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = sorted((name, value) for name, value in sample.labels.items() if name != "worker")
            key = (sample.name, *(value for _, value in labels))
            values[key] = values.get(key, 0.0) + sample.value
    return Figures(values)
