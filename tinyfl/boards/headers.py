"""Which headers a C source reaches, without running a preprocessor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*["<]([^">\n]+)[">]', re.MULTILINE)


def reached_headers(source: Path, include_dirs: Sequence[Path]) -> list[Path]:
    """Headers that ``source`` includes, directly or not, in the order met; those of the system are left out.

    Every ``#include`` of a literal name counts, also one that a condition switches off.
    """
    reached: list[Path] = []
    waiting = [source]
    while waiting:
        path = waiting.pop(0)
        for name in _INCLUDE.findall(path.read_bytes()):
            found = _resolve(name.decode(), (path.parent, *include_dirs))
            if found is not None and found not in reached:
                reached.append(found)
                waiting.append(found)
    return reached


def _resolve(name: str, folders: Sequence[Path]) -> Path | None:
    return next((path for folder in folders if (path := Path(folder) / name).is_file()), None)
