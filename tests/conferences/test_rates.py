"""From cumulative counters to kbit/s."""

import pytest

from conferences.rates import Rate, Rates, current_rates


@pytest.fixture
def rates() -> Rates:
    return Rates()


async def test_rate_is_the_difference_of_two_measurements(rates):
    rates.take("anna", {"bytes_in": 1_000, "bytes_out": 0}, at=100.0)
    rates.take("anna", {"bytes_in": 126_000, "bytes_out": 250_000}, at=110.0)
    await rates.publish()
    assert current_rates(["anna", "nobody"]) == {"anna": Rate(kbps_in=100.0, kbps_out=200.0)}


async def test_first_measurement_says_nothing_yet(rates):
    rates.take("anna", {"bytes_in": 5_000_000, "bytes_out": 0}, at=100.0)
    await rates.publish()
    assert current_rates(["anna"]) == {}


async def test_counters_of_a_new_peer_begin_anew(rates):
    for at, count in ((100.0, 9_000), (110.0, 500), (120.0, 1_750)):
        rates.take("anna", {"bytes_in": count, "bytes_out": count}, at=at)
    await rates.publish()
    assert current_rates(["anna"]) == {"anna": Rate(kbps_in=1.0, kbps_out=1.0)}


async def test_workers_word_on_the_connection_goes_along(rates):
    rates.take("anna", {}, at=100.0)
    rates.judge("anna", "poor")
    rates.take("anna", {}, at=110.0)
    await rates.publish()
    assert current_rates(["anna"])["anna"].quality == "poor"


async def test_who_has_left_is_measured_no_more(rates):
    rates.take("anna", {}, at=100.0)
    rates.take("anna", {}, at=110.0)
    rates.forget("anna")
    await rates.publish()
    assert current_rates(["anna"]) == {}
