"""Keeps the processes of an emulated fleet alive: started together, again when they die, all gone at the end."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from coordinator.interrupts import held_interrupts
from coordinator.processes import ProcessGroup, end
from tinyfl.errors import RunError

POLL_SECONDS = 0.1
MAX_RESTARTS = 20
QUICK_DEATH_SECONDS = 2.0
"""A process that dies so soon after its start, three times in a row, will not live: starting it again is no help."""


@dataclass
class Supervised:
    """One process that should live as long as the fleet; its output goes to ``log``."""

    name: str
    command: tuple[str, ...]
    log: Path
    process: ProcessGroup | None = None
    restarts: int = 0
    quick_deaths: int = 0
    started: float = 0.0

    def start(self) -> None:
        """Start it, in a group of its own: an interrupt at the terminal reaches the supervisor alone."""
        with held_interrupts():
            self.process = ProcessGroup(self.command, self.log)
        self.started = time.monotonic()

    def last_words(self) -> str:
        """The last line of its log."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


@dataclass
class Supervisor:
    """A context manager: everything runs inside the block and is ended with it, whatever happens."""

    members: list[Supervised]
    events: list[str] = field(default_factory=list)
    failed: str | None = None

    def __enter__(self) -> Supervisor:
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._watch = threading.Thread(target=self._keep_alive, name="supervisor", daemon=True)
        try:
            for member in self.members:
                member.start()
        except BaseException as error:
            self._end_all()
            if isinstance(error, OSError):
                raise RunError(f"{member.name} cannot be started ({error}); look at {member.log}") from error
            raise
        self._watch.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._watch.join()
        self._end_all()

    def check(self) -> None:
        """Raise RunError if a process cannot be kept alive."""
        if self.failed is not None:
            raise RunError(self.failed)

    def _keep_alive(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            for member in self.members:
                with self._lock:
                    self._revive(member)

    def _revive(self, member: Supervised) -> None:
        code = member.process.exit_code() if member.process else None
        if code is None or self.failed is not None:
            return
        quick = time.monotonic() - member.started < QUICK_DEATH_SECONDS
        member.quick_deaths = member.quick_deaths + 1 if quick else 0
        if member.quick_deaths >= 3 or member.restarts >= MAX_RESTARTS:
            self.failed = f"{member.name} does not stay alive ({member.last_words()}); look at {member.log}"
            return
        member.restarts += 1
        try:
            member.start()
        except OSError as error:
            self.failed = f"{member.name} {_how(code)} and cannot be started again ({error}); look at {member.log}"
            return
        self.events.append(f"{member.name} {_how(code)} and was started again")

    def _end_all(self) -> None:
        end([m.process for m in self.members if m.process is not None])


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    known = {int(s): s.name for s in signal.Signals}
    return f"was ended by {known.get(-code, f'signal {-code}')}"
