"""One direction of the serial link, sending side: a message at a time, in bursts, repeating only what is missing."""

from tinyfl.link.arq_frames import MAX_UNITS, UNIT_BYTES, Ack, Data, units_of
from tinyfl.link.arq_pace import PayloadSize, RoundTrip

_ALL = (1 << MAX_UNITS) - 1
_POLLS = 4


class Sender:
    """Fragments the message it was given and repeats what its peer lacks.

    The last frame of a burst asks for an acknowledgement; the answer's bitmap is the next burst. When no
    answer comes in time only the last missing units are sent again, as a probe. Times are in milliseconds.
    """

    def __init__(self) -> None:
        self.repeated_frames = 0
        self._message: bytes | None = None
        self._deadline = 0
        self._polled_at = [0] * _POLLS
        self.begin(0, 1, 1)

    def begin(self, tag: int, payload_units: int, window_units: int) -> None:
        """Start a session with a peer that takes that many units in a frame and in a burst."""
        self._tag = tag
        self._window = window_units
        self._size = PayloadSize(payload_units)
        self._round_trip = RoundTrip()
        self._number = 0
        self._poll = 0
        self._restart()

    def drop(self) -> None:
        """Forget the message under way."""
        self._message = None

    @property
    def idle(self) -> bool:
        """Whether the last message has arrived (or been dropped) and the next may be loaded."""
        return self._message is None

    @property
    def payload_units(self) -> int:
        """Units the next burst puts into a frame."""
        return self._size.units

    def load(self, message: bytes) -> None:
        """Take the next message to deliver."""
        self._message = message
        self._restart()

    def wait(self, now: int) -> int | None:
        """Milliseconds until ``next_frame`` has something, or None while only an acknowledgement can help."""
        if self._message is None:
            return None
        return 0 if self._burst else max(0, self._deadline - now)

    def next_frame(self, now: int) -> Data | None:
        """Return the next frame to put on the line, or None when it is not time for one."""
        if self._message is None:
            return None
        if not self._burst:
            if now < self._deadline:
                return None
            self._time_out()
        first = (self._burst & -self._burst).bit_length() - 1
        count = _run(self._burst, first, self._burst_units)
        self._burst &= ~_mask(first, count)
        if self._touched & _mask(first, count):
            self.repeated_frames += 1
        self._touched |= _mask(first, count)
        poll = 0
        if not self._burst:
            poll = self._poll = self._poll % 255 + 1
            self._polled_at[poll % _POLLS] = now
            self._deadline = now + self._round_trip.timeout_ms
        begin = first * UNIT_BYTES
        payload = self._message[begin : begin + count * UNIT_BYTES]
        return Data(self._tag, self._number, len(self._message), first, poll, payload)

    def take_ack(self, ack: Ack, now: int) -> None:
        """Learn what has arrived."""
        if self._message is None or ack.number != self._number:
            return
        self._missing &= ~ack.have
        age = (self._poll - ack.poll) % 255
        if ack.poll and age < _POLLS - 1:
            unanswered = self._round_trip.backoff
            self._round_trip.sample(now - self._polled_at[ack.poll % _POLLS])
            if age == 0 and not self._burst:
                self._judge(unanswered)
                self._plan(self._missing)
        self._burst &= self._missing
        if not self._missing:
            self._message = None
            self._number = (self._number + 1) & 0xFFFF

    def _restart(self) -> None:
        self._missing = (1 << units_of(len(self._message))) - 1 if self._message else 0
        self._touched = 0
        self._unjudged = 0
        self._deadline = 0
        self._plan(self._missing)

    def _plan(self, units: int) -> None:
        """Make the first ``window`` of ``units`` the next burst."""
        planned = 0
        for _ in range(self._window):
            planned |= units & -units
            units &= units - 1 if units else 0
        self._burst = planned
        self._unjudged |= planned
        self._burst_units = self._size.units

    def _time_out(self) -> None:
        self._round_trip.timed_out()
        if self._round_trip.backoff > 1:  # once may be an acknowledgement that is merely late
            self._size.record(self._burst_units * UNIT_BYTES, lost=True)
        size = self._size.units
        last = self._missing.bit_length() - 1
        first = last
        while first > 0 and last - first + 1 < size and self._missing >> (first - 1) & 1:
            first -= 1
        self._plan(_mask(first, last - first + 1))

    def _judge(self, unanswered: int) -> None:
        """Count the frames sent since the last judgement; ``unanswered`` timeouts went before its answer."""
        if unanswered == 1:
            self._size.record(self._burst_units * UNIT_BYTES, lost=True)
        units, self._unjudged = self._unjudged, 0
        while units:
            first = (units & -units).bit_length() - 1
            count = _run(units, first, self._burst_units)
            units &= ~_mask(first, count)
            self._size.record(count * UNIT_BYTES, lost=bool(self._missing & _mask(first, count)))


def _mask(first: int, count: int) -> int:
    return ((1 << count) - 1) << first & _ALL


def _run(units: int, first: int, limit: int) -> int:
    count = 1
    while count < limit and units >> (first + count) & 1:
        count += 1
    return count
