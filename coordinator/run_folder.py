"""The files of a run that goes through Flower: what the coordinator's process and the one that waits for it share."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RunFolder:
    """Where a run keeps its files."""

    path: Path

    @property
    def plan(self) -> Path:
        """The plan, written before the start."""
        return self.path / "plan.npz"

    @property
    def checkpoint(self) -> Path:
        """The state after the last closed round; the result once finished."""
        return self.path / "checkpoint.npz"

    @property
    def _status(self) -> Path:
        return self.path / "coordinator.json"

    def write_status(self, state: str, message: str = "") -> None:
        """Say ``running``, ``finished`` or ``failed``, replacing the file in one step."""
        part = self._status.with_suffix(".part")
        part.write_text(json.dumps({"state": state, "message": message, "pid": os.getpid()}), encoding="utf-8")
        part.replace(self._status)

    def read_status(self) -> dict[str, Any]:
        """What was last said; empty before the coordinator has started."""
        if not self._status.exists():
            return {}
        return dict(json.loads(self._status.read_text(encoding="utf-8")))

    def forget_status(self) -> None:
        """Remove what an earlier coordinator said."""
        self._status.unlink(missing_ok=True)
