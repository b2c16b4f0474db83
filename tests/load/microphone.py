"""A microphone that plays a tone: in turns, all the time, or not at all."""

from typing import Any

from tests.load.outgoing import OutgoingStream, Sending, named
from tests.load.voice import LOUD, MURMUR, SILENCE, SILENT_LEVEL, level_of, voice
from tests.media_sfu.peer_media import OPUS

TURN_SECONDS, ROUND_SECONDS = 2.0, 8.0
COMFORT_SECONDS = 0.4  # how often a silent encoder with DTX sends something (RFC 6716 §2.1.9)
LOWEST_HERTZ, STEP_HERTZ = 300, 40


class Microphone:
    """`audio` is "turns" (a murmur between them), "loud" or "silent" (DTX); `speaking` overrides it while not None."""

    interval = 0.02

    def __init__(self, sending: Sending, mid: str, audio: str, number: int) -> None:
        self.mid = mid
        self.stream = OutgoingStream(sending, OPUS, 48_000, named(mid, ""), level=True)
        self.speaking: bool | None = None
        self.due = 0.0
        self._audio = audio
        self._phase = number * 3 % ROUND_SECONDS
        hertz = LOWEST_HERTZ + number % 20 * STEP_HERTZ
        self._sounds = {amplitude: voice(hertz, amplitude) for amplitude in (LOUD, MURMUR)}
        self._position = 0
        self._silent_until = 0.0

    def send(self, seconds: float) -> None:
        self._position += 1
        amplitude = self._amplitude(seconds)
        if amplitude:
            sound = self._sounds[amplitude]
            packet, level = sound[self._position % len(sound)], level_of(amplitude)
        elif seconds < self._silent_until:
            return
        else:
            packet, level = SILENCE, SILENT_LEVEL
            self._silent_until = seconds + COMFORT_SECONDS
        self.stream.send(packet, seconds, marker=False, level=level)

    def report(self, cname: str, seconds: float) -> None:
        self.stream.report(cname, seconds)

    def counters(self) -> dict[str, Any]:
        return {"packets": self.stream.packets, "octets": self.stream.octets}

    def _amplitude(self, seconds: float) -> float:
        speaking = self._audio == "loud"
        if self._audio == "turns":
            speaking = (seconds + self._phase) % ROUND_SECONDS < TURN_SECONDS
        if self.speaking if self.speaking is not None else speaking:
            return LOUD
        return MURMUR if self._audio == "turns" and self.speaking is None else 0.0
