"""A flash whose power fails, the worst that NOR flash or a write-back cache in front of it may do then."""

from __future__ import annotations

import random

from device_lab import SECTOR, UNIT, Flash, PowerCut


class CachedFlash(Flash):
    """At the cut any of the last operations may not have happened, in any order, and any of them may be torn.

    A torn write has cleared some of the bits it was to clear; a torn erase has left any bytes in its sector. Only the
    operations since ``arm`` are in doubt, ``depth`` of them at most.
    """

    def __init__(self, size: int, seed: int, depth: int) -> None:
        super().__init__(size)
        self.random = random.Random(seed)
        self.depth = depth
        self.doubtful: list[tuple[int, bytes | None]] = []
        self.settled = bytearray(self.data)

    def arm(self, cut_at: int) -> None:
        """The power fails at that operation from now on, 1 being the next."""
        self.cut_at = cut_at
        self.settled = bytearray(self.data)
        self.doubtful = []

    def write(self, at: int, data: bytes) -> None:
        self._operate_or_die(at, data)
        super().write(at, data)

    def erase(self, sector: int) -> None:
        self._operate_or_die(sector * SECTOR, None)
        super().erase(sector)

    def _operate_or_die(self, at: int, data: bytes | None) -> None:
        """Keep the operation in mind; if it is the one the power fails at, decide what became of all of them."""
        if self.dead:
            raise PowerCut
        if self.cut_at is None:
            return
        self.doubtful.append((at, data))
        while len(self.doubtful) > self.depth:
            self._apply(*self.doubtful.pop(0), whole=True)
        if self.cut_at > 1:
            return
        self.random.shuffle(self.doubtful)
        for place, bits in self.doubtful:
            fate = self.random.randrange(3)
            if fate:
                self._apply(place, bits, whole=fate == 1)
        self.data[:] = self.settled
        self.cut_at, self.dead = None, True
        raise PowerCut

    def _apply(self, at: int, data: bytes | None, whole: bool) -> None:
        if data is None:
            left = b"\xff" * SECTOR if whole else self.random.randbytes(SECTOR)
            self.settled[at : at + SECTOR] = left
            return
        assert len(data) % UNIT == 0
        for i, byte in enumerate(data):
            kept = 0 if whole else self.random.randrange(256)
            self.settled[at + i] &= byte | kept
