"""What the network and its users have read: English that ships with Python and the source of its packages."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyfl.errors import DataError

Bytes = npt.NDArray[np.uint8]


def english() -> Bytes:
    """The help texts of ``pydoc``, one after the other, in the order of their names (about 0.46 MB)."""
    from pydoc_data.topics import topics

    return _bytes("\n\n".join(topics[name] for name in sorted(topics)).encode())


def package(name: str) -> Bytes:
    """The source of a package of the standard library, its files in the order of their paths; tests left out."""
    folder = Path(sysconfig.get_paths()["stdlib"]) / name
    files = [f for f in sorted(folder.rglob("*.py")) if not {"test", "tests", "idle_test"} & set(f.parts)]
    if not files:
        raise DataError(f"this Python has no source of package {name}; name another one of its standard library")
    return _bytes(b"".join(f.read_bytes() for f in files))


def spread(text: Bytes, count: int, length: int, seed: int) -> Bytes:
    """``count`` windows [count, length] that do not overlap, at even distances and each a little off by chance."""
    stride = len(text) // count
    if stride < length:
        raise DataError(f"a text of {len(text)} bytes has no {count} windows of {length}; ask for fewer")
    starts = np.arange(count) * stride + np.random.default_rng(seed).integers(0, stride - length + 1, count)
    out: Bytes = text[starts[:, None] + np.arange(length)]
    return out


def halves(text: Bytes) -> tuple[Bytes, Bytes]:
    """The earlier half, to learn from, and the later one, to be judged on."""
    return text[: len(text) // 2], text[len(text) // 2 :]


def _bytes(text: bytes) -> Bytes:
    return np.frombuffer(text, np.uint8)
