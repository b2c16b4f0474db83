"""How often to fuzz, how to damage a valid vector, and how to time one call."""

import os
import time
from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

CASES = int(os.environ.get("LIVEON_FUZZ_CASES", "500"))
CPU_LIMIT = 0.001
"""Seconds of CPU time one packet may cost, best of five."""

many = settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def damaged(vectors: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Valid vectors with octets changed, cut out and put in, and plainly random ones."""
    return st.one_of(
        st.binary(max_size=1600), st.builds(_damage, st.sampled_from(vectors), st.lists(_wounds, max_size=6))
    )


_wounds = st.tuples(st.sampled_from(("change", "cut", "insert", "repeat")), st.integers(0, 1600), st.binary(max_size=8))


def _damage(vector: bytes, wounds: list[tuple[str, int, bytes]]) -> bytes:
    for kind, place, octets in wounds:
        at = place % (len(vector) + 1)
        if kind == "cut":
            vector = vector[:at]
        elif kind == "repeat":
            vector = (vector + vector[at:])[:1500]
        else:
            vector = vector[:at] + octets + vector[at + (len(octets) if kind == "change" else 0) :]
    return vector


def cpu_seconds(function: Callable[[], object]) -> float:
    """CPU time of one call, the best of five."""
    best = 1.0
    for _ in range(5):
        began = time.process_time()
        function()
        best = min(best, time.process_time() - began)
        if best < CPU_LIMIT:
            break
    return best
