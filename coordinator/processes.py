"""A process with all its children, ended together."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

STOP_SECONDS = 5.0


class ProcessGroup:
    """A program in a process group of its own, which a terminal's interrupt does not reach."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        """Start it; what it and its children print goes to ``log``."""
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
            )

    def runs(self) -> bool:
        """Whether the program itself still runs."""
        return self._process.poll() is None

    def end(self) -> None:
        """End the whole group, by force where asking does not help."""
        end(lambda number: os.killpg(self._process.pid, number), self._lives)

    def _lives(self) -> bool:
        self._process.poll()  # or its remains would count
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, 0)
            return True
        return False


def alive(pid: int) -> bool:
    """Whether a process of that number exists."""
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def end(send: Callable[[int], None], lives: Callable[[], bool]) -> None:
    """Ask with SIGTERM, then force with SIGKILL what ``lives`` after a few seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not lives():
            return
        with suppress(ProcessLookupError):
            send(number)
        deadline = time.monotonic() + STOP_SECONDS
        while lives() and time.monotonic() < deadline:
            time.sleep(0.02)
