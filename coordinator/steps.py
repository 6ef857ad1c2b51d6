"""The step of each tensor's delta, 2**shift, chosen for the next round from the deltas of the last one."""

from __future__ import annotations

import numpy as np

from tinyfl.types import IntArray

MAX_SHIFT = 16
"""Above it no weight's delta would say anything: |d| <= 65024."""


def next_shifts(q: IntArray, tensors: tuple[int, ...], shifts: tuple[int, ...]) -> tuple[int, ...]:
    """Shifts whose steps are about twice the r.m.s. of what devices learn, with integers only.

    ``q`` int64 [devices, parameters] are the last round's deltas in units of their steps. They carry the residuals
    of earlier rounds, which makes them about 1.25 times as large as what was learned when the step is right, hence
    the power of two nearest to ``sqrt(2)`` times their r.m.s. A shift moves by one a round at most.
    """
    out = []
    for part, shift in zip(np.split(q, np.cumsum(tensors)[:-1], axis=1), shifts, strict=True):
        mean_square = (int((part**2).sum()) << 2 * shift) // max(1, part.size)
        wanted = (2 * mean_square).bit_length() // 2
        out.append(min(max(wanted, shift - 1, 0), shift + 1, MAX_SHIFT))
    return tuple(out)
