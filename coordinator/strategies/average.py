"""The mean of the deltas, each weighted by the windows its device learned from (NUMERICS section 9)."""

from __future__ import annotations

from coordinator.strategies.base import Strategy
from coordinator.strategies.integers import weighted_mean
from tinyfl.types import IntArray


class Average(Strategy):
    """Federated averaging."""

    name = "average"

    def aggregate(self, deltas: IntArray, examples: IntArray, round: int) -> IntArray:
        """Every device counts by its windows."""
        return weighted_mean(deltas, examples)
