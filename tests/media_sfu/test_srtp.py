"""Our call of libsrtp gives what pylibsrtp's own gives."""

import secrets

import pylibsrtp
import pytest

from media_sfu.net.srtp import SrtpSession

KEY = secrets.token_bytes(44)
LONGEST_PLAIN, LONGEST_PROTECTED = 1356, 1500


def session(direction: int) -> pylibsrtp.Session:
    profile = pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM
    return pylibsrtp.Session(pylibsrtp.Policy(key=KEY, ssrc_type=direction, srtp_profile=profile))


def outbound() -> pylibsrtp.Session:
    return session(pylibsrtp.Policy.SSRC_ANY_OUTBOUND)


def inbound() -> pylibsrtp.Session:
    return session(pylibsrtp.Policy.SSRC_ANY_INBOUND)


def plain(sequence: int, size: int = 100) -> bytes:
    return b"\x80\x60" + sequence.to_bytes(2, "big") + bytes(4) + b"SSRC" + secrets.token_bytes(size - 12)


@pytest.mark.parametrize("size", [12, 100, 1100, LONGEST_PLAIN])
def test_protected_packets_are_those_of_pylibsrtp(size: int) -> None:
    packet = plain(1, size)
    assert SrtpSession(outbound()).protect(packet) == outbound().protect(packet)


def test_each_packet_is_a_value_of_its_own() -> None:
    tx, rx = SrtpSession(outbound()), SrtpSession(inbound())
    packets = [plain(number, 20 + number) for number in range(1, 50)]
    protected = [tx.protect(packet) for packet in packets]
    assert [rx.unprotect(data) for data in protected] == packets


def test_forged_and_replayed_packets_are_refused() -> None:
    rx, protected = SrtpSession(inbound()), outbound().protect(plain(1))
    with pytest.raises(pylibsrtp.Error):
        rx.unprotect(protected[:-1] + bytes([protected[-1] ^ 1]))
    rx.unprotect(protected)
    with pytest.raises(pylibsrtp.Error):
        rx.unprotect(protected)


def test_a_packet_longer_than_the_buffer_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        SrtpSession(outbound()).protect(plain(1, LONGEST_PLAIN + 1))
    with pytest.raises(ValueError, match="too long"):
        SrtpSession(inbound()).unprotect(plain(1, LONGEST_PROTECTED + 1))


def test_a_session_lives_as_long_as_it_is_used() -> None:
    tx = SrtpSession(outbound())  # nobody else holds pylibsrtp's object, whose end would free the keys
    assert inbound().unprotect(tx.protect(plain(7)))[2:4] == b"\x00\x07"


def test_rtcp_is_that_of_pylibsrtp() -> None:
    report = b"\x80\xc9\x00\x01SSRC"
    protected = SrtpSession(outbound()).protect_rtcp(report)
    assert protected == outbound().protect_rtcp(report)
    assert SrtpSession(inbound()).unprotect_rtcp(protected) == report
    with pytest.raises(pylibsrtp.Error):
        SrtpSession(inbound()).unprotect_rtcp(protected[:-1] + bytes([protected[-1] ^ 1]))


def test_rtcp_longer_than_the_buffer_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        SrtpSession(outbound()).protect_rtcp(plain(1, LONGEST_PROTECTED))
    with pytest.raises(ValueError, match="too long"):
        SrtpSession(inbound()).unprotect_rtcp(plain(1, LONGEST_PROTECTED + 1))
