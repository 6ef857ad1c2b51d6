"""Frames on a byte line: CRC-32 behind the body, COBS around both, a zero byte after each (docs/SPEC.md)."""

import zlib
from dataclasses import dataclass, field

from cobs import cobs

MAX_BODY_BYTES = 203
"""The longest frame body: a DATA frame with 192 bytes of payload."""
MAX_FRAME_BYTES = MAX_BODY_BYTES + 4 + 1 + 1
"""The same frame on the line: CRC, COBS overhead, delimiter."""


def encode_frame(body: bytes) -> bytes:
    """Return ``body`` (1..``MAX_BODY_BYTES``) as it goes over the line, delimiter included."""
    if not 0 < len(body) <= MAX_BODY_BYTES:
        raise ValueError(f"a frame body has 1 to {MAX_BODY_BYTES} bytes, not {len(body)}")
    return cobs.encode(body + zlib.crc32(body).to_bytes(4, "little")) + b"\0"


@dataclass(slots=True)
class FrameDecoder:
    """Feeds on bytes in pieces of any size and gives back the bodies of intact frames; the rest is dropped."""

    bad_frames: int = 0
    """Frames dropped so far because they were too long, not COBS, or had a wrong CRC."""
    _pending: bytearray = field(default_factory=bytearray)
    _overlong: bool = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes from the line and return the bodies of the frames they complete."""
        bodies: list[bytes] = []
        *complete, rest = data.split(b"\0")
        for piece in complete:
            self._append(piece)
            body = self._finish()
            if body is not None:
                bodies.append(body)
        self._append(rest)
        return bodies

    def _append(self, piece: bytes) -> None:
        if self._overlong or len(self._pending) + len(piece) >= MAX_FRAME_BYTES:
            self._overlong = True
        else:
            self._pending += piece

    def _finish(self) -> bytes | None:
        encoded, overlong = bytes(self._pending), self._overlong
        self._pending.clear()
        self._overlong = False
        if not encoded and not overlong:
            return None  # delimiters next to each other: an idle line, not an error
        body = None if overlong else _decode(encoded)
        if body is None:
            self.bad_frames += 1
        return body


def _decode(encoded: bytes) -> bytes | None:
    try:
        decoded = cobs.decode(encoded)
    except cobs.DecodeError:
        return None
    body, crc = decoded[:-4], decoded[-4:]
    if not body or zlib.crc32(body).to_bytes(4, "little") != crc:
        return None
    return body
