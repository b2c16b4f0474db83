"""SRTP by libsrtp, in place in the buffer that pylibsrtp keeps for each session.

pylibsrtp's own methods allocate a length for every packet and go through three Python calls; these
make the same call of libsrtp with one length for the session, for two thirds of the time (docs/performance.md).
`tests/media_sfu/test_srtp.py` compares them, and notices when a new pylibsrtp lacks the private names used here.
"""

from collections.abc import Callable

import pylibsrtp
from pylibsrtp import ERRORS, SRTP_MAX_SRTCP_TRAILER_LEN, SRTP_MAX_TRAILER_LEN
from pylibsrtp._binding import ffi, lib


class SrtpSession:
    """One direction of one transport. Its methods raise pylibsrtp.Error, and ValueError for a packet too long."""

    __slots__ = (
        "_buffer",
        "_context",
        "_length",
        "_memory",
        "_session",
        "_size",
        "remove_stream",
    )

    def __init__(self, session: pylibsrtp.Session) -> None:
        self._session = session  # owns the memory that the others point into
        self._context, self._memory, self._buffer = session._srtp[0], session._cdata, session._buffer
        self._size = len(session._cdata)
        self._length = ffi.new("int *")
        self.remove_stream = session.remove_stream

    def protect(self, plain: bytes) -> bytes:
        """Give the SRTP packet of an RTP packet. The same as `_process`, without its call for each packet out."""
        size, length, buffer = len(plain), self._length, self._buffer
        if size > self._size - SRTP_MAX_TRAILER_LEN:
            raise ValueError("packet is too long")
        length[0] = size
        buffer[0:size] = plain
        status = lib.srtp_protect(self._context, self._memory, length)
        if status:
            raise pylibsrtp.Error(ERRORS[status])
        return buffer[0 : length[0]]  # type: ignore[no-any-return]

    def unprotect(self, data: bytes) -> bytes:
        """Verify an SRTP packet and give the RTP packet."""
        return self._process(data, lib.srtp_unprotect, self._size)

    def protect_rtcp(self, plain: bytes) -> bytes:
        """Give the SRTCP packet of a compound RTCP packet."""
        return self._process(plain, lib.srtp_protect_rtcp, self._size - SRTP_MAX_SRTCP_TRAILER_LEN)

    def unprotect_rtcp(self, data: bytes) -> bytes:
        """Verify an SRTCP packet and give the compound RTCP packet."""
        return self._process(data, lib.srtp_unprotect_rtcp, self._size)

    def _process(self, data: bytes, work: Callable[..., int], room: int) -> bytes:
        size, length, buffer = len(data), self._length, self._buffer
        if size > room:
            raise ValueError("packet is too long")
        length[0] = size
        buffer[0:size] = data
        status = work(self._context, self._memory, length)
        if status:
            raise pylibsrtp.Error(ERRORS[status])
        return buffer[0 : length[0]]  # type: ignore[no-any-return]
