"""The six frames of the serial link's reliable messages, byte by byte as in docs/SPEC.md."""

import struct
from dataclasses import dataclass

UNIT_BYTES = 32
"""Messages are counted, acknowledged and repeated in units of this many bytes."""
MAX_UNITS = 32
MAX_PAYLOAD_UNITS = 6


@dataclass(frozen=True, slots=True)
class Open:
    """Gateway to device: begin session ``session``; a frame to me may carry so much, so many units at once."""

    session: int
    payload_units: int
    window_units: int


@dataclass(frozen=True, slots=True)
class Accept:
    """Device to gateway: session begun; ``tag`` of its frames is ``session + device`` modulo 2**32."""

    session: int
    device: int
    boot: int
    payload_units: int
    window_units: int


@dataclass(frozen=True, slots=True)
class Boot:
    """Device to gateway: I started anew and have no session."""

    boot: int


@dataclass(frozen=True, slots=True)
class Reset:
    """Device to gateway: I know nothing of the session whose frames carry ``tag``."""

    tag: int


@dataclass(frozen=True, slots=True)
class Data:
    """Consecutive units of message ``number``, beginning with unit ``first``."""

    tag: int
    number: int
    length: int
    """bytes of the whole message"""
    first: int
    poll: int
    """0, or the number an acknowledgement shall echo"""
    payload: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """What has arrived of message ``number``: bit ``i`` of ``have`` is unit ``i``."""

    tag: int
    number: int
    poll: int
    have: int


Frame = Open | Accept | Boot | Reset | Data | Ack

_VERSION = 0x10
_FIXED: dict[int, tuple[type[Open] | type[Accept] | type[Boot] | type[Reset] | type[Ack], struct.Struct]] = {
    _VERSION | 1: (Open, struct.Struct("<IBB")),
    _VERSION | 2: (Accept, struct.Struct("<IIIBB")),
    _VERSION | 3: (Boot, struct.Struct("<I")),
    _VERSION | 4: (Reset, struct.Struct("<I")),
    _VERSION | 6: (Ack, struct.Struct("<IHBI")),
}
_KINDS = {frame_type: (kind, layout) for kind, (frame_type, layout) in _FIXED.items()}
_DATA = _VERSION | 5
_DATA_HEADER = struct.Struct("<IHHBB")


def units_of(length: int) -> int:
    """Return how many units a message of ``length`` bytes has; the last may be short."""
    return -(-length // UNIT_BYTES)


def pack(frame: Frame) -> bytes:
    """Return the frame's body."""
    if isinstance(frame, Data):
        header = _DATA_HEADER.pack(frame.tag, frame.number, frame.length, frame.first, frame.poll)
        return bytes([_DATA]) + header + frame.payload
    kind, layout = _KINDS[type(frame)]
    return bytes([kind]) + layout.pack(*(getattr(frame, name) for name in frame.__slots__))


def unpack(body: bytes) -> Frame | None:
    """Return the frame in ``body``, or None when it is of no known kind or breaks its kind's rules."""
    if body[0] == _DATA:
        return _unpack_data(body)
    kind = _FIXED.get(body[0])
    if kind is None or len(body) != 1 + kind[1].size:
        return None
    frame = kind[0](*kind[1].unpack_from(body, 1))
    if isinstance(frame, Open | Accept) and not (
        1 <= frame.payload_units <= MAX_PAYLOAD_UNITS and 1 <= frame.window_units <= MAX_UNITS
    ):
        return None
    return frame


def _unpack_data(body: bytes) -> Data | None:
    start = 1 + _DATA_HEADER.size
    if len(body) <= start:
        return None
    tag, number, length, first, poll = _DATA_HEADER.unpack_from(body, 1)
    frame = Data(tag, number, length, first, poll, body[start:])
    begin = frame.first * UNIT_BYTES
    end = begin + len(frame.payload)
    if not (0 < frame.length <= UNIT_BYTES * MAX_UNITS and end <= frame.length):
        return None
    if end != frame.length and len(frame.payload) % UNIT_BYTES:
        return None
    return frame
