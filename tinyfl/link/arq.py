"""Reliable messages over a line that loses, alters, repeats and reorders bytes; knows neither port nor clock.

The gateway opens sessions, the device follows. Every loss of state on either side ends in a session whose tag
was never used before, so nothing of an earlier session can be taken for the present one (docs/SPEC.md).
"""

import enum
from collections import deque

from tinyfl.link.arq_frames import (
    MAX_PAYLOAD_UNITS,
    MAX_UNITS,
    Accept,
    Ack,
    Boot,
    Data,
    Frame,
    Open,
    Reset,
    pack,
    unpack,
)
from tinyfl.link.arq_receiver import Receiver
from tinyfl.link.arq_sender import Sender
from tinyfl.link.base import check_message
from tinyfl.link.framing import FrameDecoder, encode_frame

FIRST_RETRY_MS = 250
MAX_RETRY_MS = 2000
_REPLY_ORDER: tuple[type[Frame], ...] = (Accept, Reset, Ack, Open)


class Role(enum.Enum):
    """Which end of the line this is."""

    GATEWAY = "gateway"
    DEVICE = "device"


class Arq:
    """One end of a serial link.

    Feed it what the line brings and put on the line what ``poll`` gives; ``now`` is any millisecond clock that
    never goes back. Messages sent before a session stands wait for it; a session's end drops what is under way.
    """

    def __init__(
        self, role: Role, seed: int, *, payload_units: int = MAX_PAYLOAD_UNITS, window_units: int = MAX_UNITS
    ) -> None:
        """Start anew; ``seed`` must differ from that of earlier starts, or their frames may be taken for ours."""
        self._role = role
        self._seed = seed
        self._limits = (payload_units, window_units)
        self._decoder = FrameDecoder()
        self._sender = Sender()
        self._receiver = Receiver()
        self._inbox: deque[bytes] = deque()
        self._outbox: deque[bytes] = deque()
        self._replies: dict[type[Frame], Frame] = {}
        self._identities = 0
        self._session = self._identity() if role is Role.GATEWAY else 0
        self._boot = self._identity() if role is Role.DEVICE else 0
        self._peer_boot = 0
        self._device = 0
        self._tag: int | None = None
        self.sessions = 0
        """Sessions established so far."""
        self._knock_at = 0
        self._knock_interval = FIRST_RETRY_MS

    @property
    def queued(self) -> int:
        """Messages given to ``send`` that have not arrived yet."""
        return len(self._outbox) + (not self._sender.idle)

    @property
    def bad_frames(self) -> int:
        """Frames dropped because they were damaged."""
        return self._decoder.bad_frames

    @property
    def repeated_frames(self) -> int:
        """DATA frames sent that carried something sent before."""
        return self._sender.repeated_frames

    @property
    def payload_units(self) -> int:
        """Units of 32 bytes the next frames carry, as learnt from the error rate."""
        return self._sender.payload_units

    def send(self, message: bytes) -> None:
        """Queue a message of 1..1024 bytes."""
        check_message(message)
        self._outbox.append(message)

    def take(self) -> bytes | None:
        """Return the next message that has arrived, or None."""
        return self._inbox.popleft() if self._inbox else None

    def feed(self, data: bytes, now: int) -> None:
        """Take bytes from the line."""
        for body in self._decoder.feed(data):
            frame = unpack(body)
            if frame is None:
                continue
            if isinstance(frame, Data | Ack):
                self._take_traffic(frame, now)
            elif self._role is Role.GATEWAY:
                self._follow_device(frame)
            else:
                self._follow_gateway(frame)

    def poll(self, now: int) -> bytes:
        """Return the next frame to put on the line, or nothing."""
        frame = self._next_frame(now)
        return encode_frame(pack(frame)) if frame else b""

    def wait(self, now: int) -> int | None:
        """Milliseconds until ``poll`` has something again unless bytes arrive first; None for never."""
        if self._replies:
            return 0
        if self._tag is None:
            if self._knock_interval == FIRST_RETRY_MS:
                return 0
            knocking = self._role is Role.GATEWAY or self._outbox
            return max(0, self._knock_at - now) if knocking else None
        if self._sender.idle and self._outbox:
            return 0
        return self._sender.wait(now)

    def _next_frame(self, now: int) -> Frame | None:
        for kind in _REPLY_ORDER:
            if kind in self._replies:
                return self._replies.pop(kind)
        if self._tag is None:
            return self._knock(now)
        if self._sender.idle and self._outbox:
            self._sender.load(self._outbox.popleft())
        return self._sender.next_frame(now)

    def _knock(self, now: int) -> Frame | None:
        if self.wait(now) != 0:
            return None
        self._knock_at = now + self._knock_interval
        self._knock_interval = min(2 * self._knock_interval, MAX_RETRY_MS)
        return Open(self._session, *self._limits) if self._role is Role.GATEWAY else Boot(self._boot)

    def _take_traffic(self, frame: Data | Ack, now: int) -> None:
        if frame.tag != self._tag:
            self._doubt(frame.tag)
        elif isinstance(frame, Ack):
            self._sender.take_ack(frame, now)
        else:
            message, ack = self._receiver.take(frame)
            if message is not None:
                self._inbox.append(message)
            if ack is not None:
                self._replies[Ack] = ack

    def _follow_device(self, frame: Frame) -> None:
        match frame:
            case Accept():
                if frame.session != self._session:
                    self._doubt(frame.session)
                elif self._tag is None:
                    self._device, self._peer_boot = frame.device, frame.boot
                    self._establish(frame.payload_units, frame.window_units)
                elif frame.device != self._device:
                    self._reopen()
            case Boot() if self._tag is None:
                self._knock_interval = FIRST_RETRY_MS
            case Boot() if frame.boot != self._peer_boot:
                self._reopen()
            case Reset() if frame.tag == self._tag:
                self._reopen()

    def _follow_gateway(self, frame: Frame) -> None:
        if not isinstance(frame, Open):
            return
        if self._tag is None or frame.session != self._session:
            if self._tag is not None:
                self._drop()
            self._session, self._device = frame.session, self._identity()
            self._establish(frame.payload_units, frame.window_units)
        self._replies[Accept] = Accept(self._session, self._device, self._boot, *self._limits)

    def _doubt(self, tag: int) -> None:
        """Find out whether the other end still has our session, having met a frame of another one."""
        if self._role is Role.DEVICE:
            self._replies[Reset] = Reset(tag)
        elif self._tag is not None:
            self._replies[Open] = Open(self._session, *self._limits)

    def _reopen(self) -> None:
        self._drop()
        self._tag = None
        self._session = self._identity()
        self._knock_interval = FIRST_RETRY_MS

    def _drop(self) -> None:
        self._sender.drop()
        self._outbox.clear()
        self._replies.clear()

    def _establish(self, payload_units: int, window_units: int) -> None:
        self._tag = (self._session + self._device) & 0xFFFFFFFF
        self.sessions += 1
        self._sender.begin(self._tag, min(payload_units, self._limits[0]), window_units)
        self._receiver.begin(self._tag)

    def _identity(self) -> int:
        """Return a number neither this start nor, by its seed, an earlier one has used; never 0."""
        self._identities += 1
        x = (self._seed + self._identities * 0x9E3779B9) & 0xFFFFFFFF
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            x = (x ^ x >> shift) * factor & 0xFFFFFFFF
        return (x ^ x >> 16) or 1
