"""One direction of the serial link, receiving side: puts one message at a time together from its units."""

from tinyfl.link.arq_frames import MAX_UNITS, UNIT_BYTES, Ack, Data, units_of

_ALL = (1 << MAX_UNITS) - 1


class Receiver:
    """Reassembles messages in order, each once, whatever is repeated or overtaken on the line."""

    def __init__(self) -> None:
        self.begin(0)

    def begin(self, tag: int) -> None:
        """Start a session; a message half received is forgotten."""
        self._tag = tag
        self._number = 0
        self._have = 0
        self._buffer = bytearray()

    def take(self, frame: Data) -> tuple[bytes | None, Ack | None]:
        """Take a frame of the session; return the message it completes and the acknowledgement it is due."""
        behind = (self._number - frame.number) & 0xFFFF
        if behind:
            repeated = behind < 0x8000
            return None, Ack(self._tag, frame.number, frame.poll, _ALL) if repeated and frame.poll else None
        if self._have == 0:
            self._buffer = bytearray(frame.length)
        elif len(self._buffer) != frame.length:
            return None, None
        begin = frame.first * UNIT_BYTES
        self._buffer[begin : begin + len(frame.payload)] = frame.payload
        self._have |= ((1 << units_of(len(frame.payload))) - 1) << frame.first
        ack = Ack(self._tag, self._number, frame.poll, self._have)
        if self._have != (1 << units_of(frame.length)) - 1:
            return None, ack if frame.poll else None
        message = bytes(self._buffer)
        self._number = (self._number + 1) & 0xFFFF
        self._have = 0
        return message, ack
