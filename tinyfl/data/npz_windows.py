"""One NPZ archive of ready-cut windows as a data set."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyfl.data.dataset import Dataset, FloatArray, Recording
from tinyfl.data.description import Description
from tinyfl.data.natural import natural_key
from tinyfl.errors import DataError

AnyArray = npt.NDArray[Any]
_SHAPES = {
    "NTC": "[windows, samples, channels]",
    "NCT": "[windows, channels, samples]",
    "NC": "[windows, channels]",
}
OPTIONAL = ("side", "order", "rank")


def load_npz(path: Path, description: Description) -> Dataset:
    """Read the arrays X [N, T, C], y [N], user [N] and, where present, side [N] and order [N] of ``path``.

    Each window is a recording of its own. Without ``order`` they count as recorded one after the other by ``rank`` [N],
    those of one rank, or all where there is none, as they stand.
    """
    arrays = _read(path, description)
    samples = _samples(path, arrays["X"], description.axes)
    count, length, width = samples.shape
    for key, array in arrays.items():
        if key != "X" and array.shape != (count,):
            raise DataError(f"{path}: {key!r} has shape {list(array.shape)}, give one entry a window: [{count}]")
    channels = description.channels or tuple(f"channel {i}" for i in range(width))
    if len(channels) != width:
        raise DataError(f"{path}: 'X' has {width} channels but dataset.toml names {len(channels)}: make them equal")
    classes, labels = _labels(path, arrays["y"], description.classes)
    users = _names(path, "user", arrays["user"]) if description.user is None else [description.user] * count
    sides = _names(path, "side", arrays["side"]) if "side" in arrays else [""] * count
    if "order" in arrays:
        orders = _whole(path, "order", arrays["order"])
    else:
        ranks = _whole(path, "rank", arrays["rank"]) if "rank" in arrays else [0] * count
        orders = _one_after_the_other(users, sides, ranks, length)

    rows = sorted(range(count), key=lambda i: (natural_key(users[i]), natural_key(sides[i]), orders[i]))
    for before, after in pairwise(rows):
        same_clock = (users[before], sides[before]) == (users[after], sides[after])
        if same_clock and orders[after] - orders[before] < length:
            raise DataError(
                f"{path}: windows {before} and {after} of user {users[before]!r} overlap in time: make 'order' the "
                f"number of each window's first sample, at least {length} apart (a plain counter times {length} does)"
            )
    recordings = tuple(Recording(users[i], sides[i], labels[i], orders[i], samples[i]) for i in rows)
    return Dataset(description.name, channels, classes, description.rate_hz, recordings)


def _read(path: Path, description: Description) -> dict[str, AnyArray]:
    required = ("X", "y") if description.user is not None else ("X", "y", "user")
    names = {key: description.arrays.get(key, key) for key in (*required, *OPTIONAL)}
    try:
        # Objects in an array are a pickle, which could run anything: never allow them.
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("it is a single array")
        with archive:
            arrays = {key: archive[name] for key, name in names.items() if name in archive}
    except Exception as error:  # a damaged archive can raise almost anything, over several lines
        reason = " ".join(str(error).split())
        raise DataError(f"{path} is not an archive of plain arrays ({reason}): save it with numpy.savez") from error
    for key, name in names.items():
        if key not in arrays and (key in required or key in description.arrays):
            raise DataError(f"{path} has no array {name!r}: add it, docs/data.md says what it holds")
    return arrays


def _samples(path: Path, x: AnyArray, axes: str) -> FloatArray:
    """Return X as float32 [N, T, C], checked."""
    if x.dtype.kind not in "fiu":
        raise DataError(f"{path}: 'X' holds {x.dtype}, give it numbers")
    if x.ndim != len(axes) or 0 in x.shape:
        raise DataError(f"{path}: 'X' has shape {list(x.shape)}, make it {_SHAPES[axes]}, none empty")
    if axes == "NCT":
        x = x.transpose(0, 2, 1)
    elif axes == "NC":
        x = x[:, None]
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is reported just below
        samples = x.astype(np.float32)
    for window, sample, channel in np.argwhere(~np.isfinite(samples))[:1]:
        cell = x[window, sample, channel]
        raise DataError(
            f"{path}: 'X' at window {window}, sample {sample}, channel {channel} is {cell}: "
            "give a finite number within float32, or remove the window"
        )
    return samples


def _labels(path: Path, y: AnyArray, classes: tuple[str, ...] | None) -> tuple[tuple[str, ...], list[int]]:
    """Return the classes and each window's index into them; whole numbers are indices where classes are declared."""
    given = _names(path, "y", y)
    if classes is None:
        classes = tuple(sorted(set(given), key=natural_key))
        known = classes
    else:
        known = classes if y.dtype.kind == "U" else tuple(str(i) for i in range(len(classes)))
    index = {name: i for i, name in enumerate(known)}
    for window, label in enumerate(given):
        if label not in index:
            raise DataError(f"{path}: 'y' of window {window} is the unknown label {label!r}: use {', '.join(known)}")
    return classes, [index[label] for label in given]


def _names(path: Path, key: str, array: AnyArray) -> list[str]:
    if array.dtype.kind not in "iuU":
        raise DataError(f"{path}: {key!r} holds {array.dtype}, give it whole numbers or texts")
    return [str(name) for name in array.tolist()]


def _whole(path: Path, key: str, array: AnyArray) -> list[int]:
    if array.dtype.kind not in "iu":
        raise DataError(f"{path}: {key!r} holds {array.dtype}, give it whole numbers")
    return [int(number) for number in array.tolist()]


def _one_after_the_other(users: list[str], sides: list[str], ranks: list[int], length: int) -> list[int]:
    clocks: dict[tuple[str, str], int] = {}
    orders = [0] * len(ranks)
    for i in sorted(range(len(ranks)), key=ranks.__getitem__):  # stable: equal ranks as they stand
        clock = users[i], sides[i]
        orders[i] = clocks.get(clock, 0)
        clocks[clock] = orders[i] + length
    return orders
