"""A device on a serial port: the reliable messages of :mod:`tinyfl.link.arq` through pyserial."""

from __future__ import annotations

import errno
import os
import secrets
import time
from typing import Any

import serial

from tinyfl.errors import LinkError
from tinyfl.link.arq import Arq, Role
from tinyfl.link.base import check_message
from tinyfl.link.framing import MAX_FRAME_BYTES

MAX_QUEUED = 16
"""Messages a device may leave untaken before the link counts as dead."""
_READ_SECONDS = 0.02
_WRITE_SECONDS = 2.0


class SerialLink:
    """A :class:`tinyfl.link.base.DeviceLink` on a port path or any URL pyserial knows (``socket://host:port``).

    The line is served inside ``send`` and ``receive``: a link nobody asks repeats and acknowledges nothing.
    A port that vanishes raises ``LinkError``; opening it again is the caller's matter.
    """

    def __init__(self, device: str, port: str, *, baud: int = 115200) -> None:
        """Open the port, for this process alone; ``LinkError`` naming it when that fails."""
        self.device = device
        self.port = port
        self.bytes_sent = 0
        self.bytes_received = 0
        self._arq = Arq(Role.GATEWAY, secrets.randbits(32))
        self._serial: Any = None
        try:
            self._serial = serial.serial_for_url(
                port, baud, timeout=_READ_SECONDS, write_timeout=_WRITE_SECONDS, exclusive=True
            )
        except (OSError, ValueError) as error:
            raise LinkError(f"cannot open the serial port {port} of device {device}: {_reason(error)}.") from error

    @property
    def bad_frames(self) -> int:
        """Frames that arrived damaged."""
        return self._arq.bad_frames

    @property
    def repeated_frames(self) -> int:
        """Frames sent that carried something sent before."""
        return self._arq.repeated_frames

    def send(self, message: bytes) -> None:
        """Queue one message and put on the line what it takes now."""
        check_message(message)
        if self._arq.queued >= MAX_QUEUED:
            raise LinkError(f"device {self.device} on {self.port} takes no messages; check that it runs.")
        self._arq.send(message)
        self._serve(self._write)

    def receive(self, timeout: float) -> bytes | None:
        """Serve the line until a message has come or ``timeout`` seconds are over."""
        deadline = time.monotonic() + timeout
        while True:
            self._serve(self._write)
            message = self._arq.take()
            if message is None:
                self._serve(self._read if time.monotonic() < deadline else self._read_ready)
                message = self._arq.take()
            if message is not None:
                self._serve(self._write)  # its acknowledgement
                return message
            if time.monotonic() >= deadline:
                return None

    def close(self) -> None:
        """Give the port back."""
        if self._serial is not None:
            self._serial.close()

    def _serve(self, work: Any) -> None:
        if not self._serial.is_open:
            raise LinkError(f"the link to device {self.device} on {self.port} is closed.")
        try:
            work()
        except (OSError, TypeError) as error:  # pyserial: a TypeError when another thread closed the port
            self.close()
            raise LinkError(
                f"the serial port {self.port} of device {self.device} is gone: {_reason(error)}."
            ) from error

    def _write(self) -> None:
        while getattr(self._serial, "out_waiting", 0) < MAX_FRAME_BYTES:
            frame = self._arq.poll(_now())
            if not frame:
                break
            self._serial.write(frame)
            self.bytes_sent += len(frame)

    def _read(self) -> None:
        self._feed(self._serial.read(1))
        self._read_ready()

    def _read_ready(self) -> None:
        if self._serial.in_waiting:
            self._feed(self._serial.read(self._serial.in_waiting))

    def _feed(self, data: bytes) -> None:
        self.bytes_received += len(data)
        self._arq.feed(data, _now())


def _now() -> int:
    return time.monotonic_ns() // 1_000_000


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EWOULDBLOCK:
        return "another process has it open"
    return os.strerror(number) if number else str(error).rstrip(".")
