"""One run at a time writes to a folder."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinyfl.errors import ScenarioError


@contextmanager
def only_run_in(folder: Path) -> Iterator[None]:
    """Make the folder and keep other runs out of it during the block; ScenarioError if one is in it.

    The operating system gives the lock back when this process ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ScenarioError(
                f"another run is writing to {folder}; wait for its end or choose another --out"
            ) from error
        yield
