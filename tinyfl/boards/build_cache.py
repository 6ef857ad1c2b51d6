"""Where built files are kept: one folder for all builds, its files named by what they were made from.

Files appear in it whole and stay as they are, so any number of processes may build at once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tinyfl.errors import ToolError


def cache_dir() -> Path:
    """Folder for what can be built again: ``$TINYFL_CACHE``, else ``tinyfl`` in the user's cache folder."""
    named = os.environ.get("TINYFL_CACHE")
    if named:
        return Path(named).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tinyfl"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tinyfl"


def cached(name: str) -> Path:
    """Path of a file in the cache, whose folder exists then; ToolError."""
    folder = cache_dir() / "build"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToolError(f"cannot write to the cache folder {folder}; set TINYFL_CACHE to one you own") from error
    return folder / name


def content_key(parts: Iterable[bytes]) -> str:
    """A name for what is made from exactly these parts in this order."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:32]


def unfinished(target: Path) -> Path:
    """A new empty file beside ``target``, to be renamed to it when it is whole."""
    handle, name = tempfile.mkstemp(prefix=target.stem, suffix=target.suffix, dir=target.parent)
    os.close(handle)
    return Path(name)


def keep(part: Path, target: Path) -> None:
    """Name the whole file ``part`` ``target`` too, unless another process was first.

    The first one stays: GCC's objects for optimisation at link time differ from build to build, and a linker that
    reads one twice must not find another.
    """
    try:
        os.link(part, target)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        os.replace(part, target)


def place(built: Path, output: Path) -> Path:
    """Copy ``built`` to ``output`` in one step; its folder is made."""
    output.parent.mkdir(parents=True, exist_ok=True)
    part = unfinished(output)
    try:
        shutil.copy(built, part)
        os.replace(part, output)
    finally:
        part.unlink(missing_ok=True)
    return output
