"""What a data set is: labelled recordings of several wearers in time order, and the windows cut from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyfl.errors import DataError

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
StrArray = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Recording:
    """One uninterrupted stretch of one class, recorded on one wearer."""

    user: str
    side: str
    """Where on the wearer, such as "left"; empty when there is only one place."""
    label: int
    """Index into the data set's classes."""
    order: int
    """Number of the first sample on the clock of this user and side: later recordings have higher numbers."""
    samples: FloatArray
    """[T, C], in the data set's units."""

    @property
    def end(self) -> int:
        """Number of the first sample after this recording, on the same clock."""
        return self.order + len(self.samples)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Recordings that share channels, classes and rate; those of one user and side are in time order and disjoint.

    Raises ``DataError`` when the recordings do not fit that description.
    """

    name: str
    channels: tuple[str, ...]
    classes: tuple[str, ...]
    rate_hz: float | None
    """Samples a second; None when nobody said."""
    recordings: tuple[Recording, ...]

    def __post_init__(self) -> None:
        if not self.recordings:
            raise DataError(f"data set {self.name!r} has no labelled recording: add at least one")
        ends: dict[tuple[str, str], int] = {}
        for number, recording in enumerate(self.recordings):
            where = f"data set {self.name!r}, recording {number} (user {recording.user!r}, side {recording.side!r})"
            samples, clock = recording.samples, (recording.user, recording.side)
            if samples.dtype != np.float32 or samples.ndim != 2 or samples.shape[1] != len(self.channels):
                raise DataError(
                    f"{where} holds {samples.dtype} {list(samples.shape)}: "
                    f"give float32 samples of shape [T, {len(self.channels)}], one column a channel"
                )
            if not 0 <= recording.label < len(self.classes):
                raise DataError(f"{where} has label {recording.label}: use 0 to {len(self.classes) - 1}")
            if recording.order < ends.get(clock, recording.order):
                raise DataError(f"{where} starts before the one ahead of it ends: give disjoint ones in time order")
            ends[clock] = recording.end

    @property
    def users(self) -> tuple[str, ...]:
        """The wearers, in order of appearance."""
        return tuple(dict.fromkeys(recording.user for recording in self.recordings))

    @property
    def sides(self) -> tuple[str, ...]:
        """The places of wearing, in order of appearance."""
        return tuple(dict.fromkeys(recording.side for recording in self.recordings))

    def select(self, user: str | Iterable[str] | None = None, side: str | None = None) -> Dataset:
        """Keep the recordings of these users and this side; ``DataError`` for one the data set does not have."""
        users = self.users if user is None else _as_tuple(user)
        for kind, wanted, known in (("user", users, self.users), ("side", _as_tuple(side), self.sides)):
            for name in wanted:
                if name not in known:
                    raise DataError(f"data set {self.name!r} has no {kind} {name!r}: choose from {', '.join(known)}")
        kept = tuple(r for r in self.recordings if r.user in users and side in (None, r.side))
        return Dataset(self.name, self.channels, self.classes, self.rate_hz, kept)


@dataclass(frozen=True, eq=False)
class Windows:
    """N windows of equal length, the rows of all arrays in step."""

    x: FloatArray
    """[N, T, C]"""
    y: IntArray
    """[N], index into the data set's classes"""
    user: StrArray
    """[N]"""
    side: StrArray
    """[N]"""
    order: IntArray
    """[N], number of each window's first sample on the clock of its user and side"""

    def __len__(self) -> int:
        return len(self.y)

    @property
    def length(self) -> int:
        """Samples in a window, T."""
        return int(self.x.shape[1])

    def take(self, rows: npt.NDArray[np.bool_] | IntArray) -> Windows:
        """Keep the rows of a mask [N], or the rows with these indices, in that order."""
        return Windows(self.x[rows], self.y[rows], self.user[rows], self.side[rows], self.order[rows])

    def select(self, user: str | Iterable[str] | None = None, side: str | None = None) -> Windows:
        """Keep the windows of these users and this side; there may be none."""
        keep = np.ones(len(self), dtype=np.bool_)
        if user is not None:
            keep &= np.isin(self.user, _as_tuple(user))
        if side is not None:
            keep &= self.side == side
        return self.take(keep)


def windows(dataset: Dataset, length: int, hop: int) -> Windows:
    """Cut each recording into windows of ``length`` samples that start ``hop`` samples apart; a rest is left out.

    No window reaches from one recording into the next. Raises ``DataError`` when no recording is long enough.
    """
    if length < 1 or hop < 1:
        raise DataError(f"windows of {length} samples every {hop} cannot be cut: give both as at least 1")
    longest = max(len(recording.samples) for recording in dataset.recordings)
    if longest < length:
        raise DataError(
            f"data set {dataset.name!r} has no recording of {length} samples: choose windows of at most {longest}"
        )
    pieces = [r for r in dataset.recordings if len(r.samples) >= length]
    starts = [np.arange(0, len(r.samples) - length + 1, hop, dtype=np.int64) for r in pieces]
    counts = [len(s) for s in starts]
    views = [
        np.lib.stride_tricks.sliding_window_view(r.samples, length, axis=0)[::hop].transpose(0, 2, 1) for r in pieces
    ]
    return Windows(
        x=np.ascontiguousarray(np.concatenate(views)),
        y=np.repeat(np.array([r.label for r in pieces], dtype=np.int64), counts),
        user=np.repeat(np.array([r.user for r in pieces], dtype=np.str_), counts),
        side=np.repeat(np.array([r.side for r in pieces], dtype=np.str_), counts),
        order=np.concatenate([s + r.order for s, r in zip(starts, pieces, strict=True)]),
    )


def _as_tuple(names: str | Iterable[str] | None) -> tuple[str, ...]:
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(names)
