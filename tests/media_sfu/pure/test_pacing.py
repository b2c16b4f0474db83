"""Bursts are spread, repairs go first, nothing waits for long."""

from media_sfu.bandwidth.pacing import BURST_SECONDS, FACTOR, MAX_AGE, MAX_WAITING, Pacer

RATE = 600e3
SIZE = 1200


def send(pacer: Pacer, count: int, now: float) -> int:
    """Offer a burst as the seam does; gives how many packets leave at once."""
    sent = 0
    for number in range(count):
        if pacer.is_open(now):
            pacer.spend(SIZE, now)
            sent += 1
        else:
            pacer.hold(bytes([number]), now)
    return sent


def released(pacer: Pacer, now: float) -> list[bytes]:
    found = []
    for packet in pacer.due(now):
        pacer.spend(SIZE, now)
        found.append(packet)
    return found


def test_small_frame_leaves_at_once():
    pacer = Pacer(RATE)
    for frame in range(30):
        assert send(pacer, 2, 1 + frame / 30) == 2
    assert not len(pacer)


def test_burst_leaves_in_order_at_a_multiple_of_the_estimate():
    pacer = Pacer(RATE)
    at_once = send(pacer, 25, 1.0)
    assert at_once * SIZE * 8 <= BURST_SECONDS * FACTOR * RATE + SIZE * 8
    times: dict[bytes, float] = {}
    for step in range(1, 100):
        times.update(dict.fromkeys(released(pacer, 1 + step * 0.005), 1 + step * 0.005))
    assert list(times) == [bytes([number]) for number in range(at_once, 25)]
    needed = 25 * SIZE * 8 / (FACTOR * RATE)
    assert needed - BURST_SECONDS - 0.01 <= max(times.values()) - 1 <= needed


def test_repairs_overtake():
    pacer = Pacer(RATE)
    send(pacer, 10, 1.0)
    pacer.hold_repair(b"repair", 1.001)
    assert released(pacer, 1.02)[0] == b"repair"


def test_nothing_waits_longer_than_a_quarter_of_a_second():
    pacer = Pacer(50e3)
    send(pacer, 200, 1.0)
    assert len(pacer) > 100
    released(pacer, 1 + MAX_AGE)
    assert not len(pacer)


def test_no_more_than_so_many_wait():
    pacer = Pacer(50e3)
    for number in range(MAX_WAITING + 500):
        pacer.hold(number.to_bytes(2, "big"), 1.0)
    pacer.spend(SIZE, 1.0)
    assert released(pacer, 1.0) == [number.to_bytes(2, "big") for number in range(500)]


def test_rate_follows_the_estimate():
    pacer = Pacer(RATE)
    pacer.follow(50e6)
    assert send(pacer, 50, 1.0) == 50


def test_what_is_not_wanted_any_more_waits_no_longer():
    pacer = Pacer(RATE)
    pacer.spend(100 * SIZE, 1.0)
    for packet in (b"a1", b"b1", b"a2", b"b2"):
        pacer.hold(packet, 1.0)
    pacer.hold_repair(b"a3", 1.0)
    pacer.hold_repair(b"b3", 1.0)
    pacer.drop(lambda packet: packet.startswith(b"a"))
    assert released(pacer, 1.0 + MAX_AGE) == [b"b3", b"b1", b"b2"]
