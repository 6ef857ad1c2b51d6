"""Processes with all their children, ended together."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

STOP_SECONDS = 5.0


class Endable(Protocol):
    """What ``end`` can end."""

    def lives(self) -> bool:
        """Whether anything of it still runs."""
        ...

    def send(self, number: int) -> None:
        """Send a signal to all of it."""
        ...


class ProcessGroup:
    """A program in a process group of its own, which a terminal's interrupt does not reach."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        """Start it; what it and its children print goes to ``log``. The environment is ours unless given."""
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if environment is None else dict(environment),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Number of the program's process."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """The program's exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def lives(self) -> bool:
        """Whether the program or one of its children runs."""
        self._process.poll()  # or its remains would count
        with suppress(ProcessLookupError):
            os.killpg(self.pid, 0)
            return True
        return False

    def send(self, number: int) -> None:
        """Send a signal to the program and its children."""
        os.killpg(self.pid, number)


class ProcessNumber:
    """A process that somebody else started."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def lives(self) -> bool:
        """Whether a process of that number exists."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, 0)
            return True
        return False

    def send(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)


def end(processes: Sequence[Endable]) -> None:
    """Ask all at once with SIGTERM, then force with SIGKILL what lives after a few seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        living = [p for p in processes if p.lives()]
        for process in living:
            with suppress(ProcessLookupError):
                process.send(number)
        deadline = time.monotonic() + STOP_SECONDS
        while any(p.lives() for p in living) and time.monotonic() < deadline:
            time.sleep(0.02)
