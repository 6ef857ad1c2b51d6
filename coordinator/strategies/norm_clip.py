"""The mean of deltas none of which may be longer than the median one: the sound default among strangers.

A device that saturates its update gains nothing by it; one that is a little wrong in every weight still passes.
"""

from __future__ import annotations

import numpy as np

from coordinator.strategies.base import Strategy
from coordinator.strategies.integers import norms, rounded_division, weighted_mean
from tinyfl.types import IntArray


class NormClip(Strategy):
    """Averaging after each delta has been shortened to the median norm of the round."""

    name = "norm-clip"

    def aggregate(self, deltas: IntArray, examples: IntArray, round: int) -> IntArray:
        """Shorten, then average by windows."""
        lengths = norms(deltas)
        limit = int(np.sort(lengths)[(len(lengths) - 1) // 2])
        clipped = [
            rounded_division(row.astype(object) * limit, int(length)).astype(np.int64) if length > limit else row
            for row, length in zip(deltas, lengths, strict=True)
        ]
        return weighted_mean(np.stack(clipped), examples)
