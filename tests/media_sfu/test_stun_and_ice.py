"""The media port towards strangers, and the pair selection of the ICE-lite agent. Time is a value; nothing is sent."""

import re
import socket
import time
from typing import Any

import pytest
from aioice import stun
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media_sfu.bandwidth.policing import TokenBucket
from media_sfu.net.demux import Demux
from media_sfu.net.ice import CONSENT_SECONDS, MAX_CREDENTIALS, MAX_PAIRS, IceAgent
from tests.media_sfu.pure.fuzzing import CASES, CPU_LIMIT, cpu_seconds, damaged

BROWSER = ("198.51.100.7", 50000)


class Port:
    """A Demux with a clock to set and a list of what it sent."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sent: list[tuple[bytes, object]] = []
        self.demux = Demux(self._send, lambda: self.now)
        self.agent = IceAgent(self.demux, self.now)

    def _send(self, data: bytes, path: object) -> bool:
        self.sent.append((data, path))
        return True

    def check(self, path: Any = BROWSER, *, agent: IceAgent | None = None, **wrong: Any) -> bool:
        """Feed one binding request; whether it was answered."""
        before = len(self.sent)
        self.demux.feed(request_for(agent or self.agent, **wrong), path)
        return len(self.sent) > before


def request_for(agent: IceAgent, *, ufrag: str = "", password: str = "", nominate: bool = True) -> bytes:
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    request.attributes["USERNAME"] = f"{ufrag or agent.ufrag}:them"
    request.attributes["PRIORITY"] = 1
    request.attributes["ICE-CONTROLLING"] = 1
    if nominate:
        request.attributes["USE-CANDIDATE"] = None
    request.add_message_integrity((password or agent.password).encode())
    return bytes(request)


@pytest.fixture
def port() -> Port:
    return Port()


def test_check_is_answered_with_the_mapped_address(port):
    request = request_for(port.agent)
    port.demux.feed(request, BROWSER)
    [(response, path)] = port.sent
    parsed = stun.parse_message(response)
    assert path == BROWSER
    assert parsed.message_class is stun.Class.RESPONSE
    assert parsed.attributes["XOR-MAPPED-ADDRESS"] == BROWSER
    assert parsed.check_message_integrity(port.agent.password.encode())
    assert "FINGERPRINT" in parsed.attributes
    assert len(response) <= len(request) + 8


def test_dual_stack_address_is_answered_in_its_ipv4_form(port):
    port.demux.feed(request_for(port.agent), ("::ffff:198.51.100.7", 50000, 0, 0))
    assert stun.parse_message(port.sent[0][0]).attributes["XOR-MAPPED-ADDRESS"] == BROWSER


def test_credentials_are_long_and_random(port):
    assert re.fullmatch(r"[0-9a-f]{8,}", port.agent.ufrag)
    assert re.fullmatch(r"[0-9a-f]{32}", port.agent.password)
    assert len({IceAgent(port.demux, 0.0).ufrag for _ in range(100)}) == 100


@pytest.mark.parametrize("wrong", [{"ufrag": "0123456789ab"}, {"password": "0" * 32}])
def test_strangers_get_silence(port, wrong):
    assert not port.check(**wrong)
    assert port.demux.by_path == {}


@pytest.mark.parametrize("data", [b"", b"\x80" * 1501, b"\x80\x60" + bytes(40), b"\x16\xfe\xfd" + bytes(40), b"\xff"])
def test_other_datagrams_of_strangers_get_silence(port, data):
    port.demux.feed(data, BROWSER)
    assert port.sent == []


def test_host_is_ignored_after_many_wrong_passwords_but_not_its_validated_pairs(port):
    assert port.check()
    for _ in range(60):
        port.check(("198.51.100.7", 40000), password="0" * 32)
        port.now += 0.06
    assert not port.check(("198.51.100.7", 40001))
    assert port.check()
    port.now += 11
    assert port.check(("198.51.100.7", 40001))


def test_checks_of_one_agent_are_limited(port):
    assert port.check()
    assert sum(port.check() for _ in range(200)) == 40
    port.now += 1
    assert sum(port.check() for _ in range(200)) == 20


def test_strangers_who_know_the_name_do_not_use_up_the_owner_s_checks(port):
    assert port.check()
    for number in range(200):
        port.check((f"198.51.100.{number}", 40000), password="0" * 32)
    assert port.demux.drops["stun_rate"] > 100
    assert port.check()


def test_two_hundred_people_behind_one_address_join_within_ten_seconds(port):
    agents = [IceAgent(port.demux, port.now) for _ in range(400)]  # two transports each
    started = time.process_time()
    for second in range(10):
        for number, agent in enumerate(agents):
            if number % 10 == second:
                assert all(port.check(("203.0.113.9", 1024 + number), agent=agent) for _ in range(6))
        port.now += 1
    assert all(agent.selected for agent in agents)
    assert time.process_time() - started < 5


def test_agent_keeps_eight_pairs_and_the_selected_one_among_them(port):
    for number in range(20):
        port.now += 1
        port.check(("198.51.100.7", 50000 + number), **({} if number == 0 else {"nominate": False}))
    assert len(port.demux.by_path) == MAX_PAIRS
    assert port.agent.selected == ("198.51.100.7", 50000)
    assert port.agent.selected in port.demux.by_path


def test_nomination_decides_until_data_flows_and_data_decides_after_that(port):
    wifi, mobile = ("198.51.100.7", 1), ("203.0.113.9", 2)
    port.check(wifi)
    port.check(mobile)
    assert port.agent.selected == mobile
    port.agent.authenticated_data(mobile, port.now)
    port.check(wifi)
    assert port.agent.selected == mobile  # Firefox nominates everything
    port.agent.authenticated_data(wifi, port.now)
    assert port.agent.selected == wifi


def test_nomination_moves_a_silent_path(port):
    wifi, mobile = ("198.51.100.7", 1), ("203.0.113.9", 2)
    port.check(wifi)
    port.agent.authenticated_data(wifi, port.now)
    port.now += 3.5
    port.check(mobile)
    assert port.agent.selected == mobile


def test_restart_moves_the_path_and_retires_the_old_credentials(port):
    wifi, mobile = ("198.51.100.7", 1), ("203.0.113.9", 2)
    old = request_for(port.agent)
    port.check(wifi)
    port.agent.authenticated_data(wifi, port.now)
    port.agent.renew_credentials()
    port.demux.feed(old, wifi)
    assert len(port.sent) == 2  # still valid until the browser uses the new ones
    port.check(mobile)
    assert port.agent.selected == mobile
    port.now += 10.5
    port.demux.feed(old, wifi)
    assert len(port.sent) == 3
    assert len(port.demux.by_ufrag) == 1


def test_data_of_a_pair_that_was_never_checked_moves_nothing(port):
    port.check()
    heard = []
    port.agent.on_media = lambda data, path: heard.append(path)
    port.demux.feed(b"\x80\x60" + bytes(40), ("203.0.113.9", 2))
    assert (heard, port.agent.selected, port.demux.drops["stranger"]) == ([], BROWSER, 1)


def test_handshake_on_another_pair_moves_the_path(port):
    wifi, mobile = ("198.51.100.7", 1), ("203.0.113.9", 2)
    port.check(wifi)
    port.check(mobile, nominate=False)
    assert port.agent.selected == wifi
    port.agent.handshake_data(mobile, port.now)
    assert port.agent.selected == mobile


def test_browser_that_moves_all_the_time_moves_twice_a_second(port):
    wifi, mobile = ("198.51.100.7", 1), ("203.0.113.9", 2)
    port.check(wifi, nominate=False)
    port.check(mobile, nominate=False)
    moves = []
    port.agent.on_selected = lambda: moves.append(port.agent.selected)
    for _ in range(2000):
        port.now += 0.01
        port.agent.authenticated_data(mobile, port.now)
        port.agent.authenticated_data(wifi, port.now)
    assert 40 <= len(moves) <= 40 + MAX_PAIRS
    port.agent.expire(port.now + 20)
    assert set(port.demux.by_path) == {wifi, mobile}  # both were heard
    port.now += 1
    port.agent.authenticated_data(mobile, port.now)
    port.agent.authenticated_data(mobile, port.now)
    assert port.agent.selected == mobile


def test_browser_that_nominates_all_the_time_moves_twice_a_second(port):
    moves = []
    port.agent.on_selected = lambda: moves.append(port.agent.selected)
    for number in range(400):
        port.now += 0.05
        assert port.check(("198.51.100.7", number % 2))
    assert 40 <= len(moves) <= 41 + MAX_PAIRS


def test_check_with_old_credentials_moves_no_busy_path(port):
    wifi, mobile = ("198.51.100.7", 1), ("203.0.113.9", 2)
    old = request_for(port.agent)
    port.check(wifi)
    port.agent.authenticated_data(wifi, port.now)
    port.agent.renew_credentials()
    port.demux.feed(old, mobile)
    assert port.agent.selected == wifi


def test_silent_pair_loses_its_consent_and_the_one_heard_last_takes_over(port):
    udp, backup, third = ("198.51.100.7", 1), ("198.51.100.7", 2), ("198.51.100.7", 3)
    port.check(third, nominate=False)
    port.check(udp)
    port.agent.authenticated_data(udp, port.now)
    for _ in range(30):
        port.now += 1
        port.check(backup, nominate=False)
        port.agent.expire(port.now)
    assert port.agent.selected == udp
    port.now += 1
    port.agent.expire(port.now)
    assert port.agent.selected == backup
    assert set(port.demux.by_path) == {backup}


def test_path_of_another_agent_cannot_be_taken_while_that_is_heard(port):
    thief = IceAgent(port.demux, port.now)
    port.check()
    for _ in range(40):
        port.now += 1
        port.agent.authenticated_data(BROWSER, port.now)
        assert not port.check(agent=thief)
    assert port.demux.drops["path_taken"] == 40
    assert (port.demux.by_path, thief.selected) == ({BROWSER: port.agent}, None)
    assert port.check()


def test_path_that_has_been_silent_goes_to_who_checks_and_its_owner_forgets_it(port):
    """A NAT gave the address to somebody else."""
    other = IceAgent(port.demux, port.now)
    selections = []
    port.check()
    port.check()  # the pair is known by an equal tuple then
    port.agent.on_selected = lambda: selections.append(port.agent.selected)
    port.now += CONSENT_SECONDS
    assert not port.check(("198.51.100.7", 50000), agent=other)
    port.now += 1
    assert port.check(("198.51.100.7", 50000), agent=other)
    assert (port.demux.by_path, selections) == ({BROWSER: other}, [None])
    port.agent.close()
    assert port.demux.by_path == {BROWSER: other}


def test_path_of_a_closed_agent_is_free_at_once(port):
    """A browser builds its transport anew on the same socket."""
    fresh = IceAgent(port.demux, port.now)
    port.check()
    port.agent.close()
    assert port.check(agent=fresh)
    assert fresh.selected == BROWSER


def test_data_keeps_the_consent_of_a_pair(port):
    port.check()
    for _ in range(60):
        port.now += 1
        port.agent.authenticated_data(BROWSER, port.now)
        port.agent.expire(port.now)
    assert port.agent.selected == BROWSER


def test_when_every_pair_is_silent_they_stay_for_the_check_that_revives(port):
    port.check()
    port.now += 31
    port.agent.expire(port.now)
    assert (port.agent.selected, set(port.demux.by_path)) == (BROWSER, {BROWSER})


def test_endless_restarts_leave_a_few_credentials(port):
    for _ in range(100):
        port.agent.renew_credentials()
    assert len(port.demux.by_ufrag) == MAX_CREDENTIALS
    assert port.check()


def test_closed_agent_answers_nobody(port):
    request = request_for(port.agent)
    port.check()
    port.agent.close()
    port.demux.feed(request, BROWSER)
    assert len(port.sent) == 1
    assert (port.demux.by_ufrag, port.demux.by_path) == ({}, {})


FUZZED = Port()
FUZZED.agent.checks = FUZZED.agent.strange_checks = TokenBucket(1e9, 1e9)  # every case reaches the parser
VECTORS = [request_for(FUZZED.agent), request_for(FUZZED.agent, nominate=False), b"\x00\x01\x00\x00\x21\x12\xa4\x42"]


@pytest.mark.fuzz
@given(data=damaged(VECTORS))
@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_requests_raise_nothing_and_get_no_answer(data):
    before = len(FUZZED.sent)
    FUZZED.demux.feed(data, BROWSER)
    if len(FUZZED.sent) > before:  # damage behind the integrity attribute leaves the request authentic
        assert stun.parse_message(data).check_message_integrity(FUZZED.agent.password.encode())


@pytest.mark.fuzz
@given(data=st.one_of(damaged(VECTORS), st.binary(max_size=1500)))
@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_requests_cost_less_than_a_millisecond(data):
    assert cpu_seconds(lambda: FUZZED.demux.feed(data, BROWSER)) < CPU_LIMIT


def test_longest_attribute_lists_cost_less_than_a_millisecond():
    name = f"{FUZZED.agent.ufrag}:x".encode()
    username = b"\x00\x06" + len(name).to_bytes(2, "big") + name + bytes(-len(name) % 4)
    for filler in (b"\x80\x22\x00\x00", b"\x80\x28\x00\x04" + bytes(4), b"\x00\x08\x00\x00"):
        body = username + filler * ((556 - len(username)) // len(filler))
        data = b"\x00\x01" + len(body).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + bytes(12) + body
        assert cpu_seconds(lambda data=data: FUZZED.demux.feed(data, BROWSER)) < CPU_LIMIT


async def test_stranger_on_the_real_port_hears_nothing(worker):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.settimeout(0.3)
        for data in (b"", b"\x00", bytes(20), b"\x16\xfe\xfd" + bytes(100), b"\x80" * 1500, b"\x80" * 3000):
            stranger.sendto(data, ("127.0.0.1", worker.port))
        with pytest.raises(TimeoutError):
            stranger.recv(2048)
