"""The recordings file of an emulated device: what its sensor and wearer will say (docs/SPEC.md)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tinyfl.errors import DataError

_MAGIC = b"TFRC"
_VERSION = 1
_SETS = 4
_Kind = TypeVar("_Kind", np.int8, np.uint16)
_HEADER = struct.Struct(f"<4sHHI{_SETS}I")


@dataclass(frozen=True)
class LabelledWindows:
    """Windows in the model's int8 input with the class of each and the round in which its label arrives."""

    inputs: npt.NDArray[np.int8]
    """[count, input_bytes]"""
    labels: npt.NDArray[np.uint16]
    """[count]"""
    rounds: npt.NDArray[np.uint16]
    """[count]; 0 for windows that are not the wearer's"""

    def __post_init__(self) -> None:
        if self.inputs.ndim != 2 or not len(self.inputs) == len(self.labels) == len(self.rounds):
            raise ValueError("inputs are [count, input_bytes], labels and rounds [count]")

    def __len__(self) -> int:
        return len(self.labels)


def labelled(inputs: npt.ArrayLike, labels: npt.ArrayLike, rounds: npt.ArrayLike = 0) -> LabelledWindows:
    """Bring windows of any integer type and shape [count, ...] into :class:`LabelledWindows`.

    Raises ``ValueError`` for an input outside int8, or a label or round outside uint16.
    """
    x = np.asarray(inputs)
    count = len(x)
    flat = _exactly(x.reshape(count, -1) if count else np.empty((0, int(np.prod(x.shape[1:]))), np.int8), np.int8)
    classes = _exactly(np.asarray(labels).reshape(count), np.uint16)
    return LabelledWindows(flat, classes, _exactly(np.broadcast_to(np.asarray(rounds), (count,)), np.uint16))


@dataclass(frozen=True)
class Recordings:
    """All an emulated device will ever see; every set has the same number of input bytes."""

    wearer: LabelledWindows
    """labelled by the wearer, each from its round (1 or later) on"""
    test: LabelledWindows
    """evaluation set 1: the device as it is worn now"""
    old_test: LabelledWindows
    """evaluation set 2: as it was worn before"""
    factory: LabelledWindows
    """shipped in the device's store"""

    @property
    def sets(self) -> tuple[LabelledWindows, ...]:
        """The sets in the order of their numbers."""
        return (self.wearer, self.test, self.old_test, self.factory)


def write_recordings(recordings: Recordings, path: Path) -> None:
    """Write the file; ``ValueError`` if the sets differ in input bytes or a wearer's window has round 0."""
    sizes = {windows.inputs.shape[1] for windows in recordings.sets}
    if len(sizes) != 1:
        raise ValueError(f"windows of different sizes in one device's recordings: {sorted(sizes)}")
    if len(recordings.wearer) and recordings.wearer.rounds.min() == 0:
        raise ValueError("a label of the wearer arrives in round 1 or later")
    (input_bytes,) = sizes
    with path.open("wb") as file:
        file.write(_HEADER.pack(_MAGIC, _VERSION, _SETS, input_bytes, *map(len, recordings.sets)))
        for windows in recordings.sets:
            records = np.empty(len(windows), _record(input_bytes))
            records["label"], records["round"], records["x"] = windows.labels, windows.rounds, windows.inputs
            file.write(records.tobytes())


def read_recordings(path: Path) -> Recordings:
    """Read the file; ``DataError`` naming it when it cannot be read or is none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read the recordings {path}: {error.strerror}.") from error
    if len(data) < _HEADER.size or data[:4] != _MAGIC:
        raise DataError(f"{path} is no recordings file; write it again.")
    _, version, sets, input_bytes, *counts = _HEADER.unpack_from(data)
    record = _record(input_bytes)
    if (version, sets) != (_VERSION, _SETS) or len(data) != _HEADER.size + sum(counts) * record.itemsize:
        raise DataError(f"{path} is damaged or of another version; write it again.")
    records = np.frombuffer(data, record, offset=_HEADER.size)
    parts = np.split(records, np.cumsum(counts)[:-1])
    return Recordings(*(LabelledWindows(p["x"].copy(), p["label"].copy(), p["round"].copy()) for p in parts))


def _record(input_bytes: int) -> np.dtype[np.void]:
    return np.dtype([("label", "<u2"), ("round", "<u2"), ("x", "i1", (input_bytes,))])


def _exactly(values: npt.NDArray[Any], kind: type[_Kind]) -> npt.NDArray[_Kind]:
    converted = values.astype(kind)
    if not np.array_equal(converted, values):
        raise ValueError(f"a value does not fit {np.dtype(kind).name}")
    return converted
