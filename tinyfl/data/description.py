"""The optional ``dataset.toml`` in a user's folder: what the recordings do not say about themselves."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinyfl.errors import DataError

FILE_NAME = "dataset.toml"
KEYS = ("name", "rate_hz", "classes", "channels", "npz", "axes", "user", "arrays")
AXES = ("NTC", "NCT", "NC")
"""What the axes of an NPZ's ``X`` may be: windows, samples, channels; without T every window is one sample."""
ARRAYS = ("X", "y", "user", "side", "order", "rank")


@dataclass(frozen=True)
class Description:
    """What ``dataset.toml`` says; None where it is silent."""

    name: str
    rate_hz: float | None = None
    classes: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None
    npz: Path | None = None
    """The archive, when it is not the folder's ``data.npz``."""
    axes: str = "NTC"
    user: str | None = None
    """Whose all windows of an archive are."""
    arrays: Mapping[str, str] = field(default_factory=dict)
    """What the archive calls those of ``ARRAYS`` that have another name there."""


def read_description(folder: Path) -> Description:
    """Read the folder's ``dataset.toml``; without one, only the folder's own name is known."""
    path = folder / FILE_NAME
    if not path.exists():
        return Description(folder.resolve().name)
    try:
        with path.open("rb") as stream:
            table = tomllib.load(stream)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}): correct it or remove it") from error
    for key in table:
        if key not in KEYS:
            raise DataError(f"{path} has an unknown key {key!r}: use only {', '.join(KEYS)}")
    name = table.get("name", folder.resolve().name)
    if not isinstance(name, str) or not name:
        raise DataError(f"{path}: `name` is {name!r}, write it as a text in quotes")
    npz, axes, user = (_text(path, table, key) for key in ("npz", "axes", "user"))
    if axes not in (None, *AXES):
        raise DataError(f"{path}: `axes` is {axes!r}, choose {', '.join(AXES)}")
    return Description(
        name,
        _rate(path, table),
        _names(path, table, "classes"),
        _names(path, table, "channels"),
        None if npz is None else folder / npz,
        axes or "NTC",
        user,
        _arrays(path, table),
    )


def _text(path: Path, table: dict[str, Any], key: str) -> str | None:
    text = table.get(key)
    if text is not None and (not isinstance(text, str) or not text.strip()):
        raise DataError(f"{path}: `{key}` is {text!r}, write it as a text in quotes")
    return text


def _arrays(path: Path, table: dict[str, Any]) -> dict[str, str]:
    arrays = table.get("arrays", {})
    if not isinstance(arrays, dict) or not all(isinstance(name, str) for name in arrays.values()):
        raise DataError(f"{path}: `arrays` is {arrays!r}, write a table of names in quotes")
    for key in arrays:
        if key not in ARRAYS:
            raise DataError(f"{path}: `arrays` has an unknown key {key!r}: use only {', '.join(ARRAYS)}")
    return arrays


def _rate(path: Path, table: dict[str, Any]) -> float | None:
    rate = table.get("rate_hz")
    if rate is None:
        return None
    # A bool is an int to Python, but not a rate.
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < math.inf:
        raise DataError(f"{path}: `rate_hz` is {rate!r}, write the number of samples a second")
    return float(rate)


def _names(path: Path, table: dict[str, Any], key: str) -> tuple[str, ...] | None:
    names = table.get(key)
    if names is None:
        return None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise DataError(f'{path}: `{key}` is {names!r}, write a list of names such as ["a", "b"]')
    stripped = tuple(name.strip() for name in names)
    if len(set(stripped)) < len(stripped):
        raise DataError(f"{path}: `{key}` names one twice, write each once")
    return stripped
