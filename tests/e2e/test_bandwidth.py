"""The bandwidth log agrees with what the browsers counted."""

from contextlib import suppress

import pytest

from tests.e2e.product import liveon, make_organisation
from tests.e2e.records import attendances, rows
from tests.services import wait_until

OBSERVED_S = 30
TOLERANCE = 0.05
AUTHENTICATION_TAG = 16  # bytes of AEAD_AES_256_GCM per packet (RFC 7714), which the browsers do not count


def sent(person) -> int:
    streams = person.outbound("audio") + person.outbound("video")
    return sum(
        each["bytesSent"] + each["headerBytesSent"] + AUTHENTICATION_TAG * each["packetsSent"] for each in streams
    )


def received(person) -> int:
    streams = person.inbound("audio") + person.inbound("video")
    return sum(
        each["bytesReceived"] + each["headerBytesReceived"] + AUTHENTICATION_TAG * each["packetsReceived"]
        for each in streams
    )


def agrees(row, counted) -> bool:
    return (row["bytes_in"], row["bytes_out"]) == pytest.approx(counted[row["login_id"]], rel=TOLERANCE)


def test_the_log_agrees_with_the_browsers_within_five_percent(person):
    with liveon() as product:
        organisation = make_organisation(product, rooms=("open",))
        people = {"host": person("red"), "sato": person("blue")}
        for login_id, each in people.items():
            each.login(organisation, login_id)
            each.join(organisation.rooms["open"])
        people["sato"].wait_for_colours("red", "blue")
        people["host"].page.wait_for_timeout(OBSERVED_S * 1000)

        # both before either leaves: a browser forgets what it received of somebody who has left
        counted = {login_id: (sent(each), received(each)) for login_id, each in people.items()}
        for each in people.values():
            each.see("leave-button").click()
        with suppress(TimeoutError):  # the assertions below say what is missing
            wait_until(lambda: all(agrees(row, counted) for row in attendances(product)), what="the flush", timeout=10)

        for row in attendances(product):
            up, down = counted[row["login_id"]]
            assert row["bytes_in"] == pytest.approx(up, rel=TOLERANCE)
            assert row["bytes_out"] == pytest.approx(down, rel=TOLERANCE)
        samples = rows(product, "SELECT sum(bytes_in) AS up, sum(bytes_out) AS down FROM audit_bandwidthsample")[0]
        assert samples["up"] == sum(row["bytes_in"] for row in attendances(product))
        assert samples["down"] == sum(row["bytes_out"] for row in attendances(product))
