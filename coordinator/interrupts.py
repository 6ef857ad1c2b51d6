"""Interrupts while there are processes to be ended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def one_interrupt() -> Iterator[None]:
    """In the block Ctrl-C, SIGTERM and a closed terminal raise KeyboardInterrupt, once.

    What comes after the first is ignored: nothing keeps the program from tidying up and ending. Outside the main
    thread, which alone gets signals, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    earlier = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is interrupt:
            for number, handler in earlier.items():
                signal.signal(number, handler)


@contextmanager
def held_interrupts() -> Iterator[None]:
    """In the block the signals wait; at its end they do what they do outside.

    For a process that starts and the assignment that remembers it: an interrupt between them would leave it to
    nobody. Outside the main thread, which alone gets signals, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    earlier = {n: signal.signal(n, lambda number, _frame: waiting.append(number)) for n in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
        for held in waiting:
            signal.raise_signal(held)
