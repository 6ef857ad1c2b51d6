"""The mean of each parameter without its largest and smallest fifth."""

from __future__ import annotations

import numpy as np

from coordinator.strategies.base import Strategy
from coordinator.strategies.integers import rounded_division
from tinyfl.types import IntArray


class TrimmedMean(Strategy):
    """Coordinate-wise trimmed mean; every device counts alike."""

    name = "trimmed-mean"

    def aggregate(self, deltas: IntArray, examples: IntArray, round: int) -> IntArray:
        """Sort each parameter over the devices and average the middle."""
        cut = len(deltas) // 5
        middle = np.sort(deltas, axis=0)[cut : len(deltas) - cut]
        return rounded_division(middle.sum(axis=0), len(middle))
