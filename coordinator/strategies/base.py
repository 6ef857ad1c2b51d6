"""What a strategy is: how the deltas of many devices become one step of the shared model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tinyfl.errors import ScenarioError
from tinyfl.types import IntArray


class Strategy(ABC):
    """Base of every strategy; see docs/adding-a-strategy.md.

    ``memory`` holds arrays that must survive a restart of the coordinator (momentum, say): it is written with each
    round's checkpoint and given back on resuming. Anything else a strategy keeps on itself is lost.
    """

    name: ClassVar[str] = ""
    memory: dict[str, npt.NDArray[Any]]

    def __init__(self) -> None:
        self.memory = {}

    @abstractmethod
    def aggregate(self, deltas: IntArray, examples: IntArray, round: int) -> IntArray:
        """The step of the shared model, int [parameters].

        ``deltas`` int64 [devices, parameters] are what each device learned, one device a row in order of their names,
        1 or more rows; weights in 1/256 of an int8 step, biases in units of the bias. ``examples`` int64 [devices] are
        the windows each learned from. ``round`` counts from 1. Use integers only, or the run depends on the machine.
        """


def aggregate(strategy: Strategy, deltas: IntArray, examples: IntArray, round_number: int) -> IntArray:
    """Ask a strategy and check what it says; int64 [parameters]. Raises ScenarioError naming the strategy."""
    name = vars(type(strategy)).get("name") or type(strategy).__name__
    try:
        step = strategy.aggregate(deltas.copy(), examples.copy(), round_number)
    except Exception as error:
        raise ScenarioError(
            f"strategy {name} failed in round {round_number}: {type(error).__name__}: {error}; correct its aggregate()"
        ) from error
    for key, value in strategy.memory.items():
        if not isinstance(value, np.ndarray) or value.dtype.hasobject:
            raise ScenarioError(
                f"strategy {name} keeps {type(value).__name__} in memory[{key!r}]; keep arrays of numbers"
            )
    expected = deltas.shape[1:]
    if not isinstance(step, np.ndarray) or step.dtype.kind not in "iu":
        kind = step.dtype if isinstance(step, np.ndarray) else type(step).__name__
        raise ScenarioError(f"strategy {name} returned {kind} in round {round_number}; return an array of integers")
    if step.shape != expected:
        raise ScenarioError(
            f"strategy {name} returned shape {step.shape} in round {round_number}; one value a parameter, {expected}, "
            "is needed"
        )
    return step.astype(np.int64)
