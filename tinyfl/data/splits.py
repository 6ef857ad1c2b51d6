"""Who and what is for learning and for judging, split so that no sample is on both sides."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from tinyfl.data.dataset import Dataset, IntArray, Windows
from tinyfl.errors import DataError


def split_users(
    dataset: Dataset, pretrain: int, seed: int, wearers: Sequence[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split the users into ``pretrain`` for the factory model and those who wear the devices.

    The latter are the ``wearers``, or where there are none all who are left. The same seed chooses the same users on
    every machine, and a larger ``pretrain`` only adds to the smaller one's.
    """
    named = dataset.select(wearers).users if wearers else ()
    users = tuple(user for user in dataset.users if user not in named)
    if named:
        if not 1 <= pretrain <= len(users):
            raise DataError(
                f"data set {dataset.name!r} has {len(users)} users beside the wearers, not {pretrain} to pretrain on: "
                "name fewer wearers, or pretrain on fewer"
            )
        return _drawn(users, pretrain, seed), named
    if not 1 <= pretrain < len(users):
        raise DataError(
            f"data set {dataset.name!r} has {len(users)} users, not {pretrain} to pretrain on and one to wear a "
            f"device: choose 1 to {len(users) - 1}"
            if len(users) > 1
            else f"data set {dataset.name!r} has one user: add a second one, or skip pretraining"
        )
    drawn = _drawn(users, pretrain, seed)
    return drawn, tuple(u for u in users if u not in drawn)


def _drawn(users: Sequence[str], count: int, seed: int) -> tuple[str, ...]:
    # A digest, since NumPy does not promise that a generator's stream stays the same between versions.
    drawn = sorted(users, key=lambda user: hashlib.sha256(f"{seed}/{user}".encode()).digest())[:count]
    return tuple(u for u in users if u in drawn)


def split_in_time(windows: Windows, fraction: float = 0.5) -> tuple[Windows, Windows]:
    """Split into the earlier windows, to learn from, and the later ones, to judge by.

    Each user, side and class is cut where ``fraction`` of its windows have begun. Windows that reach over the cut
    are dropped, so that no sample is in both parts.
    """
    if not 0 < fraction < 1:
        raise DataError(f"a fraction of {fraction} leaves one part empty: choose one between 0 and 1")
    learn = np.zeros(len(windows), dtype=np.bool_)
    judge = np.zeros(len(windows), dtype=np.bool_)
    for rows in _groups(windows):
        order = windows.order[rows]
        cut = order[int(len(rows) * fraction)]
        learn[rows] = order + windows.length <= cut
        judge[rows] = order >= cut
    return windows.take(learn), windows.take(judge)


def labelled(windows: Windows, per_class: int) -> Windows:
    """Return the windows a wearer labels: the first ``per_class`` of each user, side and class, or all if fewer.

    The set for a smaller ``per_class`` is part of the set for a larger one.
    """
    if per_class < 1:
        raise DataError(f"{per_class} labels a class teach nothing: choose at least 1")
    keep = np.zeros(len(windows), dtype=np.bool_)
    for rows in _groups(windows):
        keep[rows[:per_class]] = True
    return windows.take(keep)


def _groups(windows: Windows) -> Iterator[IntArray]:
    """Yield the row numbers of each user, side and class, earliest first."""
    if not len(windows):
        return
    rows = np.lexsort((windows.order, windows.y, windows.side, windows.user)).astype(np.int64)
    new_group = np.zeros(len(rows) - 1, dtype=np.bool_)
    for key in (windows.user[rows], windows.side[rows], windows.y[rows]):
        new_group |= key[1:] != key[:-1]
    yield from np.split(rows, np.flatnonzero(new_group) + 1)
