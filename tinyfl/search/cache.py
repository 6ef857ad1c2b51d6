"""What was measured before, on this machine: one file for each network, samples and way of measuring."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tinyfl.boards.build_cache import cache_dir
from tinyfl.compiler.identity import feed
from tinyfl.errors import ToolError
from tinyfl.search.space import Candidate, Measured


class MeasuredBefore:
    """Candidates and what they reached; ``content`` is all that a measurement depends on."""

    def __init__(self, content: list[Any]) -> None:
        digest = hashlib.sha256()
        feed(digest, content)
        self._file = cache_dir() / "search" / f"{digest.hexdigest()[:32]}.json"
        self._rows: dict[str, Measured] = {}
        try:
            rows = json.loads(self._file.read_text(encoding="utf-8"))
            self._rows = {key: Measured(**row) for key, row in rows.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            pass  # absent, cut off or not ours: measured again and replaced

    def of(self, candidate: Candidate) -> Measured | None:
        """What the candidate reached, if it was measured."""
        return self._rows.get(_key(candidate))

    def add(self, candidate: Candidate, measured: Measured) -> None:
        """Remember one more, on disk at once: an interrupted search goes on where it was."""
        self._rows[_key(candidate)] = measured
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle, part = tempfile.mkstemp(dir=self._file.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump({key: asdict(row) for key, row in self._rows.items()}, stream)
            Path(part).replace(self._file)
        except OSError as error:
            raise ToolError(
                f"cannot write to the cache folder {self._file.parent}; set TINYFL_CACHE to one you own"
            ) from error


def _key(candidate: Candidate) -> str:
    return " ".join(f"{ratio:g}" for ratio in candidate.ratios)
