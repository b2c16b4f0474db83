"""How many network tests there are at once, and how often."""

import pytest

from conferences.errors import TooManyTests
from conferences.network_test.admission import (
    AT_ONCE,
    AT_ONCE_PER_ADDRESS,
    MOST_REMEMBERED,
    PER_PERSON,
    WINDOW_SECONDS,
    Admission,
)


def test_address_and_process_have_their_bounds():
    admission = Admission()
    for number in range(AT_ONCE_PER_ADDRESS):
        admission.enter(f"user:{number}", "192.0.2.1", 0)
    with pytest.raises(TooManyTests):
        admission.enter("user:late", "192.0.2.1", 0)
    for number in range(AT_ONCE - AT_ONCE_PER_ADDRESS):
        admission.enter(f"pass:{number}", f"198.51.100.{number}", 0)
    with pytest.raises(TooManyTests):
        admission.enter("user:elsewhere", "203.0.113.1", 0)
    admission.leave("user:0")
    admission.enter("user:elsewhere", "203.0.113.1", 0)


def test_person_tests_ten_times_in_ten_minutes():
    admission = Admission()
    for number in range(PER_PERSON):
        admission.enter("user:1", f"192.0.2.{number}", number)
        admission.leave("user:1")
    with pytest.raises(TooManyTests):
        admission.enter("user:1", "198.51.100.1", WINDOW_SECONDS - 1)
    admission.enter("user:1", "198.51.100.1", WINDOW_SECONDS)


def test_who_tested_long_ago_is_forgotten():
    admission = Admission()
    for number in range(MOST_REMEMBERED + 1):
        admission.enter(f"user:{number}", f"address-{number}", number)
        admission.leave(f"user:{number}")
    assert len(admission._begun) <= MOST_REMEMBERED
