"""The signals that ask a process to stop, as something to wait for."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def stop_signals() -> Iterator[int]:
    """Give a descriptor that becomes readable when SIGTERM or SIGINT has come."""
    readable, writable = os.pipe()

    def stop(_number: int, _frame: FrameType | None) -> None:
        os.write(writable, b"\0")

    earlier = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield readable
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
        os.close(readable)
        os.close(writable)
