import threading
from datetime import timedelta

import pytest
from django.core.cache.backends.locmem import LocMemCache

from accounts.throttle import Throttle

throttle = Throttle("test")


def fail(*keys: str) -> float:
    """One wrong try, made as soon as it is allowed; the seconds waited for it."""
    wait = throttle.retry_after(*keys)
    if wait == 0:
        throttle.failed(*keys)
    return wait


def test_five_tries_are_free_and_then_waits_double_up_to_five_minutes(clock) -> None:
    assert [fail("sato", "192.0.2.1") for _ in range(5)] == [0.0] * 5
    waits = []
    for _ in range(11):
        waits.append(throttle.retry_after("sato", "192.0.2.1"))
        clock.shift(waits[-1])
        assert fail("sato", "192.0.2.1") == 0.0
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_right_password_forgets_the_wrong_ones(clock) -> None:
    for _ in range(4):
        fail("sato", "192.0.2.1")
    assert throttle.retry_after("sato", "192.0.2.1") == 0.0
    throttle.succeeded("sato", "192.0.2.1")
    assert [fail("sato", "192.0.2.1") for _ in range(5)] == [0.0] * 5


def test_wrong_passwords_are_forgotten_after_a_day(clock) -> None:
    for _ in range(5):
        fail("sato", "192.0.2.1")
    clock.shift(timedelta(days=1, seconds=1))
    assert [fail("sato", "192.0.2.1") for _ in range(5)] == [0.0] * 5


def test_stranger_at_another_address_does_not_slow_the_person(clock) -> None:
    for _ in range(5):
        fail("sato", "192.0.2.66")
    assert throttle.retry_after("sato", "192.0.2.66") > 0
    assert throttle.retry_after("sato", "192.0.2.1") == 0.0


def test_other_people_at_the_address_are_not_slowed_by_one(clock) -> None:
    for _ in range(6):
        fail("sato", "192.0.2.1")
    assert throttle.retry_after("suzuki", "192.0.2.1") == 0.0


def test_address_that_tries_everybody_is_slowed_for_everybody(clock) -> None:
    assert [fail(f"user-{number}", "192.0.2.1") for number in range(50)] == [0.0] * 50
    assert throttle.retry_after("somebody else", "192.0.2.1") == 1.0
    assert throttle.retry_after("somebody else", "192.0.2.2") == 0.0


def test_own_account_does_not_free_the_address(clock) -> None:
    for number in range(50):
        fail(f"user-{number}", "192.0.2.1")
    clock.shift(1)
    assert throttle.retry_after("own", "192.0.2.1") == 0.0
    throttle.succeeded("own", "192.0.2.1")
    fail("user-51", "192.0.2.1")
    assert throttle.retry_after("user-52", "192.0.2.1") == 2.0


def test_office_of_hundreds_that_types_well_is_not_slowed(clock) -> None:
    for number in range(300):
        assert throttle.retry_after(f"user-{number}", "192.0.2.1") == 0.0
    for number in range(300):
        throttle.succeeded(f"user-{number}", "192.0.2.1")
    assert throttle.retry_after("one more", "192.0.2.1") == 0.0


def test_all_addresses_of_one_ipv6_network_are_one(clock) -> None:
    for host in range(5):
        fail("sato", f"2001:db8:0:1::{host + 1:x}")
    assert throttle.retry_after("sato", "2001:db8:0:1:ffff::1") == 1.0
    assert throttle.retry_after("sato", "2001:db8:0:2::1") == 0.0


def test_scopes_count_apart(clock) -> None:
    for _ in range(5):
        fail("sato", "192.0.2.1")
    assert Throttle("other").retry_after("sato", "192.0.2.1") == 0.0


def test_any_text_is_a_key(clock) -> None:
    for keys in (("", ""), ("日本 \n" * 500, "not an address"), ("a", "b", "c", "unix")):
        assert throttle.retry_after(*keys) == 0.0
        throttle.failed(*keys)
        throttle.succeeded(*keys)


def test_burst_of_parallel_tries_gets_no_more_than_a_queue_of_them() -> None:
    together = threading.Barrier(20)
    allowed: list[float] = []

    def attempt() -> None:
        together.wait(timeout=10)
        allowed.append(throttle.retry_after("sato", "192.0.2.1"))

    threads = [threading.Thread(target=attempt) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert allowed.count(0.0) == 5


def test_count_that_is_forgotten_while_it_is_raised_starts_anew(clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(self: LocMemCache, key: str) -> int:
        raise ValueError(key)

    monkeypatch.setattr(LocMemCache, "incr", gone)
    assert throttle.retry_after("sato", "192.0.2.1") == 0.0
