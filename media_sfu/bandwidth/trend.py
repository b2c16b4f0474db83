"""Whether a queue on the way to the receiver grows: the trendline filter of Google Congestion Control.

Source: draft-ietf-rmcat-gcc-02 sections 4.1–4.4 and libwebrtc's `trendline_estimator`, from where the constants come.
Times are seconds, delays milliseconds.
"""

from collections import deque
from collections.abc import Sequence
from enum import Enum

from media_sfu.bandwidth.history import Arrived

GROUP_SECONDS = 0.005
"""Packets sent within so long travel as one group."""
WINDOW = 20  # groups
SMOOTHING = 0.9
GAIN = 4.0
MOST_DELTAS = 60
OVERUSE_SECONDS = 0.010
THRESHOLD = 12.5  # ms
LOWEST, HIGHEST = 6.0, 600.0
RISE, FALL = 0.0087, 0.039
"""How fast the threshold follows the trend, per millisecond."""
OUTLIER = 15.0
LEAST_QUEUE, MOST_QUEUE = 20.0, 100.0
"""Milliseconds above the least delay of late: a shorter queue is one frame's, or a busy machine's, and none to act on.
In between, how much the delay varies from one group to the next decides, NOISES times."""
NOISES = 2.5
FLOOR_SECONDS = 10.0
LEAST_SPREAD = 1e-3  # ms²: below it is rounding
REACH = 5000.0  # ms
NEVER = float("-inf")


class Usage(Enum):
    """How the link is used. UNDER: a queue drains."""

    NORMAL = "normal"
    OVER = "over"
    UNDER = "under"


class Floor:
    """The least value of the last 10 to 20 seconds: the clocks of both ends drift apart."""

    __slots__ = ("_before", "_least", "_since")

    def __init__(self) -> None:
        self._least = self._before = float("inf")
        self._since = float("-inf")

    def above(self, value: float, now: float) -> float:
        """Take a value; gives how far it lies above the least."""
        if abs(now - self._since) > FLOOR_SECONDS:  # a clock that was set back would never get there
            self._before, self._least, self._since = self._least, value, now
        elif value < self._least:
            self._least = value
        return value - (self._least if self._least < self._before else self._before)


class Line:
    """Least squares through the newest WINDOW points, from running sums: it is asked for a hundred times a second.

    The sums are relative to a point of late and are made anew when that is REACH away, so that rounding does not pile
    up.
    """

    __slots__ = ("_origin", "_points", "_x", "_xx", "_xy", "_y")

    def __init__(self) -> None:
        self._points: deque[tuple[float, float]] = deque()
        self._origin = (NEVER, 0.0)
        self._x = self._y = self._xx = self._xy = 0.0

    def slope_with(self, x: float, y: float) -> float | None:
        """Take a point. Gives milliseconds of delay per millisecond, 0 when all points lie at one time; None before
        there are WINDOW.
        """
        points = self._points
        if len(points) == WINDOW:
            self._leave(*points.popleft())
        points.append((x, y))
        if -REACH < x - self._origin[0] < REACH:
            self._enter(x, y)
        else:
            self._move()
        return self._slope() if len(points) == WINDOW else None

    def _enter(self, x: float, y: float) -> None:
        x, y = x - self._origin[0], y - self._origin[1]
        self._x += x
        self._y += y
        self._xx += x * x
        self._xy += x * y

    def _leave(self, x: float, y: float) -> None:
        x, y = x - self._origin[0], y - self._origin[1]
        self._x -= x
        self._y -= y
        self._xx -= x * x
        self._xy -= x * y

    def _move(self) -> None:
        self._origin = self._points[-1]
        self._x = self._y = self._xx = self._xy = 0.0
        for point in self._points:
            self._enter(*point)

    def _slope(self) -> float:
        spread = self._xx - self._x * self._x / WINDOW
        return (self._xy - self._x * self._y / WINDOW) / spread if spread > LEAST_SPREAD else 0.0


