"""Reading a stream header bit by bit, for keyframes only: a few dozen bits of a bounded piece."""

from media_sfu.codecs.codec import CodecError


class Bits:
    """Most significant bit first. Reading beyond the end raises CodecError."""

    __slots__ = ("_left", "_value")

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        """The next `count` bits as a number."""
        self._left -= count
        if self._left < 0:
            raise CodecError("header beyond the end")
        return self._value >> self._left & (1 << count) - 1

    def exp_golomb(self) -> int:
        """ue(v) of H.264 (ITU-T H.264 section 9.1), of at most 32 bits."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 31:
                raise CodecError("number too large")
        return (1 << zeros) - 1 + self.take(zeros)
