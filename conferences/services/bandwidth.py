"""From the workers' cumulative counters to what each participant used.

`Participant.counters` holds the peer's counters as of the last flush, written in the transaction that adds the
difference to the audit rows: a crash between two flushes loses nothing and counts nothing twice, since the worker goes
on counting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from audit.bandwidth import COUNTERS, BandwidthDelta, add_bandwidth
from conferences.models import Participant

BATCH = 100


@dataclass(frozen=True)
class PeerCounters:
    """A peer's cumulative counters. `start` names the worker start that counts: another one counts from 0.

    `final`: the peer is closed; one that is made anew for the same participant counts from 0 as well.
    """

    start: str
    counts: Mapping[str, Any]
    final: bool = False


def flush_bandwidth(samples: Sequence[tuple[str, PeerCounters]], *, now: datetime) -> None:
    """Add what was counted since the last flush; `now` says which minute it belongs to.

    `samples` are (participant id, counters) in the order of their making: a participant whose worker died may have two.
    """
    for first in range(0, len(samples), BATCH):
        _flush_batch(samples[first : first + BATCH], now=now)


@transaction.atomic
def _flush_batch(samples: Sequence[tuple[str, PeerCounters]], *, now: datetime) -> None:
    ids = {participant_id for participant_id, _ in samples}
    rows = Participant.objects.select_for_update(no_key=True).filter(public_id__in=ids).order_by("pk")
    participants = {each.public_id: each for each in rows}
    known = [(participants[each], sample) for each, sample in samples if each in participants]
    deltas = [_advance(participant, sample) for participant, sample in known]
    Participant.objects.bulk_update(participants.values(), ["counters"])
    add_bandwidth(deltas, now=now)


def _advance(participant: Participant, sample: PeerCounters) -> BandwidthDelta:
    """Move the participant's counters up to `sample` and return by how much.

    Of a participant who moves to another worker two peers count for some seconds: `earlier` is the older one's.
    """
    counts = [_count(sample.counts, name) for name in COUNTERS]
    now = {"start": sample.start, "final": sample.final, **dict(zip(COUNTERS, counts, strict=True))}
    latest, earlier = dict(participant.counters), participant.counters.get("earlier", {})
    latest.pop("earlier", None)
    if sample.start == earlier.get("start"):
        known = _known(earlier, sample, counts)
        participant.counters = {**latest, "earlier": now}
    else:
        known = _known(latest, sample, counts)
        before = earlier if sample.start == latest.get("start") else latest
        participant.counters = {**now, "earlier": before} if before else now
    return BandwidthDelta(participant.public_id, *(count - old for count, old in zip(counts, known, strict=True)))


def _known(before: Mapping[str, Any], sample: PeerCounters, counts: list[int]) -> list[int]:
    """What of `counts` was added before: nothing when another peer counted then.

    That is so after another start of the worker, after a final count (unless it is the same one told twice), and when a
    counter went back.
    """
    known = [_count(before, name) for name in COUNTERS]
    is_other_peer = before.get("start") != sample.start
    is_successor = before.get("final", False) and not (sample.final and counts == known)
    went_back = any(count < old for count, old in zip(counts, known, strict=True))
    return [0] * len(COUNTERS) if is_other_peer or is_successor or went_back else known


def _count(counts: Mapping[str, Any], name: str) -> int:
    value = counts.get(name, 0)
    return value if isinstance(value, int) and value >= 0 else 0