class DelayTrend:
    """Takes the packets that arrived, in the order of sending; `usage` is the present judgement."""

    __slots__ = (
        "_accumulated", "_before", "_deltas", "_first_sent", "_floor", "_last_arrived", "_last_sent", "_line", "_noise",
        "_overusing_for",
        "_queue_since", "_queue_until", "_smoothed", "_threshold", "_trend", "_updated_at", "usage",
    )  # fmt: skip

    def __init__(self) -> None:
        self.usage = Usage.NORMAL
        self._before: tuple[float, float] | None = None  # the last group's last packet: sent, arrived
        self._first_sent = self._last_sent = self._last_arrived = NEVER  # the present group's
        self._line = Line()  # through arrival (ms), smoothed delay (ms)
        self._accumulated = self._smoothed = self._trend = 0.0
        self._deltas = 0
        self._noise = 0.0
        self._floor = Floor()
        self._queue_since = self._queue_until = 0.0
        self._threshold = THRESHOLD
        self._overusing_for = -1.0  # s; negative: not overusing
        self._updated_at = -1.0

    @property
    def queue_seconds(self) -> float:
        """For how long packets have been waiting somewhere; 0: they do not."""
        return self._queue_until - self._queue_since

    def take(self, came: Sequence[Arrived]) -> None:
        """Packets that arrived. What is sent within GROUP_SECONDS travels as one group."""
        for sent_at, _, arrived in came:
            if sent_at - self._first_sent > GROUP_SECONDS:
                self._end_group()
                self._first_sent = self._last_sent = sent_at
                self._last_arrived = arrived
                continue
            if sent_at > self._last_sent:
                self._last_sent = sent_at
            if arrived > self._last_arrived:
                self._last_arrived = arrived

    def _end_group(self) -> None:
        if self._before is not None:
            self._compare(*self._before, self._last_sent, self._last_arrived)
        self._before = (self._last_sent, self._last_arrived) if self._first_sent > NEVER else None

    def _compare(self, sent_before: float, arrived_before: float, last_sent: float, last_arrived: float) -> None:
        """A group with the one before it."""
        sent, arrived = (last_sent - sent_before) * 1000, (last_arrived - arrived_before) * 1000
        if arrived < 0:  # reordered, or the receiver's clock jumped
            return
        if self._deltas < MOST_DELTAS:
            self._deltas += 1
        self._accumulated += arrived - sent
        self._noise += (abs(arrived - sent) - self._noise) / WINDOW
        smoothed = self._smoothed = SMOOTHING * self._smoothed + (1 - SMOOTHING) * self._accumulated
        self._time_queue(self._floor.above(smoothed, last_arrived), last_arrived)
        slope = self._line.slope_with(last_arrived * 1000, smoothed)
        self._judge(self._trend if slope is None else slope, sent / 1000, last_arrived)

    def _time_queue(self, queue: float, now: float) -> None:
        """`queue`: ms above the least delay of late."""
        if queue <= LEAST_QUEUE or queue <= min(MOST_QUEUE, NOISES * self._noise):
            self._queue_since = now
        self._queue_until = now

    def _judge(self, trend: float, elapsed: float, now: float) -> None:
        modified = self._deltas * trend * GAIN
        if modified > self._threshold:
            self._overusing_for = elapsed / 2 if self._overusing_for < 0 else self._overusing_for + elapsed
            if self.queue_seconds and self._overusing_for > OVERUSE_SECONDS and trend >= self._trend:
                self._overusing_for = 0.0
                self.usage = Usage.OVER
        else:
            self._overusing_for = -1.0
            self.usage = Usage.UNDER if modified < -self._threshold else Usage.NORMAL
        self._trend = trend
        self._follow(abs(modified), now)

    def _follow(self, size: float, now: float) -> None:
        """Adapt the threshold to the size of the trend, so that competing traffic does not starve us."""
        elapsed, self._updated_at = now - self._updated_at if self._updated_at >= 0 else 0.0, now
        distance = size - self._threshold
        if distance <= OUTLIER:
            gain = FALL if distance < 0 else RISE
            threshold = self._threshold + gain * distance * (elapsed if elapsed < 0.1 else 0.1) * 1000
            self._threshold = LOWEST if threshold < LOWEST else HIGHEST if threshold > HIGHEST else threshold
